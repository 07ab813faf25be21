/**
 * Records that put two ways of writing an answer apart where they can be put apart: texts that JSON escapes, values that
 * are not as their type has them, lists that are too long, empty or of equal rows, firms without records and records
 * without a firm. Delivered anew between questions.
 */
import type { Postgres } from '../../src/postgres.js';
import type { StoredRecord, StoredRow } from '../oracle/answer.js';
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Value } from '../oracle/masks.js';
import type { Chance } from './chance.js';
import { FIRMS, STRANGERS } from './place.js';
import { inDeliveredOrder, recordsOf } from './records.js';
import { store } from './world.js';

export interface OddRecords {
  /** Delivers some records anew; returns what was done. */
  deliver(chance: Chance): Promise<string>;
  /** A cursor of a record as it stands, of an earlier one, or of none. */
  cursorOf(chance: Chance): string;
  /** A moment at which the freshness of some record turns, or a millisecond to either side of it. */
  turnOf(chance: Chance): number;
}

/** What JSON writes otherwise than it is, or what may be taken for something else. */
const TEXTS = [
  '"引\\号"',
  '行\n列\t\b\f\r',
  '\u0000\u001f\u007f',
  '\ud800',
  '好\udfff好',
  '\u2028与\u2029',
  '😀🈶',
  '',
  ' ',
  'null',
  '</script>',
  '{"a":1}',
  '长'.repeat(3_000),
  '-',
  'é́',
];
/** By data type: what graphql-js converts, refuses, or lets pass where a plan would not. `@` stands before JSON as it is. */
const STRANGE: Readonly<Record<string, readonly unknown[]>> = {
  integer: [2 ** 31, -(2 ** 31) - 1, 4_000_000_000, '12', 1.5, true, '', '@1e400', { a: 1 }],
  boolean: [1, 0, 'true', '@-0'],
  other: [5, true, -1.5, ['x'], { a: 1 }, '@1e21'],
};
/** As their type has them, though not everybody would say so. */
const ODD: Readonly<Record<string, readonly unknown[]>> = { integer: ['@-0', '@1.0', '@12E2', 2 ** 31 - 1, -(2 ** 31), 0], boolean: [false, true] };
/** Payloads that are none: who asks for them is refused, whoever executes. */
const NO_RECORDS = ['[nul', '', 'null', '5', '"x"', '[null]', '[1, "x"]', '[[]]'];
/** Nearly all values of any other firm are as they should be, so that most answers are written by plan. */
const STRANGE_FIRM = FIRMS[9] as string;
const BARE_FIRM = FIRMS[10] as string;
const LONG_LIST = { uscc: FIRMS[0] as string, code: 'registration.shareholder', rows: 130 };
const DAYS: Readonly<Record<string, number>> = { REAL_TIME: 1, DAILY: 2, WEEKLY: 9, MONTHLY: 46, QUARTERLY: 121, YEARLY: 426 };
const DAY_MS = 86_400_000;

type Kept = Omit<StoredRecord, 'rows'> & { readonly content: string };

