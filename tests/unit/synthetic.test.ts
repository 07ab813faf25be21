/** The synthetic zone against the catalogue's own words, by checks that share nothing with the generator. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import type { Category, Item } from '../../src/catalogue/model.js';
import { demoFirm, drawFirm } from '../../src/synthetic/firm.js';
import { drawRecords, planCategories } from '../../src/synthetic/plan.js';
import { isTrouble } from '../../src/synthetic/presence.js';
import { Random } from '../../src/synthetic/random.js';
import { organisationCheckCharacter } from '../../src/synthetic/uscc.js';
import { readUscc } from '../../src/terms.js';

const SEED = 7;
const FIRMS = 2_000;
const NOW = new Date('2026-11-01T00:00:00Z');
const files = readCatalogueFiles('schema');
const catalogue = buildCatalogue(
  files.categories.map(({ content }) => content),
  files.codeLists.map(({ content }) => content),
);

type Value = string | number | boolean;
type Row = Record<string, Value>;
interface Drawn {
  category: Category;
  uscc: string;
  founded: string;
  payload: string;
  rows: Row[];
  dataTime: number;
  receivedAt: number;
}
const drawn: Drawn[] = [];
const plans = planCategories(catalogue, SEED, NOW);
const iso = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
const random = new Random();
for (let index = 0; index < FIRMS; index++) {
  drawRecords(plans, SEED, index, random, ({ plan, firm, payload, dataTime, receivedAt }) => {
    const content = JSON.parse(payload) as Row | Row[];
    drawn.push({
      category: plan.category,
      uscc: firm.uscc,
      founded: iso(firm.founded),
      payload,
      rows: Array.isArray(content) ? content : [content],
      dataTime,
      receivedAt,
    });
  });
}

/** What fails of the rows, told by category and item; a few examples suffice. */
function complaints(check: (row: Row, record: Drawn) => string | null): string[] {
  const found = new Set<string>();
  for (const record of drawn) {
    for (const row of record.rows) {
      const complaint = check(row, record);
      if (complaint !== null && found.size < 30) found.add(`${record.category.code}: ${complaint}`);
    }
  }
  return [...found];
}
function eachValue(check: (value: Value, item: Item, record: Drawn, row: Row) => boolean): string[] {
  return complaints((row, record) => {
    for (const item of record.category.items) {
      const value = row[item.name];
      if (value !== undefined && !check(value, item, record, row)) return `${item.name} ${JSON.stringify(value)}`;
    }
    return null;
  });
}
const isDay = (value: Value) =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && new Date(`${value}T00:00:00Z`).toISOString().startsWith(value);
const identityWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const isIdentityNumber = (text: string) =>
  /^11\d{15}[\dX]$/.test(text) &&
  isDay(`${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`) &&
  '10X98765432'[identityWeights.reduce((sum, weight, place) => sum + weight * Number(text[place]), 0) % 11] === text[17];

