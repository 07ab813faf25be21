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
/** How many of a gram are counted, in the index alone, to find the rarest: a millisecond's work, and more than these is frequent. */
const ENOUGH = 10_000;
/** Which of several grams the fewest names have. */
const RAREST = `(select gram from unnest($1::text[]) as typed (gram)
  order by (select count(*) from (select from enterprise_gram counted where counted.gram = typed.gram limit ${ENOUGH}) as few) limit 1)`;
/**
 * One gram leads through its enterprises in the order of their codes, as the index has them, so that a page ends where it is full,
 * however many more there are; the position test keeps those that hold the name as it was typed.
 */
const searchBy = (gram: string) => `
select e.uscc, e.name, e.division, e.industry from enterprise_gram held join enterprise e on e.uscc = held.uscc
where held.gram = ${gram} and held.uscc > $3 and held.uscc not like '92%'
  and position($2 in regexp_replace(upper(normalize(e.name, NFKC)), '\\s', '', 'g')) > 0
  and ($4::text is null or e.division = $4) and ($5::text[] is null or e.industry = any($5))
order by held.uscc limit $6`;
const BY_ONE = searchBy('($1::text[])[1]');
const BY_RAREST = searchBy(RAREST);

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
      const cut = gramsOf(typed);
      const pairs = cut.filter((gram) => [...gram].length === 2);
      const grams = pairs.length > 0 ? pairs : cut;
      const entries = await find({
        ...(grams.length === 1 ? { name: 'directory', text: BY_ONE } : { name: 'directory by rarest', text: BY_RAREST }),
        values: [grams, typed, after ?? '', division, industries, first + 1],
      });
      return { entries: entries.slice(0, first), hasNextPage: entries.length > first };
    },
  };
}
