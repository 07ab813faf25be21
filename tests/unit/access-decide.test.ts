import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compile, everyCircumstance } from '../../src/access/compile.js';
import { decide, decideDirectory, type Permit } from '../../src/access/decide.js';
import type { Consent, Grounds, Standing } from '../../src/access/evidence.js';
import { explain } from '../../src/access/explain.js';
import { judge } from '../../src/access/judge.js';
import { fromByte, REASONS, type Reason } from '../../src/access/outcome.js';
import { RULES } from '../../src/access/rules/index.js';
import type { ItemFile } from '../../src/catalogue/files.js';
import { loadCatalogue } from '../../src/catalogue/load.js';
import type { Catalogue, Category, Item } from '../../src/catalogue/model.js';
import { type InstitutionId, PURPOSES } from '../../src/terms.js';
import { PROJECT } from '../harness/house.js';
import {
  AFTER,
  agreement,
  BEFORE,
  consent,
  FIRM,
  grant,
  grounds,
  inquiry,
  inventedCatalogue,
  inventedCategory,
  inventedItem,
  inventedRecord,
  NOW,
  onlyItem,
  PERSON,
  question,
  standing,
  usccOf,
} from '../harness/invented.js';

const at = (milliseconds: number) => new Date(NOW.getTime() + milliseconds);

describe('the law of access', () => {
  test('is a list that cannot be changed, of rules that say what they assert and on which basis', () => {
    expect(Object.isFrozen(RULES)).toBe(true);
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { says, basis } of RULES) {
      expect(says).toMatch(/^[A-Z].{20,}\.$/);
      expect(basis.length).toBeGreaterThan(4);
    }
  });

  test('has a file and a table of cases for each rule, and no file that is not applied', () => {
    const files = (folder: string, end: string) =>
      readdirSync(join(PROJECT, folder)).flatMap((file) => (file.endsWith(end) ? [file.slice(0, -end.length)] : []));
    const rules = files('src/access/rules', '.ts').filter((name) => !['index', 'rule'].includes(name));
    expect(rules.sort()).toEqual(RULES.map(({ name }) => name).sort());
    expect(files('tests/unit/rules', '.test.ts').sort()).toEqual(rules);
  });
});

describe('the judgement on one item', () => {
  test('is clear when no rule objects, and names no rule', () => {
    expect(judge(question())).toEqual({ outcome: { effect: 'CLEAR' }, rule: null });
  });

  test.each<[what: string, part: Parameters<typeof question>[0], rule: string]>([
    ['a masked grant', { standing: standing({ grants: [grant({ effect: 'MASKED' })] }) }, 'grantCoversItem'],
    ['grade 4', { item: { grade: 4 } }, 'gradeFourIsNeverClear'],
    ['personal data', { item: { personal: true }, consent: 'PERSONAL_MASKED' }, 'personalDataNeedBoth'],
  ])('is masked for %s, and names the rule', (_what, part, rule) => {
    const judgement = judge(question(part));
    expect(judgement.outcome).toEqual({ effect: 'MASKED' });
    expect(judgement.rule?.name).toBe(rule);
  });

  /** For each reason, what makes it apply. */
  const CAUSES: Record<Reason, { standing?: Partial<Standing>; item?: Partial<ItemFile>; consent?: 'NONE' | 'EXPIRED' | 'WITHDRAWN' }> = {
    INSTITUTION_INACTIVE: { standing: { active: false } },
    PURPOSE_NOT_AGREED: { standing: { agreements: [] } },
    ITEM_NOT_IN_FORCE: { item: { inForce: '2099-01-01' } },
    ITEM_NOT_SHARED: { item: { sharing: 'NOT_SHARED' } },
    NO_GRANT: { standing: { grants: [] } },
    GRANT_EXPIRED: { standing: { grants: [grant({ validUntil: BEFORE })] } },
    GRADE_TOO_HIGH: { standing: { agreements: [agreement({ highestGrade: 2 })] } },
    CONSENT_REQUIRED: { consent: 'NONE' },
    CONSENT_EXPIRED: { consent: 'EXPIRED' },
    CONSENT_WITHDRAWN: { consent: 'WITHDRAWN' },
  };
  const together = (...reasons: Reason[]) =>
    question({
      standing: standing(Object.assign({}, ...reasons.map((reason) => CAUSES[reason].standing))),
      item: Object.assign({ grade: 3 }, ...reasons.map((reason) => CAUSES[reason].item)),
      consent: reasons.map((reason) => CAUSES[reason].consent).find(Boolean) ?? 'PERSONAL_CLEAR',
    });

  test.each(REASONS)('is denied for %s alone, and names the rule that objected', (reason) => {
    const judgement = judge(together(reason));
    expect(judgement.outcome).toEqual({ effect: 'DENIED', reason });
    expect(judgement.rule?.judge(together(reason))).toBe(reason);
  });

  const EXCLUSIVE: readonly (readonly Reason[])[] = [
    ['NO_GRANT', 'GRANT_EXPIRED'],
    ['CONSENT_REQUIRED', 'CONSENT_EXPIRED', 'CONSENT_WITHDRAWN'],
    ['PURPOSE_NOT_AGREED', 'GRADE_TOO_HIGH'],
  ];
  const exclusive = (left: Reason, right: Reason) => EXCLUSIVE.some((group) => group.includes(left) && group.includes(right));
  const pairs = REASONS.flatMap((left, place) => REASONS.slice(place + 1).map((right) => [left, right] as const)).filter(
    ([left, right]) => !exclusive(left, right),
  );

  test.each(pairs)('tells %s before %s when both apply', (first, second) => {
    expect(judge(together(second, first)).outcome).toEqual({ effect: 'DENIED', reason: first });
  });

  test('is denied where another rule would only mask', () => {
    const masks = { item: { grade: 4, personal: true } as const, consent: 'NONE' as const };
    expect(judge(question(masks)).outcome).toEqual({ effect: 'DENIED', reason: 'CONSENT_REQUIRED' });
    expect(judge(question({ ...masks, standing: standing({ grants: [grant({ effect: 'MASKED' })], active: false }) })).outcome).toEqual({
      effect: 'DENIED',
      reason: 'INSTITUTION_INACTIVE',
    });
  });

  test('is denied by default: an institution of which nothing is known but that it is active gets nothing', () => {
    expect(judge(question({ standing: standing({ agreements: [], grants: [] }) })).outcome.effect).toBe('DENIED');
    expect(judge(question({ standing: standing({ grants: [] }) })).outcome).toEqual({ effect: 'DENIED', reason: 'NO_GRANT' });
  });
});

