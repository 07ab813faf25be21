/**
 * An enterprise such as no real one is: a record in every category, every item present, every value found nowhere else in
 * the zone. Where a value shows up that should not, it tells by itself which item it came from.
 */
import type { Catalogue, Category, Item } from '../../src/catalogue/model.js';
import { organisationOf, usccOf } from '../../src/synthetic/uscc.js';
import type { Uscc } from '../../src/terms.js';
import type { TestZone } from './zone.js';

export type Value = string | number | boolean;
export type PayloadRow = Record<string, Value>;

export interface FullEnterprise {
  readonly uscc: Uscc;
  readonly rowsOf: ReadonlyMap<Category, readonly PayloadRow[]>;
  /** Every value that can be told from all others, with the item it belongs to; yes and no cannot. */
  readonly canaries: readonly { readonly item: Item; readonly text: string }[];
}

/** The larger the number, the larger the value, so that the first row is the newest. */
function valueFor(item: Item, number: number): Value {
  const digits = String(number).padStart(5, '0');
  // Never the first of a year, which is what a masked day looks like.
  const day = new Date(Date.UTC(1900 + Math.floor(number / 360), 0, 2 + (number % 360))).toISOString().slice(0, 10);
  switch (item.type) {
    case 'string':
    case 'text':
      return `文字~${digits}~`;
    case 'code':
      return `K~${digits}~`;
    case 'integer':
      return 1_100_000_001 + number * 50_001;
    case 'decimal':
      return `${3_000_000_000 + number * 7_919}.25`;
    case 'date':
      return day;
    case 'datetime':
      return `${day}T03:04:05Z`;
    case 'boolean':
      return number % 2 === 0;
    case 'uscc':
      return usccOf(item.index % 3 === 0 ? '92' : '91', '110108', organisationOf(5_000_000 + number, true));
    case 'personName':
      return `赵${String.fromCodePoint(0x4e80 + number)}瑛`;
    case 'idNumber':
      return `110101${19_000_101 + number}123X`;
    case 'phone':
      return `139${20_000_000 + number}`;
    case 'address':
      return `北京市海淀区暗道${digits}号`;
    case 'accountNumber':
      return `6222020000${900_000_000 + number}`;
    case 'email':
      return `zhao${digits}@canary.example`;
  }
}

/** Rows of a list are two, so that their order and their telling apart are seen. */
function rowsOf(category: Category, offset: number): PayloadRow[] {
  const rows = category.cardinality === 'ONE' ? [0] : [1, 0];
  return rows.map((row) => Object.fromEntries(category.items.map((item) => [item.name, valueFor(item, offset + item.index * 2 + row)])));
}

/** Writes one as the owner of the database; `kind` is the beginning of its code (`91` a company, `92` an individual's business). */
export async function insertFullEnterprise(zone: TestZone, { kind = '91', serial = 1 }: { kind?: string; serial?: number } = {}): Promise<FullEnterprise> {
  const { catalogue, owner } = zone;
  const uscc = usccOf(kind, '110108', organisationOf(4_000_000 + serial, true));
  const offset = (serial - 1) * 2 * catalogue.items.length;
  const rows = new Map(catalogue.categories.map((category) => [category, rowsOf(category, offset)]));
  const name = String(rows.get(catalogue.category('registration.basic') as Category)?.[0]?.enterpriseName);
  await owner.query({ text: "insert into enterprise (uscc, name, division, industry, grams) values ($1, $2, null, null, '{}')", values: [uscc, name] });
  for (const [category, content] of rows) {
    await owner.query({
      text: `insert into record (uscc, category, payload, data_time, received_at, delivery, version)
             select $1, id, $2, '2026-11-01', '2026-11-02', 1, generation from category where code = $3`,
      values: [uscc, JSON.stringify(category.cardinality === 'ONE' ? content[0] : content), category.code],
    });
  }
  return { uscc, rowsOf: rows, canaries: canariesOf(rows) };
}

function canariesOf(rows: ReadonlyMap<Category, readonly PayloadRow[]>): FullEnterprise['canaries'] {
  return [...rows].flatMap(([category, content]) =>
    category.items.flatMap((item) => content.flatMap((row) => (item.type === 'boolean' ? [] : [{ item, text: String(row[item.name]) }]))),
  );
}

/** The enterprise's consent to an institution, live at the tests' time. */
export async function insertConsent(
  zone: TestZone,
  { uscc, institution, personal, scope = ['*'] }: { uscc: string; institution: string; personal: 'CLEAR' | 'MASKED'; scope?: string[] },
): Promise<string> {
  const id = `T-${institution}-${personal}-${scope.join('-')}`;
  await zone.owner.query({
    text: `insert into consent values ($1, $2, $3, '{PRE_LOAN_REVIEW,LOAN_APPROVAL,POST_LOAN_MONITORING,RISK_DISPOSAL}', $4, $5, '2026-10-01', '2028-10-01', null, 'test')`,
    values: [uscc, id, institution, scope, personal],
  });
  return id;
}

/** A query of every item of every category, in one document. */
export function queryOfEverything(catalogue: Catalogue, { provenance = true }: { provenance?: boolean } = {}): string {
  const source = provenance ? 'provenance { provider dataTime receivedAt delivery updateCycle dueBy freshness }' : '';
  const domains = catalogue.domains.map(({ code: domain }) => {
    const categories = catalogue.categories.filter((category) => category.domain === domain);
    return `${domain} { ${categories.map(({ field, items }) => `${field} { ${items.map(({ name }) => name).join(' ')} ${source} }`).join('\n')} }`;
  });
  return `query Everything($uscc: USCC!) { enterprise(uscc: $uscc, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1" }) { uscc name ${domains.join('\n')} } }`;
}