/** Puts these records in the place of all others. */
export async function prepareOddRecords(owner: Postgres, categories: ReadonlyMap<string, CategoryFacts>, chance: Chance): Promise<OddRecords> {
  const { records, names } = recordsOf(categories);
  for (const key of [...records.keys()]) if (key.startsWith(BARE_FIRM)) records.delete(key);
  const categoryOf = (key: string) => categories.get(key.split(' ')[1] as string) as CategoryFacts;
  const model = records.get(`${FIRMS[1]} registration.basic`) as StoredRecord;
  // Nobody registered this one, though something was delivered of it.
  records.set(`${STRANGERS[0]} registration.basic`, model);
  FIRMS.forEach((uscc, firm) => {
    if (firm % 4 === 2) names.set(uscc, `名"称"\n${firm}\u2028\\`);
  });
  await store(owner, { records, names });

  const original = new Map<string, Kept>();
  for (const [key, { rows, ...rest }] of records) {
    const category = categoryOf(key);
    const long =
      key === `${LONG_LIST.uscc} ${LONG_LIST.code}` && rows[0] ? Array.from({ length: LONG_LIST.rows }, (_, row) => ({ ...rows[row % rows.length] })) : rows;
    original.set(key, { ...rest, content: contentOf(category, changedRows(category, long as StoredRow[], key, chance)) });
  }
  const present = new Map<string, Kept>();
  const writeAll = async (written: ReadonlyMap<string, Kept | null>) => {
    await owner.transaction(async (client) => {
      for (const [key, kept] of written) {
        const [uscc, code] = key.split(' ') as [string, string];
        const { rows } = await client.query<{ id: number; generation: number }>(
          'update category set generation = generation + 1 where code = $1 returning id, generation',
          [code],
        );
        const { id, generation } = rows[0] as { id: number; generation: number };
        if (kept === null) {
          await client.query('delete from record where uscc = $1 and category = $2', [uscc, id]);
          present.delete(key);
          continue;
        }
        await client.query(
          `insert into record (uscc, category, payload, data_time, received_at, delivery, version) values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (uscc, category) do update set payload = excluded.payload, data_time = excluded.data_time,
             received_at = excluded.received_at, delivery = excluded.delivery, version = excluded.version`,
          [uscc, id, kept.content, kept.dataTime, kept.receivedAt, kept.delivery, generation],
        );
        present.set(key, { ...kept, version: generation });
      }
    });
  };
  await writeAll(original);
  const strange = [...original.keys()].filter((key) => key.startsWith(STRANGE_FIRM));

  return {
    async deliver(now) {
      const written = new Map<string, Kept | null>();
      const told: string[] = [];
      for (let count = 1 + now.below(4); count > 0; count--) {
        const key = now.of(now.is(0.2) ? strange : [...original.keys()]);
        const category = categoryOf(key);
        const first = original.get(key) as Kept;
        const rows = rowsOf(first.content);
        const [what, kept] = now.weighed<() => [string, Kept | null]>([
          [3, () => ['other values', { ...first, content: contentOf(category, changedRows(category, rows, key, now)) }]],
          [2, () => ['fewer rows', { ...first, content: contentOf(category, rows.slice(category.many ? 1 : 0)) }]],
          [
            2,
            () => [
              'other times',
              { ...first, dataTime: new Date(Date.parse(first.dataTime) - now.below(60) * DAY_MS).toISOString(), delivery: first.delivery + 1 },
            ],
          ],
          [1, () => ['gone', null]],
          [1, () => ['nothing in it', { ...first, content: '[]' }]],
          [key.startsWith(STRANGE_FIRM) ? 1 : 0, () => ['no record at all', { ...first, content: now.of(NO_RECORDS) }]],
          [2, () => ['as at first', first]],
        ])();
        written.set(key, kept);
        told.push(`${key}: ${what}`);
      }
      if (now.is(0.2)) {
        const uscc = now.of(FIRMS);
        const [before] = await owner.query<{ name: string }>({ text: 'select name from enterprise where uscc = $1', values: [uscc] });
        await owner.query({ text: 'update enterprise set name = $2 where uscc = $1', values: [uscc, `${before?.name.slice(0, 20)}改${now.below(10)}`] });
        const key = `${uscc} registration.basic`;
        // The generation of the registration is also that of the name.
        if (!written.has(key)) written.set(key, present.get(key) ?? original.get(key) ?? null);
        told.push(`${uscc}: another name`);
      }
      await writeAll(written);
      return told.join('; ');
    },
    cursorOf(now) {
      const { version } = now.of([...present.values()]);
      const place = now.weighed([
        [8, `${version}.${now.below(5)}`],
        [1, `${version + 1}.1`],
        [1, `${version}.-1`],
        [1, 'nonsense'],
      ]);
      return place === 'nonsense' ? 'no cursor' : Buffer.from(place).toString('base64url');
    },
    turnOf(now) {
      for (let tries = 0; tries < 20; tries++) {
        const [key, { dataTime }] = now.of([...present]);
        const days = DAYS[categoryOf(key).updateCycle];
        if (days !== undefined) return Date.parse(dataTime) + days * DAY_MS + now.of([-1, 0, 1]);
      }
      return Date.parse(model.dataTime);
    },
  };
}

const rowsOf = (content: string): StoredRow[] => {
  const found = JSON.parse(content) as StoredRow | StoredRow[];
  return Array.isArray(found) ? found : [found];
};
/** As text, where `@` before a value gives it as it stands. */
function contentOf({ many }: CategoryFacts, rows: readonly StoredRow[]): string {
  return JSON.stringify(many || rows.length === 0 ? rows : rows[0]).replace(/"@([^"]+)"/g, '$1');
}

function changedRows(category: CategoryFacts, rows: readonly StoredRow[], key: string, chance: Chance): StoredRow[] {
  const changed = rows.map((row) => {
    const entries = category.items.flatMap(({ name, type }): [string, unknown][] => {
      const value = row[name];
      if (key.startsWith(STRANGE_FIRM) && chance.is(/^(integer|boolean)$/.test(type) ? 0.3 : 0.03))
        return [[name, chance.of(STRANGE[type] ?? (STRANGE.other as readonly unknown[]))]];
      if (value === undefined || chance.is(0.02)) return [];
      if (chance.is(0.01)) return [[name, null]];
      if (!chance.is(0.1)) return [[name, value]];
      const odd = ODD[type] ?? (/^(decimal|date|datetime|uscc)$/.test(type) ? [value] : TEXTS);
      return [[name, chance.of(odd)]];
    });
    return Object.fromEntries(entries) as Record<string, Value>;
  });
  // Rows that are equal in what orders them, or in everything.
  const { orderedBy } = category;
  const [first] = changed;
  if (first && changed.length > 1 && chance.is(0.4))
    changed.push(
      chance.is(0.3)
        ? { ...first }
        : { ...(changed[1] as StoredRow), ...(orderedBy && first[orderedBy] !== undefined ? { [orderedBy]: first[orderedBy] } : {}) },
    );
  return inDeliveredOrder(category, changed);
}