describe('policy compiled', () => {
  const { catalogue, item } = onlyItem({ inForce: '2027-01-01' });
  const midnight = new Date('2026-12-31T16:00:00Z');
  const held = standing({ agreements: [agreement({ validFrom: at(-60_000), validUntil: at(120_000) })], grants: [grant({ validUntil: at(60_000) })] });

  test('is used again for the same evidence, purpose and catalogue while no term begins or ends', () => {
    const first = compile(held, 'PRE_LOAN_REVIEW', NOW, catalogue);
    expect(first.from).toBe(at(-60_000).getTime());
    expect(first.until).toBe(at(60_000).getTime());
    expect(compile(held, 'PRE_LOAN_REVIEW', at(59_999), catalogue)).toBe(first);
    expect(compile(held, 'PRE_LOAN_REVIEW', at(-60_000), catalogue)).toBe(first);
    expect(first.outcomesFor('FIRM', 'NONE')).toBe(first.outcomesFor('FIRM', 'NONE'));
  });

  test.each<[what: string, afresh: () => unknown]>([
    ['when the grant ends', () => compile(held, 'PRE_LOAN_REVIEW', at(60_000), catalogue)],
    ['before the agreement begins', () => compile(held, 'PRE_LOAN_REVIEW', at(-60_001), catalogue)],
    ['for another purpose', () => compile(held, 'RISK_DISPOSAL', NOW, catalogue)],
    ['for another catalogue', () => compile(held, 'PRE_LOAN_REVIEW', NOW, onlyItem({ name: 'other' }).catalogue)],
    ['for evidence gathered anew', () => compile({ ...held }, 'PRE_LOAN_REVIEW', NOW, catalogue)],
  ])('is compiled afresh %s', (_what, afresh) => {
    expect(afresh()).not.toBe(compile(held, 'PRE_LOAN_REVIEW', NOW, catalogue));
  });

  test('changes at midnight in Beijing when an item comes into force that day', () => {
    const open = standing();
    const before = compile(open, 'PRE_LOAN_REVIEW', new Date(midnight.getTime() - 1), catalogue);
    const after = compile(open, 'PRE_LOAN_REVIEW', midnight, catalogue);
    expect(before.until).toBe(midnight.getTime());
    expect(after.from).toBe(midnight.getTime());
    expect(fromByte(before.outcomesFor('FIRM', 'PERSONAL_CLEAR')[item.index])).toEqual({ effect: 'DENIED', reason: 'ITEM_NOT_IN_FORCE' });
    expect(fromByte(after.outcomesFor('FIRM', 'PERSONAL_CLEAR')[item.index])).toEqual({ effect: 'CLEAR' });
  });

  test('has one byte an item, as the judgement says, for every circumstance there can be', () => {
    const both = inventedCatalogue(inventedCategory({ sharing: { type: 'CONDITIONAL', condition: { zh: '授权', en: 'consent' } } }), inventedRecord());
    const compiled = compile(standing(), 'PRE_LOAN_REVIEW', NOW, both);
    const circumstances = everyCircumstance();
    expect(circumstances).toHaveLength(10);
    for (const circumstance of circumstances) {
      const outcomes = compiled.outcomesFor(circumstance.subject, circumstance.consent);
      expect(outcomes).toHaveLength(both.items.length);
      for (const category of both.categories) {
        for (const item of category.items) {
          const judged = judge({ category, item, standing: standing(), purpose: 'PRE_LOAN_REVIEW', time: NOW, ...circumstance });
          expect(fromByte(outcomes[item.index])).toEqual(judged.outcome);
        }
      }
    }
  });
});

