/**
 * Who uses what, kept while entries are put into the tree: counts by day, institution, purpose and shape, which is what came
 * out of one enterprise in one answer. Promises: it equals a recount of the entries in the tree, whenever it is looked at.
 *
 * What counts: reads of institutions that were answered. An answer that was thrown away counts as if it had never been, from
 * the moment its successor stands in the tree: nobody got it. Codes of which the zone holds no enterprise count nowhere.
 */
import { createHash } from 'node:crypto';
import { dayInBeijing } from '../beijing.js';
import type { Client } from '../postgres.js';
import { rest } from '../rest.js';
import type { AuditEntry, CategoryOutcome, ConsentUse, ReadEntry } from './entry.js';
import { groupText } from './groupText.js';
import type { IntegratedEntry, Integration } from './sequencer.js';

/** One thing that came out of an enterprise; `item` is empty where nothing but the provenance was asked. */
interface Told {
  readonly category: string;
  readonly item: string;
  /** CLEAR, MASKED, or a reason. */
  readonly outcome: string;
}
interface Shape {
  readonly id: string;
  readonly told: readonly Told[];
}
type Key = readonly (string | number)[];
interface Tally {
  readonly key: Key;
  readonly counts: number[];
}
/** What a batch adds to each table, by the key of the row. */
interface Sums {
  readonly shapes: Map<string, Shape>;
  /** The shapes met, by what entries say of them: most say the same as one before. */
  readonly met: Map<string, Shape>;
  readonly counts: Map<string, Tally>;
  readonly enterprises: Map<string, Tally>;
  readonly requests: Map<string, Tally>;
  readonly consents: Map<string, Tally>;
}

/** Entries of the batch or before it that were thrown away, each with the first entry that says so. */
const THROWN_AWAY = `
select thrown.entry as text
from unnest($1::text[], $2::bigint[]) as successor (id, sequence) join audit_entry thrown on thrown.id = successor.id
where thrown.sequence < successor.sequence and not exists (
  select from audit_entry other
  where other.entry like '%"supersedes":"%' and substring(other.entry from '"supersedes":"([0-9a-f-]{36})"') = thrown.id
    and other.sequence < successor.sequence and other.sequence > thrown.sequence)`;
const MISSING_SHAPES = `
select shape from unnest(string_to_array($1, ',')::uuid[]) as shape where not exists (select from usage_shape known where known.shape = shape.shape)`;
const ADD_SHAPES = 'insert into usage_shape select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) on conflict do nothing';
const ADD_COUNTS = `
insert into usage_count as kept select * from unnest(string_to_array($1, ',')::date[], string_to_array($2, ','), string_to_array($3, ','), string_to_array($4, ',')::uuid[], string_to_array($5, ',')::bigint[])
on conflict (day, institution, purpose, shape) do update set times = kept.times + excluded.times`;
const ADD_ENTERPRISES = `
insert into usage_enterprise as kept select * from unnest(string_to_array($1, ','), string_to_array($2, ',')::date[], string_to_array($3, ','), string_to_array($4, ','), string_to_array($5, ',')::uuid[], string_to_array($6, ',')::int[])
on conflict (uscc, day, institution, purpose, shape) do update set times = kept.times + excluded.times`;
const ADD_REQUESTS = `
insert into usage_request as kept
select * from unnest(string_to_array($1, ',')::date[], string_to_array($2, ','), string_to_array($3, ','), string_to_array($4, ',')::bigint[], string_to_array($5, ',')::bigint[], string_to_array($6, ',')::bigint[], string_to_array($7, ',')::bigint[], string_to_array($8, ',')::bigint[], string_to_array($9, ',')::bigint[])
on conflict (day, institution, purpose, policy_version) do update set requests = kept.requests + excluded.requests,
  refused = kept.refused + excluded.refused, memory = kept.memory + excluded.memory, redis = kept.redis + excluded.redis,
  postgres = kept.postgres + excluded.postgres`;
const ADD_CONSENTS = `
insert into usage_consent as kept select * from unnest(string_to_array($1, ','), string_to_array($2, ','), string_to_array($3, ',')::date[], string_to_array($4, ','), string_to_array($5, ','), string_to_array($6, ',')::int[])
on conflict (uscc, consent, day, institution, purpose) do update set times = kept.times + excluded.times`;

/** Entries between two rests of the thread. */
const REST_AFTER = 50;

