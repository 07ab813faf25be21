/** What is counted of entries, in tables. MUST be added to in the transaction that integrates them: once each, or not at all. */

import { DAY_MS, midnightBefore } from '../beijing.js';
import type { Client } from '../postgres.js';
import { addTo, emptySketch, numberIn } from './sketch.js';
import { keyOf } from './subject.js';
import type { Tally, Uncovered } from './tallies.js';

/** Receipts kept of a count, and of an alert. */
export const MOST_RECEIPTS = 20;
const HOUR_MS = 3_600_000;

interface Gathered {
  readonly kind: string;
  readonly subject: string;
  readonly bucket: Date;
  count: number;
  readonly usccs: Set<string> | null;
  readonly receipts: string[];
  first: Date;
  last: Date;
}

const ADD = `
insert into alert_counter as c (kind, subject, bucket, count, sketch, receipts, first_time, last_time)
select * from (select kind, subject, bucket, count, decode(sketch, 'hex'), string_to_array(receipts, ','), first_time, last_time
  from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
    as added (kind, subject, bucket, count, sketch, receipts, first_time, last_time)) as added
order by 1, 2, 3
on conflict (kind, subject, bucket) do update set
  count = case when excluded.sketch is null then c.count + excluded.count else excluded.count end,
  sketch = excluded.sketch, dirty = true, first_time = least(c.first_time, excluded.first_time), last_time = greatest(c.last_time, excluded.last_time),
  receipts = case when cardinality(c.receipts) >= ${MOST_RECEIPTS} then c.receipts else (c.receipts || excluded.receipts)[1:${MOST_RECEIPTS}] end`;
const SKETCHES = `
select c.kind, c.subject, c.bucket, c.sketch
from unnest($1::text[], $2::timestamptz[], $3::text[]) as asked (subject, bucket, kind)
join alert_counter c on c.kind = asked.kind and c.subject = asked.subject and c.bucket = asked.bucket
order by c.kind, c.subject, c.bucket for update of c`;

/** Adds tallies to the counts they belong to. */
export async function addTallies(client: Client, tallies: readonly Tally[]): Promise<void> {
  const gathered = gather(tallies);
  if (gathered.length === 0) return;
  const sketches = await sketchesOf(client, gathered);
  await client.query({
    name: 'add tallies',
    text: ADD,
    values: [
      gathered.map(({ kind }) => kind),
      gathered.map(({ subject }) => subject),
      gathered.map(({ bucket }) => bucket),
      gathered.map((one) => (one.usccs ? numberIn(sketches.get(one) as Buffer) : one.count)),
      gathered.map((one) => sketches.get(one)?.toString('hex') ?? null),
      gathered.map(({ receipts }) => receipts.join()),
      gathered.map(({ first }) => first),
      gathered.map(({ last }) => last),
    ],
  });
}

function gather(tallies: readonly Tally[]): Gathered[] {
  const found = new Map<string, Gathered>();
  for (const { kind, subject, bucket, count, usccs, receipt, time } of tallies) {
    const key = keyOf(subject);
    const at = `${kind} ${bucket.getTime()} ${key}`;
    let one = found.get(at);
    if (!one) found.set(at, (one = { kind, subject: key, bucket, count: 0, usccs: usccs ? new Set() : null, receipts: [], first: time, last: time }));
    one.count += count;
    for (const uscc of usccs ?? []) one.usccs?.add(uscc);
    if (one.receipts.length < MOST_RECEIPTS && one.receipts.at(-1) !== receipt) one.receipts.push(receipt);
    if (time < one.first) one.first = time;
    if (time > one.last) one.last = time;
  }
  return [...found.values()];
}

/** Sketches with what is new in them. */
async function sketchesOf(client: Client, gathered: readonly Gathered[]): Promise<Map<Gathered, Buffer>> {
  const wanted = gathered.filter(({ usccs }) => usccs !== null);
  const sketches = new Map<Gathered, Buffer>();
  if (wanted.length === 0) return sketches;
  const { rows } = await client.query<{ kind: string; subject: string; bucket: Date; sketch: Buffer }>({
    name: 'sketches',
    text: SKETCHES,
    values: [wanted.map(({ subject }) => subject), wanted.map(({ bucket }) => bucket), wanted.map(({ kind }) => kind)],
  });
  const held = new Map(rows.map(({ kind, subject, bucket, sketch }) => [`${kind} ${bucket.getTime()} ${subject}`, sketch]));
  for (const one of wanted) {
    const sketch = held.get(`${one.kind} ${one.bucket.getTime()} ${one.subject}`) ?? emptySketch();
    addTo(sketch, one.usccs as Set<string>);
    sketches.set(one, sketch);
  }
  return sketches;
}

const WAIT = `
insert into alert_pending_read as p (uscc, institution, case_number, purpose, operator, day, receipts, first_time, last_time, due)
select uscc, institution, case_number, purpose, operator, day, (array_agg(receipt order by time))[1:3], min(time), max(time), min(time) + $8::interval
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $9::timestamptz[])
  as added (uscc, institution, case_number, purpose, operator, receipt, time, day)
group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
on conflict (uscc, institution, case_number, purpose, operator, day) do update set
  first_time = least(p.first_time, excluded.first_time), last_time = greatest(p.last_time, excluded.last_time),
  receipts = case when cardinality(p.receipts) >= 3 then p.receipts else (p.receipts || excluded.receipts)[1:3] end`;

/** What a table of PostgreSQL does not take, a caller may have typed all the same. */
const storable = (text: string) => text.replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');

/** Keeps reads without a live case until their institution has had time to report it. */
export async function awaitCases(client: Client, uncovered: readonly Uncovered[], graceHours: number): Promise<void> {
  if (uncovered.length === 0) return;
  const column = <K extends keyof Uncovered>(name: K) => uncovered.map((one) => one[name]);
  await client.query({
    name: 'await cases',
    text: WAIT,
    values: [
      column('uscc'),
      column('institution'),
      column('caseNumber').map(storable),
      column('purpose'),
      column('operator').map(storable),
      column('receipt'),
      column('time'),
      `${graceHours * HOUR_MS} milliseconds`,
      uncovered.map(({ time }) => midnightBefore(time)),
    ],
  });
}

/** How long counts are looked back at. */
const KEPT_DAYS = 100;

/** Lets go what no rule looks back at any more. */
export async function forgetCounters(client: Client, now: Date): Promise<void> {
  await client.query('delete from alert_counter where bucket < $1', [new Date(now.getTime() - KEPT_DAYS * DAY_MS)]);
  // Bursts are many and are compared with nothing later than the next.
  await client.query("delete from alert_counter where kind = 'DENIAL_BURST' and bucket < $1", [new Date(now.getTime() - DAY_MS)]);
}