describe('a permit', () => {
  const CONDITION = { type: 'CONDITIONAL' as const, condition: { zh: '经授权', en: 'with consent' } };
  const catalogue = inventedCatalogue(
    inventedCategory({ sharing: CONDITION }),
    inventedRecord({
      items: [inventedItem({ name: 'seat', type: 'address', mask: 'address' }), inventedItem({ name: 'secret', sharing: 'NOT_SHARED', grade: 3 })],
    }),
  );
  const [basis, returns] = catalogue.categories as [Category, Category];
  const item = (category: Category, name: string) => category.itemsByName.get(name) as Item;
  const permitOf = (consents: Record<string, Consent[]> = {}, of = standing()): Permit => decide(inquiry(), grounds(of, consents), catalogue);
  const outcome = (permit: Permit, uscc: typeof FIRM, category: Category, name: string) =>
    fromByte(permit.of(uscc, category).outcomes[item(category, name).index]);

  test('carries what the answer and the audit entry will say of it', () => {
    expect(permitOf()).toMatchObject({ institution: 'bank-01', policyVersion: 7, epoch: 3, purpose: 'PRE_LOAN_REVIEW', time: NOW });
  });

  test("follows each enterprise's own consent, and none where there is none", () => {
    const agreed = consent({ scope: ['tax'] });
    const permit = permitOf({ [FIRM]: [agreed] });
    expect(outcome(permit, FIRM, returns, 'office')).toEqual({ effect: 'CLEAR' });
    expect(permit.of(FIRM, returns).consents).toEqual([agreed.id]);
    const another = usccOf('91110108MB02');
    expect(outcome(permit, another, returns, 'office')).toEqual({ effect: 'DENIED', reason: 'CONSENT_REQUIRED' });
    expect(permit.of(another, returns).consents).toEqual([]);
    expect(outcome(permit, another, basis, 'seat')).toEqual({ effect: 'CLEAR' });
  });

  test("masks in an individual's business what identifies the person", () => {
    expect(outcome(permitOf(), PERSON, basis, 'seat')).toEqual({ effect: 'MASKED' });
    expect(outcome(permitOf({ [PERSON]: [consent()] }), PERSON, basis, 'seat')).toEqual({ effect: 'CLEAR' });
    expect(outcome(permitOf({ [PERSON]: [consent({ personal: 'MASKED' })] }), PERSON, basis, 'seat')).toEqual({ effect: 'MASKED' });
  });

  test('shares one array among enterprises of equal consent, so that they group by identity', () => {
    const another = usccOf('91110108MB02');
    const permit = permitOf({ [FIRM]: [consent()], [another]: [consent()] });
    expect(permit.of(FIRM, returns).outcomes).toBe(permit.of(another, returns).outcomes);
    expect(permit.of(FIRM, returns).outcomes).not.toBe(permit.of(usccOf('91110108MC03'), returns).outcomes);
    expect(permit.of(FIRM, returns)).toBe(permit.of(FIRM, returns));
  });

  test.each<[sentence: string, asked: string[], consents: Consent[], fetched: boolean]>([
    ['a category of which all that is asked is denied is not fetched', ['office', 'taxableSales'], [], false],
    ['one item given is enough to fetch', ['office', 'filer'], [consent()], true],
    ['an item given masked is enough to fetch', ['filer'], [consent({ personal: 'MASKED' })], true],
    ['where only the provenance is asked, any item given is enough', [], [consent()], true],
    ['where only the provenance is asked and nothing is given, nothing is fetched', [], [], false],
  ])('%s', (_sentence, asked, consents, fetched) => {
    expect(
      permitOf({ [FIRM]: consents }).fetches(
        FIRM,
        returns,
        asked.map((name) => item(returns, name)),
      ),
    ).toBe(fetched);
  });

  test('does not fetch for a denied item because a neighbour of it is given', () => {
    const permit = permitOf();
    expect(permit.fetches(FIRM, basis, [item(basis, 'seat')])).toBe(true);
    expect(permit.fetches(FIRM, basis, [item(basis, 'secret')])).toBe(false);
    expect(permit.fetches(FIRM, basis, [])).toBe(true);
  });

  test('of an inactive institution fetches nothing at all', () => {
    const permit = permitOf({ [FIRM]: [consent()] }, standing({ active: false }));
    for (const category of catalogue.categories)
      expect([permit.fetches(FIRM, category, []), permit.fetches(FIRM, category, category.items)]).toEqual([false, false]);
  });
});