export function openUsage(): Integration {
  return {
    async integrate(client, entries) {
      const sums: Sums = { shapes: new Map(), met: new Map(), counts: new Map(), enterprises: new Map(), requests: new Map(), consents: new Map() };
      let position = 0;
      for (const { entry } of entries) {
        add(sums, entry, 1);
        if (++position % REST_AFTER === 0) await rest();
      }
      for (const entry of await thrownAway(client, entries)) add(sums, entry, -1);
      await addShapes(client, [...sums.shapes.values()]);
      await addTallies(client, 'usage counts', ADD_COUNTS, sums.counts);
      await addTallies(client, 'usage enterprises', ADD_ENTERPRISES, sums.enterprises);
      await addTallies(client, 'usage requests', ADD_REQUESTS, sums.requests);
      await addTallies(client, 'usage consents', ADD_CONSENTS, sums.consents);
    },
  };
}

async function thrownAway(client: Client, entries: readonly IntegratedEntry[]): Promise<AuditEntry[]> {
  // The same name twice in a batch: the first entry that has it counts, as before a batch.
  const successors = new Map<string, number>();
  for (const { sequence, entry } of entries) {
    if (typeof entry.supersedes === 'string' && RECEIPT.test(entry.supersedes) && !successors.has(entry.supersedes)) {
      successors.set(entry.supersedes, sequence);
    }
  }
  if (successors.size === 0) return [];
  const { rows } = await client.query<{ text: string }>({ text: THROWN_AWAY, values: [[...successors.keys()], [...successors.values()]] });
  return rows.flatMap(({ text }) => {
    try {
      return [JSON.parse(text) as AuditEntry];
    } catch {
      return [];
    }
  });
}

/** Adds what an entry says, or takes it away again. What no gateway has written adds nothing: the tree goes on all the same. */
function add(sums: Sums, entry: AuditEntry, sign: 1 | -1): void {
  const { institution, purpose, reads } = entry;
  if (!isWord(institution) || !isWord(purpose) || !Array.isArray(reads) || reads.length === 0) return;
  const day = dayOf(entry.time);
  if (day === null) return;
  const { policyVersion = 0, sources } = entry;
  const answered = entry.outcome === 'ANSWERED';
  const taken = [sources?.memory, sources?.redis, sources?.postgres].map((count) => (isCount(count) ? sign * count : 0));
  const request = [answered ? sign : 0, answered ? 0 : sign, ...taken];
  addTo(sums.requests, [day, institution, purpose, isCount(policyVersion) ? policyVersion : 0], request);
  if (!answered) return;
  for (const read of reads) {
    if (!isRead(read)) continue;
    for (const [shape, usccs] of shapesIn(read, sums.met)) {
      sums.shapes.set(shape.id, shape);
      addTo(sums.counts, [day, institution, purpose, shape.id], [sign * usccs.length]);
      for (const uscc of usccs) addTo(sums.enterprises, [uscc, day, institution, purpose, shape.id], [sign]);
    }
  }
  const used = new Set(reads.filter(isRead).flatMap((read) => (read.consents ?? []).flatMap((consent) => consentKey(read, consent))));
  for (const key of used) addTo(sums.consents, [...key.split(' '), day, institution, purpose], [sign]);
}

/** Under whose consent, once an answer, however many fields of it rest on it. */
function consentKey({ enterprises }: ReadEntry, { id, enterprise }: ConsentUse): string[] {
  const uscc = enterprises[enterprise];
  return isUscc(uscc) && isWord(id) ? [`${uscc} ${id}`] : [];
}

/** Enterprises of a read by what came out of them; those that the zone does not hold are left out. */
function* shapesIn({ enterprises, categories, unknown = [] }: ReadEntry, met: Map<string, Shape>): Generator<readonly [Shape, string[]]> {
  const absent = new Set(unknown);
  const groups = enterprises.map((): number[] => []);
  categories.forEach(({ enterprises: positions }, group) => {
    if (positions) for (const position of positions) groups[position]?.push(group);
    else for (const of of groups) of.push(group);
  });
  const alike = new Map<string, { of: readonly number[]; usccs: string[] }>();
  enterprises.forEach((uscc, position) => {
    const of = groups[position] as number[];
    if (absent.has(position) || of.length === 0 || !isUscc(uscc)) return;
    const known = alike.get(of.join());
    if (known) known.usccs.push(uscc);
    else alike.set(of.join(), { of, usccs: [uscc] });
  });
  for (const { of, usccs } of alike.values()) {
    const groups = of.map((group) => categories[group] as CategoryOutcome);
    const said = groups.map(groupText).join();
    let shape = met.get(said);
    if (!shape) met.set(said, (shape = shapeOf(groups.flatMap(toldIn))));
    yield [shape, usccs];
  }
}