const VALID: Record<string, (value: Value, item: Item) => boolean> = {
  string: (value) => typeof value === 'string' && value.length > 0 && value === value.trim(),
  text: (value) => typeof value === 'string' && value.length > 0 && value === value.trim(),
  integer: (value) => Number.isSafeInteger(value),
  decimal: (value) => typeof value === 'string' && /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/.test(value) && value !== '-0',
  boolean: (value) => typeof value === 'boolean',
  date: isDay,
  datetime: (value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/.test(value) && isDay(value.slice(0, 10)),
  code: (value, { codeList }) => catalogue.codeLists.get(codeList as string)?.byCode.has(value as string) === true,
  uscc: (value) => {
    const reading = readUscc(value as string);
    return reading.ok && reading.uscc === value;
  },
  personName: (value) => typeof value === 'string' && /^[\u4e00-\u9fff]{2,30}$/.test(value),
  idNumber: (value) => typeof value === 'string' && isIdentityNumber(value),
  phone: (value) => typeof value === 'string' && /^1[3-9]\d{9}$/.test(value),
  accountNumber: (value) => typeof value === 'string' && /^\d{16,19}$/.test(value),
  address: (value) => typeof value === 'string' && value.startsWith('北京市') && value.includes('号'),
  email: (value) => typeof value === 'string' && /^[a-z]+@[a-z]+\.example\.(cn|com)$/.test(value),
};

describe('a synthetic firm', () => {
  const firms = Array.from({ length: FIRMS }, (_, index) => drawFirm(SEED, index));

  test('has a code that GB 32100 and, inside it, GB 11714 accept', () => {
    const faulty = firms.filter(
      ({ uscc, district }) => !readUscc(uscc).ok || organisationCheckCharacter(uscc.slice(8, 16)) !== uscc[16] || uscc.slice(2, 8) !== district.code,
    );
    expect(faulty.map(({ uscc }) => uscc)).toEqual([]);
    // GB 11714's own example.
    expect(organisationCheckCharacter('D2143569')).toBe('X');
  });
  test('shares its code with no other among 50,000', () => {
    const codes = new Set<string>();
    for (let index = 0; index < 50_000; index++) codes.add(drawFirm(SEED, index, random).uscc);
    expect(codes.size).toBe(50_000);
  });
  test("is a natural person's business in about eight of a hundred cases", () => {
    const share = firms.filter(({ uscc }) => uscc.startsWith('92')).length / FIRMS;
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.1);
  });
  test('has an industry and a division of the code lists, and ends after it began', () => {
    const faulty = firms.filter(
      ({ industry, section, district, founded, ended }) =>
        catalogue.codeLists.get('industry')?.byCode.get(industry)?.parent !== section ||
        !catalogue.codeLists.get('division')?.byCode.has(district.code) ||
        (ended !== null && ended <= founded),
    );
    expect(faulty).toEqual([]);
  });
  test('is another one for another seed', () => {
    expect(demoFirm(0, SEED)).not.toBe(demoFirm(0, SEED + 1));
    expect(demoFirm(0, SEED)).toBe(firms[0]?.uscc);
  });
});

