/**
 * The directory of enterprises: a search by name, division and industry, all of grade 1, answered from an index of its
 * own. Individuals' businesses are left out: their names are personal data, and a search states no purpose.
 */
import type { DirectoryPermit } from '../access/decide.js';
import { gramsOf } from '../catalogue/grams.js';
import { Fault } from '../faults.js';
import type { Statement } from '../postgres.js';
import type { Uscc } from '../terms.js';
import { IDENTITY } from './fact.js';
import type { Generations } from './generations.js';
import type { Stores } from './statement.js';

export interface DirectoryQuery {
  /** Any part of the name, one character at least. */
  readonly name: string;
  readonly division: string | null;
  /** GB/T 4754 code: a section (letter) or a division (two digits). */
  readonly industries: readonly string[] | null;
  /** 1 to 100. */
  readonly first: number;
  readonly after: string | null;
}
export interface DirectoryEntry {
  readonly uscc: Uscc;
  readonly name: string;
  readonly division: string | null;
  readonly industry: string | null;
}
export interface DirectoryPage {
  readonly entries: readonly DirectoryEntry[];
  readonly hasNextPage: boolean;
}

export interface Directory {
  /** Entries in the order of their codes. @throws Fault INVALID_PAGE, BAD_USER_INPUT, ZONE_UNAVAILABLE */
  search(permit: DirectoryPermit, query: DirectoryQuery): Promise<DirectoryPage>;
}

const LONGEST_NAME = 100;
/** Indexed grams find the candidates; the position test keeps those that hold the name as it was typed. */
const SEARCH = `
select uscc, name, division, industry from enterprise
where grams @> $1 and position($2 in regexp_replace(upper(normalize(name, NFKC)), '\\s', '', 'g')) > 0 and uscc > $3 and uscc not like '92%'
  and ($4::text is null or division = $4) and ($5::text[] is null or industry = any($5))
order by uscc limit $6`;

type Found = DirectoryEntry & { uscc: Uscc };

export function openDirectory({ stores: { primary, replica }, generations }: { stores: Stores; generations: Generations }): Directory {
  async function find(statement: Statement): Promise<Found[]> {
    const replicated = replica && (await replica.read<Found>(statement, await generations.current(), [IDENTITY]));
    return replicated?.sort((left, right) => (left.uscc < right.uscc ? -1 : 1)) ?? primary.query<Found>(statement);
  }
  return {
    async search(permit, { name, division, industries, first, after }) {
      // Reading the permit's private field is what refuses a look-alike.
      void permit.institution;
      const typed = name.normalize('NFKC').toUpperCase().replace(/\s+/g, '');
      if (typed === '' || typed.length > LONGEST_NAME || /[\p{Cc}\p{Cs}]/u.test(typed))
        throw new Fault('BAD_USER_INPUT', { detail: `name: 1 - ${LONGEST_NAME} characters` });
      if (division !== null && !/^\d{6}$/.test(division)) throw new Fault('BAD_USER_INPUT', { detail: 'division: six digits, GB/T 2260' });
      if (!Number.isInteger(first) || first < 1 || first > 100) throw new Fault('INVALID_PAGE');
      if (after !== null && !/^[0-9A-Z]{18}$/.test(after)) throw new Fault('INVALID_PAGE');
      const grams = gramsOf(typed).filter((gram) => typed.length === 1 || [...gram].length === 2);
      const entries = await find({
        name: 'directory',
        text: SEARCH,
        values: [grams, typed, after ?? '', division, industries, first + 1],
      });
      return { entries: entries.slice(0, first), hasNextPage: entries.length > first };
    },
  };
}