function toldIn(group: CategoryOutcome): Told[] {
  if (!isWord(group.category)) return [];
  const { category, clear = [], masked = [], denied = {} } = group;
  const names = (items: readonly string[], outcome: string) => items.filter(isWord).map((item): Told => ({ category, item, outcome }));
  const given = [...names(clear, 'CLEAR'), ...names(masked, 'MASKED')];
  const reasons = Object.entries(denied).filter(([reason]) => isWord(reason));
  const told = [...given, ...reasons.flatMap(([reason, items]) => names(items, reason))];
  // Of provenance alone no item is named.
  if (told.length === 0) return [{ category, item: '', outcome: reasons[0]?.[0] ?? 'CLEAR' }];
  return told;
}

function shapeOf(told: Told[]): Shape {
  const lines = told.map(({ category, item, outcome }) => `${category} ${item} ${outcome}`).sort();
  const hash = createHash('sha256').update(lines.join('\n')).digest('hex');
  return { id: hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), told };
}

function addTo(tallies: Map<string, Tally>, key: Key, counts: readonly number[]): void {
  const name = key.join(' ');
  const known = tallies.get(name);
  if (!known) tallies.set(name, { key, counts: [...counts] });
  else for (let place = 0; place < counts.length; place++) known.counts[place] = (known.counts[place] as number) + (counts[place] as number);
}

async function addShapes(client: Client, shapes: readonly Shape[]): Promise<void> {
  if (shapes.length === 0) return;
  const values = [shapes.map(({ id }) => id).join()];
  const { rows } = await client.query<{ shape: string }>({ name: 'missing shapes', text: MISSING_SHAPES, values });
  const missing = new Set(rows.map(({ shape }) => shape));
  const added = shapes.filter(({ id }) => missing.has(id)).flatMap(({ id, told }) => told.map((one) => [id, one.category, one.item, one.outcome]));
  if (added.length > 0) await client.query({ name: 'usage shapes', text: ADD_SHAPES, values: [0, 1, 2, 3].map((column) => added.map((row) => row[column])) });
}

async function addTallies(client: Client, name: string, text: string, tallies: Map<string, Tally>): Promise<void> {
  // In the order of keys, so that neighbours are written together.
  const rows = [...tallies].filter(([, { counts }]) => counts.some((count) => count !== 0)).sort(([one], [other]) => (one < other ? -1 : 1));
  if (rows.length === 0) return;
  const width = (rows[0] as [string, Tally])[1].key.length + (rows[0] as [string, Tally])[1].counts.length;
  await client.query({
    name,
    text,
    values: columnsOf(
      rows.map(([, { key, counts }]) => [...key, ...counts]),
      width,
    ),
  });
}

/** A column is one text: nothing in it holds a comma, and the driver would quote each value. */
function columnsOf(rows: readonly (readonly (string | number)[])[], width: number): string[] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]).join());
}

const RECEIPT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isWord = (text: unknown): text is string => typeof text === 'string' && /^[\w.*:-]{1,100}$/.test(text);
const isUscc = (text: unknown): text is string => typeof text === 'string' && /^[0-9A-Z]{18}$/.test(text);
const isCount = (count: unknown): count is number => Number.isInteger(count) && (count as number) >= 0 && (count as number) <= 1e9;
const areLists = (...lists: unknown[]) => lists.every((list) => list === undefined || Array.isArray(list));
/** Whether it is of the form that gateways write. */
function isRead(read: ReadEntry | null): read is ReadEntry {
  if (!Array.isArray(read?.enterprises) || !Array.isArray(read.categories) || !areLists(read.unknown, read.consents)) return false;
  const { categories, consents = [] } = read;
  return (
    consents.every((consent: ConsentUse | null) => typeof consent === 'object' && consent !== null) &&
    categories.every((group: CategoryOutcome | null) => group && areLists(group.enterprises, group.clear, group.masked, ...Object.values(group.denied ?? {})))
  );
}

/** No day of the calendar has a longer name before, or another after. */
const [EARLIEST, LATEST] = [Date.parse('0000-01-02T00:00:00Z'), Date.parse('9999-12-31T00:00:00Z')];

/** The day in Beijing of a time as an entry tells it; null where it is no time. */
function dayOf(time: string): string | null {
  const moment = Date.parse(time);
  return moment >= EARLIEST && moment < LATEST ? dayInBeijing(new Date(moment)) : null;
}