describe('synthetic records', () => {
  test('exist in every category at 2,000 firms', () => {
    const held = new Set(drawn.map(({ category }) => category.code));
    expect(catalogue.categories.map(({ code }) => code).filter((code) => !held.has(code))).toEqual([]);
    expect(drawn.filter(({ category }) => category.code === 'registration.basic')).toHaveLength(FIRMS);
  });
  test('are the same bytes when drawn again, in another order, without the other firms', () => {
    const digestOf = (records: { uscc: string; payload: string; dataTime: number; receivedAt: number }[]) => {
      const hash = createHash('sha256');
      for (const { uscc, payload, dataTime, receivedAt } of records) hash.update(`${uscc} ${payload} ${dataTime} ${receivedAt}\n`);
      return hash.digest('hex');
    };
    const fresh = planCategories(catalogue, SEED, NOW);
    for (const index of [1_999, 3, 700]) {
      const again: Parameters<typeof digestOf>[0] = [];
      drawRecords(fresh, SEED, index, new Random(), ({ firm, payload, dataTime, receivedAt }) =>
        again.push({ uscc: firm.uscc, payload, dataTime, receivedAt }),
      );
      const { uscc } = drawFirm(SEED, index);
      expect(again.length).toBeGreaterThan(0);
      expect(digestOf(again)).toBe(digestOf(drawn.filter((record) => record.uscc === uscc)));
    }
  });
  test("hold values of their items' types only", () => {
    expect(eachValue((value, item) => VALID[item.type]?.(value, item) === true)).toEqual([]);
  });
  test("are canonical: the catalogue's order, no other key, no blank, never null", () => {
    const faulty = drawn.filter(({ category, payload, rows }) => {
      if (JSON.stringify(JSON.parse(payload)) !== payload || payload.includes('null')) return true;
      return rows.some((row) => {
        const order = Object.keys(row).map((name) => category.items.findIndex((item) => item.name === name));
        return order.length === 0 || order.some((position, place) => position < 0 || (place > 0 && position <= (order[place - 1] as number)));
      });
    });
    expect(faulty.slice(0, 3).map(({ payload }) => payload)).toEqual([]);
  });
  test('hold every required item, and leave out some of the others', () => {
    expect(
      complaints((row, { category }) => {
        const lacking = category.items.find(
          ({ name, required }) => row[name] === undefined && (required || category.identifiedBy.includes(name) || category.orderedBy === name),
        );
        return lacking ? `${lacking.name} is absent` : null;
      }),
    ).toEqual([]);
    const shares = drawn
      .filter(({ category }) => category.code === 'tax.incomeStatement')
      .flatMap(({ category, rows }) => rows.map((row) => Object.keys(row).length / category.items.length));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(mean).toBeGreaterThan(0.92);
    expect(mean).toBeLessThan(0.97);
  });
  test('are one object or a list of rows told apart and ordered, newest or largest first', () => {
    const faulty = drawn.filter(({ category, payload, rows }) => {
      if (category.cardinality === 'ONE') return !payload.startsWith('{');
      if (!payload.startsWith('[') || rows.length > (category.typical.rows[1] ?? 0)) return true;
      if (new Set(rows.map((row) => JSON.stringify(category.identifiedBy.map((name) => row[name])))).size !== rows.length) return true;
      const ordering = category.itemsByName.get(category.orderedBy as string) as Item;
      const key = (row: Row) => (ordering.type === 'decimal' ? Number(row[ordering.name]) : (row[ordering.name] as string | number));
      return rows.some((row, place) => {
        const before = rows[place - 1];
        if (!before) return false;
        return key(before) < key(row) || (key(before) === key(row) && JSON.stringify(before) > JSON.stringify(row));
      });
    });
    expect(faulty.slice(0, 3).map(({ category, payload }) => `${category.code} ${payload.slice(0, 400)}`)).toEqual([]);
  });
  test('begin no earlier than their firm and end no later than their delivery, but for days that may lie ahead', () => {
    const mayLieAhead = /until|expir|due|deadline|next|ends?(on|date)?$|agreed|planned|expected|scheduled|estimated/i;
    expect(
      eachValue((value, { type, name }, { founded, dataTime }) => {
        if (type !== 'date' && type !== 'datetime') return true;
        const day = (value as string).slice(0, 10);
        return day >= founded && (day < iso(dataTime) || mayLieAhead.test(name));
      }),
    ).toEqual([]);
  });
  test('keep the hinted order of dates', () => {
    expect(
      eachValue((value, { typical }, _record, row) => {
        const [, least, base] = /^(\d+)\.\.\d+ after (\w+)$/.exec(typical ?? '') ?? [];
        const from = row[base ?? ''];
        return from === undefined || least === undefined || (value as string).slice(0, 10) >= (from as string).slice(0, 10);
      }),
    ).toEqual([]);
  });
  test('of periods begin before they end and follow one another without a gap', () => {
    const days = (text: Value) => Date.parse(text as string) / 86_400_000;
    const faulty = drawn.filter(({ category: { typical, items }, rows }) => {
      const start = items.find(({ name, type, typical: hint }) => type === 'date' && hint === null && /(Start|From)$/.test(name));
      const end = items.find(({ name, type, typical: hint }) => type === 'date' && hint === null && /(End|Until)$/.test(name));
      if (typical.period === null || !start?.required || !end?.required) return false;
      const length = { MONTHLY: [28, 31], QUARTERLY: [90, 92], YEARLY: [365, 366] }[typical.period] as [number, number];
      return rows.some((row, place) => {
        const lasted = days(row[end.name] as Value) - days(row[start.name] as Value) + 1;
        const newer = rows[place - 1];
        return lasted < length[0] || lasted > length[1] || (newer !== undefined && days(newer[start.name] as Value) !== days(row[end.name] as Value) + 1);
      });
    });
    expect(faulty.map(({ category }) => category.code)).toEqual([]);
  });
  test('keep the proportions that their hints give', () => {
    expect(
      eachValue((value, { typical, type }, _record, row) => {
        const [, least, most, base] = /^([\d.]+)\.\.([\d.]+) of (\w+)$/.exec(typical ?? '') ?? [];
        const whole = row[base ?? ''];
        if (whole === undefined) return true;
        const slack = (type === 'integer' ? 0.51 : 0.0051) + Math.abs(Number(whole)) * 1e-9 + Number(most) * 0.6;
        const bounds = [Number(least) * Number(whole), Number(most) * Number(whole)];
        return Number(value) >= Math.min(...bounds) - slack && Number(value) <= Math.max(...bounds) + slack;
      }),
    ).toEqual([]);
  });
  test("agree with the firm's registration", () => {
    const registered = new Map(drawn.filter(({ category }) => category.code === 'registration.basic').map(({ uscc, rows }) => [uscc, rows[0] as Row]));
    const firm = drawFirm(SEED, 12);
    expect(registered.get(firm.uscc)).toMatchObject({ enterpriseName: firm.name });
    expect(
      complaints((row, { category, uscc }) => {
        const basic = registered.get(uscc) as Row;
        const same: [Value | undefined, Value | undefined][] =
          category.code === 'registration.annualReport'
            ? [[row.correspondenceAddress, basic.registeredAddress]]
            : category.code === 'industry.sizeGrading'
              ? [[row.gradingIndustry, basic.industry]]
              : category.code === 'judicial.dishonestEnforcee'
                ? [[row.responsiblePerson, basic.legalRepresentative]]
                : [];
        return same.every(([one, other]) => one === undefined || other === undefined || one === other) ? null : JSON.stringify(same);
      }),
    ).toEqual([]);
    const standing = [...registered.values()].filter(({ registrationStatus }) => registrationStatus === '1');
    expect(standing.length).toBeGreaterThan(1_500);
    expect(standing.filter(({ deregistrationDate }) => deregistrationDate !== undefined)).toEqual([]);
  });
  test("keep the catalogue's coverage within reason", () => {
    const far = catalogue.categories.filter(({ code, typical }) => {
      const holders = drawn.filter(({ category }) => category.code === code).length / FIRMS;
      return typical.industries.length === 0 && Math.abs(holders - typical.coverage) > 0.03 + typical.coverage * 0.35;
    });
    expect(far.map(({ code }) => code)).toEqual([]);
  });
  test('of trouble gather at firms in trouble', () => {
    const troubled = new Set(
      Array.from({ length: FIRMS }, (_, index) => drawFirm(SEED, index))
        .filter(({ distressed }) => distressed)
        .map(({ uscc }) => uscc as string),
    );
    const trouble = drawn.filter(({ category }) => isTrouble(category) && category.typical.industries.length === 0);
    const rate = (inside: boolean) => trouble.filter(({ uscc }) => troubled.has(uscc) === inside).length / (inside ? troubled.size : FIRMS - troubled.size);
    expect(rate(true)).toBeGreaterThan(5 * rate(false));
  });
  test('are of different freshness, received after they held and never in the future', () => {
    const now = NOW.getTime() / 86_400_000;
    expect(drawn.filter(({ dataTime, receivedAt }) => receivedAt < dataTime || receivedAt > now)).toEqual([]);
    const age = (code: string) => now - Math.max(...drawn.filter(({ category }) => category.code === code).map(({ dataTime }) => dataTime));
    expect(age('registration.basic')).toBeLessThan(1);
    const daily = catalogue.categories.filter(({ updateCycle }) => updateCycle === 'DAILY').map(({ code }) => age(code));
    expect(daily.some((days) => days > 1)).toBe(true);
    expect(daily.filter((days) => days < 1).length).toBeGreaterThan(daily.length / 2);
  });
});
