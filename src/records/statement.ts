/** The one statement that reads records: keyed by `uscc`, so that it goes only to the shards that hold the enterprises. */
import type { Postgres, Statement } from '../postgres.js';
import { IDENTITY, type Line, type Wanted } from './fact.js';
import type { Look } from './generations.js';
import type { Replica } from './replica.js';

/** Where records lie. The replica is asked first; what it does not answer, the primary does. */
export interface Stores {
  readonly primary: Postgres;
  readonly replica: Replica | null;
}

/** Times in ms: read as numbers they cost a fraction of what dates do. */
const inMs = (column: string) => `floor(extract(epoch from ${column}) * 1000)::bigint as ${column}`;
const COLUMNS = `uscc, category, payload, ${inMs('data_time')}, ${inMs('received_at')}, delivery, version`;
/** Every wanted enterprise in every wanted category. */
const ALL_OF_ALL = `select ${COLUMNS} from record where uscc = any($1) and category = any($2)`;
/** Enterprises that want different categories: the pairs keep out what nobody may fetch. */
const PAIRS = `${ALL_OF_ALL} and (uscc, category) in (select * from unnest($3::text[], $4::smallint[]))`;
const NAMES = (parameter: number) =>
  ` union all select uscc, 0::smallint, json_build_object('name', name)::text, 0, 0, 0, 0 from enterprise where uscc = any($${parameter})`;

interface FetchedRow {
  uscc: string;
  category: number;
  payload: string;
  data_time: number;
  received_at: number;
  delivery: number;
  version: number;
}

/** Fetches what is wanted, in one statement; what has no row is not in the answer. Keys are made by `keyOf`. @throws Fault ZONE_UNAVAILABLE */
export async function fetchLines({ primary, replica }: Stores, look: Look, wanted: readonly Wanted[]): Promise<Map<string, Line>> {
  const statement = statementOf(look, wanted);
  const replicated = await replica?.read<FetchedRow>(statement, look, new Set(wanted.map(({ category }) => category)));
  const rows = replicated ?? (await primary.query<FetchedRow>(statement));
  return new Map(
    rows.map(({ uscc, category, payload, data_time, received_at, delivery, version }) => [
      keyOf(uscc, category),
      { payload, dataTime: data_time, receivedAt: received_at, delivery, version },
    ]),
  );
}

function statementOf(look: Look, wanted: readonly Wanted[]): Statement {
  const named = wanted.filter(({ category }) => category === IDENTITY);
  const recorded = wanted.filter(({ category }) => category !== IDENTITY);
  const usccs = [...new Set(recorded.map(({ uscc }) => uscc))];
  const categories = [...new Set(recorded.map(({ category }) => look.idOf(category)))];
  const values: unknown[] = [usccs, categories];
  let name = 'records';
  let text = ALL_OF_ALL;
  if (recorded.length < usccs.length * categories.length) {
    values.push(
      recorded.map(({ uscc }) => uscc),
      recorded.map(({ category }) => look.idOf(category)),
    );
    name += ' of pairs';
    text = PAIRS;
  }
  if (named.length > 0) {
    values.push(named.map(({ uscc }) => uscc));
    name += ' with names';
    text += NAMES(values.length);
  }
  return { name, text, values };
}

export function keyOf(uscc: string, categoryId: number): string {
  return `${uscc} ${categoryId}`;
}
