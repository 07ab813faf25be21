/** The policy of the synthetic zone: every reason for a refusal can be met, on every day on which the gateway may run. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { readCatalogueFiles } from '../../src/catalogue/files.js';
import { buildCatalogue } from '../../src/catalogue/load.js';
import { drawFirm } from '../../src/synthetic/firm.js';
import { readPolicy } from '../../src/synthetic/policy.js';
import { ZONE_TIME } from '../../src/synthetic/seed.js';
import { PURPOSES } from '../../src/terms.js';

const SEED = 7;
const policy = readPolicy('seeds');
const files = readCatalogueFiles('schema');
const catalogue = buildCatalogue(
  files.categories.map(({ content }) => content),
  files.codeLists.map(({ content }) => content),
);

interface Consent {
  id: string;
  institution: string;
  purposes: string[];
  scope: string[];
  personal: string;
  from: string;
  until: string;
  withdrawn: string | null;
  evidence: string;
}
const list = (text: string) =>
  text
    .slice(1, -1)
    .split(',')
    .map((word) => word.replaceAll('"', ''));
const consentsOf = (index: number): Consent[] =>
  policy
    .consentLines(SEED, index, drawFirm(SEED, index).uscc, ZONE_TIME)
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, id, institution, purposes, scope, personal, from, until, withdrawn, evidence] = line.split('\t') as string[];
      return {
        id,
        institution,
        purposes: list(purposes as string),
        scope: list(scope as string),
        personal,
        from,
        until,
        withdrawn: withdrawn === '\\N' ? null : withdrawn,
        evidence,
      } as Consent;
    });
const holds = ({ from, until, withdrawn }: Consent, at: string) => from <= at && at < until && (withdrawn === null || withdrawn > at);
const DAYS = ['2026-11-01T00:00:00Z', '2027-12-31T23:59:59Z', '2028-01-01T00:00:00Z', '2028-12-31T12:00:00Z'];

describe('the resident institutions', () => {
  test('are 22 banks, three guarantors and one each of four other kinds', () => {
    const kinds = policy.institutions.map(({ kind }) => kind);
    const count = (wanted: string) => kinds.filter((kind) => kind === wanted).length;
    expect([count('BANK'), count('GUARANTEE'), count('MICROLOAN'), count('FACTORING'), count('LEASING'), count('APPRAISAL')]).toEqual([22, 3, 1, 1, 1, 1]);
    expect(new Set(policy.institutions.flatMap(({ code, zh, en }) => [code, zh, en])).size).toBe(29 * 3);
  });
  test('are granted only what the catalogue has', () => {
    const domains = new Set(catalogue.categories.map(({ domain }) => domain));
    const words = policy.grants.flatMap(({ scope }) => scope);
    expect(words.filter((word) => word !== '*' && !domains.has(word) && !catalogue.category(word) && !catalogue.item(word))).toEqual([]);
  });
  test('have agreements and grants that are live through 2028 or ended before 2026', () => {
    const windows = [...policy.agreements, ...policy.grants];
    expect(windows.filter(({ from, until }) => !((from <= '2026-11-01' && until >= '2028-12-31') || until <= '2026-01-01')).map(({ id }) => id)).toEqual([]);
  });
});

describe('each reason for a refusal', () => {
  const agreementsOf = (code: string) => policy.agreements.filter(({ institution, until }) => institution === code && until > '2026-11-01');
  const grantsOf = (code: string) => policy.grants.filter(({ institution }) => institution === code);
  const conditional = catalogue.items.filter(({ sharing, grade }) => sharing === 'CONDITIONAL' || grade >= 3);
  const cases: [string, () => boolean][] = [
    [
      'INSTITUTION_INACTIVE',
      () => policy.institutions.find(({ code }) => code === 'bank-08')?.active === false && policy.institutions.filter(({ active }) => !active).length === 1,
    ],
    [
      'PURPOSE_NOT_AGREED',
      () => agreementsOf('bank-05').length === 0 && agreementsOf('bank-04').every(({ purposes }) => purposes.join() === 'PRE_LOAN_REVIEW'),
    ],
    ['NO_GRANT', () => grantsOf('bank-12').length === 0 && grantsOf('bank-06').every(({ scope }) => !scope.includes('*') && !scope.includes('realEstate'))],
    [
      'GRANT_EXPIRED',
      () =>
        grantsOf('bank-07')
          .filter(({ scope }) => scope.includes('judicial'))
          .every(({ until }) => until < '2026'),
    ],
    ['CONSENT_REQUIRED', () => conditional.length > 0 && consentsOf(4).length === 0],
    [
      'CONSENT_EXPIRED',
      () =>
        consentsOf(3)
          .filter(({ institution }) => institution === 'bank-01')
          .every(({ until }) => until < '2026-11'),
    ],
    [
      'CONSENT_WITHDRAWN',
      () =>
        consentsOf(2)
          .filter(({ institution }) => institution === 'bank-01')
          .every(({ withdrawn }) => withdrawn !== null && withdrawn < '2026-11'),
    ],
    ['ITEM_NOT_SHARED', () => catalogue.items.some(({ sharing }) => sharing === 'NOT_SHARED')],
    ['GRADE_TOO_HIGH', () => agreementsOf('bank-03').every(({ highestGrade }) => highestGrade === 2) && catalogue.items.some(({ grade }) => grade > 2)],
    ['ITEM_NOT_IN_FORCE', () => catalogue.items.some(({ inForceFrom }) => inForceFrom !== null && inForceFrom > '2026-12')],
  ];
  test.each(cases)('%s can be met', (_reason, isMet) => {
    expect(isMet()).toBe(true);
  });
});

describe('consents', () => {
  test('of the first firm let bank-01 see everything, personal data too, through 2028', () => {
    for (const day of DAYS) {
      const live = consentsOf(0).filter((consent) => consent.institution === 'bank-01' && holds(consent, day));
      expect(live).toMatchObject([{ purposes: [...PURPOSES], scope: ['*'], personal: 'CLEAR' }]);
    }
  });
  test('of most of the first fifty firms are live for bank-01', () => {
    for (const day of DAYS) {
      const firms = Array.from({ length: 50 }, (_, index) => index).filter((index) =>
        consentsOf(index).some((consent) => consent.institution === 'bank-01' && holds(consent, day)),
      );
      expect(firms.length).toBeGreaterThan(40);
    }
  });
  test('last two years at most, have their own evidence, and are the same when asked again', () => {
    const all = Array.from({ length: 2_000 }, (_, index) => consentsOf(index)).flat();
    expect(all.filter(({ from, until }) => Date.parse(until) - Date.parse(from) > 731 * 86_400_000)).toEqual([]);
    expect(all.every(({ evidence }) => /^[0-9a-f]{64}$/.test(evidence))).toBe(true);
    expect(new Set(all.map(({ evidence }) => evidence)).size).toBe(all.length);
    expect(consentsOf(77)).toEqual(consentsOf(77));
    expect(all.some(({ institution }) => institution === 'bank-09')).toBe(false);
  });
});

test('a policy that names an unknown institution is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zone-policy-'));
  const file = parse(readFileSync('seeds/policy.yaml', 'utf8'));
  file.grants[0].institution = 'bank-99';
  writeFileSync(join(folder, 'policy.yaml'), stringify(file));
  writeFileSync(join(folder, 'institutions.yaml'), readFileSync('seeds/institutions.yaml'));
  expect(() => readPolicy(folder)).toThrow(/bank-99/);
});
