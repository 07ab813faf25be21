/**
 * Records of the fuzz. Nearly every value is found once in the zone, so that one which shows up where it should not tells
 * whose it is; a few are odd on purpose: too short, not of their form, equal among the rows of a list, missing.
 */
import type { StoredRecord, StoredRow } from '../oracle/answer.js';
import type { CategoryFacts, ItemFacts } from '../oracle/catalogue.js';
import type { Value } from '../oracle/masks.js';
import { codeOf } from '../oracle/uscc.js';
import { FIRMS } from './place.js';

export interface Canary {
  readonly uscc: string;
  readonly item: string;
}
export interface Holding {
  readonly records: Map<string, StoredRecord>;
  readonly names: Map<string, string>;
  /** By the value as text. */
  readonly canaries: Map<string, Canary>;
}

const ODD: Readonly<Record<string, readonly Value[]>> = {
  personName: ['O.Neill', '王'],
  idNumber: ['1101', '11010119900101123'],
  phone: ['010-62', '23912345678'],
  accountNumber: ['62220', '6222-0200'],
  address: ['不详', '海淀区'],
  email: ['a@b.example', 'nobody'],
  decimal: ['-15.50', '9.60', '0.00', '-0.40', '99999999999999999995.01', '14.99'],
  integer: [7, -149, 0, 95],
};
const SURNAMES = ['赵', '欧阳', '王', '司马'];
const PLACES = ['北京市海淀区', '海淀区', '北京朝阳区', '某省某地'];

/** `number` is of this value alone. */
function inventedValue(item: ItemFacts, number: number): Value {
  const odd = ODD[item.type];
  if (odd && number % 17 === 3) return odd[number % odd.length] as Value;
  const digits = String(number).padStart(7, '0');
  const day = new Date(Date.UTC(1700, 0, 2) + Math.floor(number * 1.003) * 86_400_000).toISOString().slice(0, 10);
  switch (item.type) {
    case 'integer':
      return 1_100_000_001 + number * 1_009;
    case 'decimal':
      return `${number % 5 === 0 ? '-' : ''}${3_000_000_000 + number * 7_919}.25`;
    case 'date':
      return day;
    case 'datetime':
      return `${day}T03:04:05Z`;
    case 'boolean':
      return number % 2 === 0;
    case 'uscc':
      return codeOf(`${number % 3 === 0 ? '92' : '91'}110105${900_000_000 + number}`);
    case 'personName':
      return `${SURNAMES[number % 4]}${String.fromCodePoint(0x4e80 + (number % 9_000))}${String.fromCodePoint(0x5000 + Math.floor(number / 9_000))}`;
    case 'idNumber':
      return `110101${19_000_101 + number}123X`;
    case 'phone':
      return `139${20_000_000 + number}`;
    case 'address':
      return `${PLACES[number % 4]}暗道${digits}号`;
    case 'accountNumber':
      return `6222020000${900_000_000 + number}`;
    case 'email':
      return `zhao${digits}@canary.example`;
    case 'code':
      return `K~${digits}~`;
    default:
      return `文字~${digits}~`;
  }
}

/** All records of the zone; `edition` makes other values of the same shape. */
export function recordsOf(categories: ReadonlyMap<string, CategoryFacts>): Holding {
  const holding: Holding = { records: new Map(), names: new Map(), canaries: new Map() };
  let number = 0;
  FIRMS.forEach((uscc, firm) => {
    let place = 0;
    for (const category of categories.values()) {
      place++;
      // Some have no record of some categories, and some an empty list.
      if (category.code !== 'registration.basic' && (firm * 7 + place) % 6 === 0) continue;
      const count = category.many ? (firm * 5 + place) % 5 : 1;
      const rows = Array.from({ length: count }, (_, row): StoredRow => {
        const entries = category.items.flatMap((item): [string, Value][] => {
          number++;
          // Missing here and there, but what rows are ordered by only in the last of them.
          if (item.code !== 'registration.basic.enterpriseName' && number % 11 === 0 && (item.name !== category.orderedBy || row === count - 1)) return [];
          return [[item.name, inventedValue(item, number)]];
        });
        return Object.fromEntries(entries);
      });
      holding.records.set(`${uscc} ${category.code}`, {
        rows: inDeliveredOrder(category, withEquals(category, rows, firm)),
        // Some are overdue at the fuzz's time, some not, and one is just due.
        dataTime: new Date(Date.parse('2027-06-30T16:00:00Z') - ((firm * 3 + place) % 50) * 86_400_000).toISOString(),
        receivedAt: new Date(Date.parse('2027-06-30T20:00:00Z') - firm * 1_000).toISOString(),
        delivery: 1000 + place,
        version: 1,
      });
    }
    holding.names.set(uscc, String(holding.records.get(`${uscc} registration.basic`)?.rows[0]?.enterpriseName));
  });
  for (const [key, { rows }] of holding.records) {
    const [uscc, code] = key.split(' ') as [string, string];
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        const text = String(value);
        if (text.length >= 7 || (text.length >= 3 && /^[\u4e00-\u9fff]+$/.test(text))) holding.canaries.set(text, { uscc, item: `${code}.${name}` });
      }
    }
  }
  // What stands under more than one item tells nothing about any of them, nor does what a masked day looks like.
  for (const text of [...holding.canaries.keys()]) if (/-01-01/.test(text)) holding.canaries.delete(text);
  for (const values of Object.values(ODD)) for (const value of values) holding.canaries.delete(String(value));
  return holding;
}

/** In every other firm two rows are equal in what they are ordered by. */
function withEquals({ orderedBy }: CategoryFacts, rows: StoredRow[], firm: number): StoredRow[] {
  if (orderedBy !== null && firm % 2 === 0 && rows.length > 2) rows[1] = { ...rows[1], [orderedBy]: rows[0]?.[orderedBy] as Value };
  return rows;
}

/** As a delivery leaves them: newest or largest first, and among equals by their text. */
export function inDeliveredOrder({ orderedBy }: CategoryFacts, rows: readonly StoredRow[]): StoredRow[] {
  if (orderedBy === null) return [...rows];
  const size = (row: StoredRow) => (typeof row[orderedBy] === 'number' ? Number(row[orderedBy]) : String(row[orderedBy] ?? ''));
  const compare = (one: string | number, other: string | number) => (one === other ? 0 : one > other ? -1 : 1);
  return [...rows].sort((one, other) => compare(size(one), size(other)) || compare(JSON.stringify(one), JSON.stringify(other)));
}

/** Every canary that stands in a text by itself: as a word between quotes, blanks, or punctuation. */
export function* canariesIn(text: string, canaries: ReadonlyMap<string, Canary>): Iterable<{ text: string; canary: Canary }> {
  for (const [word] of text.matchAll(/[^\s"'`,;(){}[\]\\<>|=]+/g)) {
    const canary = canaries.get(word) ?? canaries.get(word.replace(/^[^:]*:/, ''));
    if (canary) yield { text: word, canary };
  }
}