describe('leave to search the directory', () => {
  test.each<[sentence: string, part: Partial<Standing>, given: boolean]>([
    ['is given to an active institution with an agreement in force', {}, true],
    ['needs no particular purpose', { agreements: [agreement({ purposes: [] })] }, true],
    ['needs no grant', { grants: [] }, true],
    ['is not given to an inactive institution', { active: false }, false],
    ['is not given without an agreement', { agreements: [] }, false],
    ['is not given when every agreement has ended', { agreements: [agreement({ validUntil: NOW })] }, false],
    ['is not given before the agreement begins', { agreements: [agreement({ validFrom: AFTER })] }, false],
  ])('%s', (_sentence, part, given) => {
    const permit = decideDirectory(standing(part), NOW);
    expect(permit !== null).toBe(given);
    if (permit) expect(permit.institution).toBe('bank-01');
  });
});

describe('the explanation', () => {
  const catalogue: Catalogue = loadCatalogue(join(PROJECT, 'schema'));
  const evidence = standing({
    institution: 'bank-14' as InstitutionId,
    agreements: [agreement({ highestGrade: 3 }), agreement({ highestGrade: 4, purposes: ['RISK_DISPOSAL'] })],
    grants: [
      grant({ scope: ['registration', 'judicial'] }),
      grant({ scope: ['tax', 'registration.basic.legalRepresentative'], effect: 'MASKED' }),
      grant({ scope: ['socialSecurity'], validUntil: at(-1) }),
      grant({ scope: ['*'], purposes: ['RISK_DISPOSAL'] }),
    ],
  });
  const given: Record<string, Consent[]> = {
    [FIRM]: [consent({ scope: ['tax', 'judicial'] }), consent({ scope: ['registration'], withdrawnAt: at(-1) })],
    [PERSON]: [consent({ personal: 'MASKED' })],
  };
  const sources: Grounds = grounds(evidence, given);

  test.each(PURPOSES.flatMap((purpose) => [FIRM, PERSON, usccOf('91110108MD04')].map((uscc) => [purpose, uscc] as const)))(
    'agrees with the decision on every item of the zone, for %s and %s',
    (purpose, uscc) => {
      const permit = decide(inquiry({ purpose }), sources, catalogue);
      const told = [...explain(sources, purpose, uscc, NOW, catalogue.categories)];
      expect(told.map(({ item }) => item.code)).toEqual(catalogue.items.map(({ code }) => code));
      const differing = told.filter(({ category, item, outcome, consents }) => {
        const decided = permit.of(uscc, category);
        return JSON.stringify([fromByte(decided.outcomes[item.index]), decided.consents]) !== JSON.stringify([outcome, consents]);
      });
      expect(differing.map(({ item }) => item.code)).toEqual([]);
      expect(new Set(told.map(({ outcome }) => outcome.effect)).size).toBeGreaterThan(1);
    },
  );

  test('without an enterprise is that for a firm which has consented to nothing', () => {
    const nobody = usccOf('91110108MD04');
    const told = (uscc: typeof nobody | null) =>
      [...explain(sources, 'PRE_LOAN_REVIEW', uscc, NOW, catalogue.categories)].map(({ item, outcome, rule, grants, consents }) =>
        JSON.stringify([item.code, outcome, rule?.name, grants, consents]),
      );
    expect(told(null)).toEqual(told(nobody));
  });

  test('names the rule that decided, the grants in force that cover the item, and the consents', () => {
    const category = catalogue.category('tax.valueAddedTaxReturn') as Category;
    const [first] = [...explain(sources, 'PRE_LOAN_REVIEW', FIRM, NOW, [category])];
    expect(first).toMatchObject({
      category,
      item: category.items[0],
      policyVersion: 7,
      outcome: { effect: 'MASKED' },
      grants: [evidence.grants[1]?.id],
      consents: [given[FIRM]?.[0]?.id],
    });
    expect(first?.rule?.name).toBe('grantCoversItem');
  });

  test('names no grant that ended or is for another purpose', () => {
    const categories = catalogue.categories.filter(({ domain }) => domain === 'socialSecurity');
    const told = [...explain(sources, 'PRE_LOAN_REVIEW', null, NOW, categories)];
    expect(told.length).toBeGreaterThan(10);
    expect(new Set(told.flatMap(({ grants }) => grants))).toEqual(new Set());
    expect(told.some(({ outcome }) => outcome.effect === 'DENIED' && outcome.reason === 'GRANT_EXPIRED')).toBe(true);
  });
});
