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

/** A line and what it is of. */
export interface FetchedLine extends Line {
  readonly uscc: string;
  /** Short number of the category; 0 for the identity. */
  readonly category: number;
}

/** Times in ms: read as numbers they cost a fraction of what dates do. */
const inMs = (column: string, name: string) => `floor(extract(epoch from ${column}) * 1000)::bigint as "${name}"`;
const WHOLE = 'payload';
/** So many characters of each category, all where that is null: what is compressed is decompressed no further. */
const front = (parameter: number) => `coalesce(left(payload, ($${parameter}::int[])[array_position($2::smallint[], category)]), payload) as payload`;
/** Every wanted enterprise in every wanted category. */
const allOfAll = (payload: string) =>
  `select uscc, category, ${payload}, ${inMs('data_time', 'dataTime')}, ${inMs('received_at', 'receivedAt')}, delivery, version
  from record where uscc = any($1) and category = any($2)`;
/** Enterprises that want different categories: the pairs keep out what nobody may fetch. */
const PAIRS = ' and (uscc, category) in (select * from unnest($3::text[], $4::smallint[]))';
const names = (parameter: number) =>
  ` union all select uscc, 0::smallint, json_build_object('name', name)::text, 0, 0, 0, 0 from enterprise where uscc = any($${parameter})`;

/** Characters of the payload that are wanted from its front, by category; all of it where none are told. */
export type Characters = ReadonlyMap<Wanted['category'], number>;
const ALL: Characters = new Map();

/** Fetches what is wanted, each once, in one statement and in no order; what has no row is not in the answer. @throws Fault ZONE_UNAVAILABLE */
export async function fetchLines({ primary, replica }: Stores, look: Look, wanted: readonly Wanted[], characters = ALL): Promise<FetchedLine[]> {
  const statement = statementOf(look, wanted, characters);
  const replicated = await replica?.read<Fetched>(statement, look, new Set(wanted.map(({ category }) => category)));
  return replicated ?? (await primary.query<Fetched>(statement));
}
type Fetched = { [Name in keyof FetchedLine]: FetchedLine[Name] };

function statementOf(look: Look, wanted: readonly Wanted[], characters: Characters): Statement {
  const named = wanted.filter(({ category }) => category === IDENTITY);
  const recorded = wanted.filter(({ category }) => category !== IDENTITY);
  const usccs = [...new Set(recorded.map(({ uscc }) => uscc))];
  const categories = [...new Set(recorded.map(({ category }) => category))];
  const values: unknown[] = [usccs, categories.map(look.idOf)];
  const inPairs = recorded.length < usccs.length * categories.length;
  if (inPairs) {
    values.push(
      recorded.map(({ uscc }) => uscc),
      recorded.map(({ category }) => look.idOf(category)),
    );
  }
  if (characters.size > 0) values.push(categories.map((category) => characters.get(category) ?? null));
  let text = allOfAll(characters.size > 0 ? front(values.length) : WHOLE) + (inPairs ? PAIRS : '');
  let name = `records${inPairs ? ' of pairs' : ''}${characters.size > 0 ? ' in front' : ''}`;
  if (named.length > 0) {
    values.push(named.map(({ uscc }) => uscc));
    name += ' with names';
    text += names(values.length);
  }
  return { name, text, values };
}

export function keyOf(uscc: string, categoryId: number): string {
  return `${uscc} ${categoryId}`;
}
