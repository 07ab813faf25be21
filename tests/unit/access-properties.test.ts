import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../src/access/decide.js';
import type { Agreement, Consent, Grant, Standing } from '../../src/access/evidence.js';
import { explain } from '../../src/access/explain.js';
import { fromByte, type Outcome } from '../../src/access/outcome.js';
import type { ItemFile } from '../../src/catalogue/files.js';
import type { Catalogue, Category, Item } from '../../src/catalogue/model.js';
import type { Grade, Purpose, Uscc } from '../../src/terms.js';
import { FIRM, grounds, inquiry, inventedCatalogue, inventedItem, inventedRecord, NOW, PERSON, standing } from '../harness/invented.js';

/* ---- arbitrary evidence, around one moment ---- */

const RUNS = { numRuns: 600 };
const HOUR = 3_600_000;
const moment = (hours: number) => new Date(NOW.getTime() + hours * HOUR);
const hours = fc.integer({ min: -3, max: 3 });
/** This more often than that: a world in which nearly everything is denied proves little. */
const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: 5 }, { arbitrary: other, weight: 1 });
const BOTH: readonly Purpose[] = ['PRE_LOAN_REVIEW', 'LOAN_APPROVAL'];
const term = fc.record({
  id: fc.uuid(),
  purposes: mostly(fc.constant([...BOTH]), fc.subarray([...BOTH])),
  validFrom: mostly(fc.constant(moment(-9)), hours.map(moment)),
  validUntil: mostly(fc.constant(moment(9)), hours.map(moment)),
});
const grade = fc.constantFrom<Grade>(1, 2, 3, 4);
const scope = mostly(
  fc.constantFrom<string[]>(['*'], ['tax'], ['customs', 'tax.inventedBasis'], ['tax.inventedBasis.matter']),
  fc.subarray(['customs', 'tax.other', 'tax.inventedBasis.filer', 'tax']),
);
const categoryScope = mostly(fc.constantFrom<string[]>(['*'], ['tax'], ['tax.inventedBasis']), fc.subarray(['customs', 'tax.other', 'tax']));
const effect = mostly(fc.constant<'CLEAR' | 'MASKED'>('CLEAR'), fc.constant<'CLEAR' | 'MASKED'>('MASKED'));

const agreements: fc.Arbitrary<Agreement> = fc.tuple(term, mostly(fc.constant<Grade>(4), grade)).map(([part, highestGrade]) => ({ ...part, highestGrade }));
const grants: fc.Arbitrary<Grant> = fc.tuple(term, scope, effect).map(([part, covered, given]) => ({ ...part, scope: covered, effect: given }));
const consents: fc.Arbitrary<Consent> = fc
  .tuple(term, categoryScope, effect, mostly(fc.constant(null), fc.option(hours.map(moment))))
  .map(([part, covered, personal, withdrawnAt]) => ({ ...part, scope: covered, struck: [], personal, withdrawnAt }));
const items: fc.Arbitrary<Partial<ItemFile>> = fc.record({
  grade,
  sharing: fc.constantFrom('UNCONDITIONAL', 'UNCONDITIONAL', 'CONDITIONAL', 'CONDITIONAL', 'NOT_SHARED'),
  personal: fc.boolean(),
  type: fc.constantFrom('string', 'personName', 'address', 'decimal'),
});

interface World {
  readonly standing: Standing;
  readonly consents: readonly Consent[];
  readonly item: Partial<ItemFile>;
  readonly uscc: Uscc;
  readonly purpose: Purpose;
  readonly time: Date;
}
const worlds: fc.Arbitrary<World> = fc.record({
  standing: fc
    .record({
      active: mostly(fc.constant(true), fc.boolean()),
      agreements: mostly(fc.array(agreements, { minLength: 1, maxLength: 2 }), fc.constant<Agreement[]>([])),
      grants: mostly(fc.array(grants, { minLength: 1, maxLength: 3 }), fc.constant<Grant[]>([])),
    })
    .map((part) => standing(part)),
  consents: fc.array(consents, { maxLength: 4 }),
  item: items,
  uscc: fc.constantFrom(FIRM, FIRM, PERSON),
  purpose: fc.constantFrom<Purpose>('PRE_LOAN_REVIEW', 'LOAN_APPROVAL'),
  time: hours.map(moment),
});

interface Built {
  readonly catalogue: Catalogue;
  readonly category: Category;
  readonly matter: Item;
}
const built = new Map<string, Built>();
/** Catalogues are few, and are built once. */
function catalogueWith(item: Partial<ItemFile>): Built {
  const key = JSON.stringify(item);
  let known = built.get(key);
  if (!known) {
    const catalogue = inventedCatalogue(inventedRecord({ code: 'tax.inventedBasis', items: [inventedItem({ name: 'matter', ...item })] }));
    built.set(key, (known = { catalogue, category: catalogue.categories[0] as Category, matter: catalogue.items[0] as Item }));
  }
  return known;
}
function outcomeIn({ standing, consents, item, uscc, purpose, time }: World): Outcome {
  const { catalogue, category, matter } = catalogueWith(item);
  return fromByte(decide(inquiry({ purpose, time }), grounds(standing, { [uscc]: consents }), catalogue).of(uscc, category).outcomes[matter.index]);
}
/** 0 denied, 1 masked, 2 clear. */
const width = (world: World) => ['DENIED', 'MASKED', 'CLEAR'].indexOf(outcomeIn(world).effect);

/* ---- the design, sentence by sentence, without the code's own words ---- */

function byDesign({ standing, consents, item, uscc, purpose, time }: World): string {
  const now = time.getTime();
  const live = <T extends { validFrom: Date; validUntil: Date; purposes: readonly Purpose[] }>(terms: readonly T[]) =>
    terms.filter((one) => one.purposes.indexOf(purpose) >= 0 && one.validFrom.getTime() <= now && one.validUntil.getTime() > now);
  const about = (one: { scope: readonly string[] }, ...words: string[]) => words.some((word) => one.scope.indexOf(word) >= 0);
  if (!standing.active) return 'DENIED INSTITUTION_INACTIVE';
  const agreed = live(standing.agreements);
  if (agreed.length === 0) return 'DENIED PURPOSE_NOT_AGREED';
  if (item.sharing === 'NOT_SHARED') return 'DENIED ITEM_NOT_SHARED';
  const mine = standing.grants.filter((one) => one.purposes.indexOf(purpose) >= 0 && about(one, '*', 'tax', 'tax.inventedBasis', 'tax.inventedBasis.matter'));
  const granted = live(mine);
  if (granted.length === 0) return mine.some(({ validUntil }) => validUntil.getTime() <= now) ? 'DENIED GRANT_EXPIRED' : 'DENIED NO_GRANT';
  const level = item.grade ?? 0;
  if (agreed.some(({ highestGrade }) => level > highestGrade)) return 'DENIED GRADE_TOO_HIGH';
  const given = consents.filter((one) => one.purposes.indexOf(purpose) >= 0 && about(one, '*', 'tax', 'tax.inventedBasis'));
  const kept = given.filter(({ withdrawnAt }) => withdrawnAt === null || now < withdrawnAt.getTime());
  const consented = live(kept);
  if ((item.sharing === 'CONDITIONAL' || level > 2) && consented.length === 0) {
    if (kept.length < given.length) return 'DENIED CONSENT_WITHDRAWN';
    return kept.some(({ validUntil }) => validUntil.getTime() <= now) ? 'DENIED CONSENT_EXPIRED' : 'DENIED CONSENT_REQUIRED';
  }
  const identifies = item.personal || (uscc.slice(0, 2) === '92' && (item.type === 'personName' || item.type === 'address'));
  const grantSaysClear = granted.every((one) => one.effect === 'CLEAR');
  const consentSaysClear = consented.length > 0 && consented.every(({ personal }) => personal === 'CLEAR');
  return level === 4 || !grantSaysClear || (identifies && !consentSaysClear) ? 'MASKED' : 'CLEAR';
}
const told = (outcome: Outcome) => (outcome.effect === 'DENIED' ? `DENIED ${outcome.reason}` : outcome.effect);

describe('a decision', () => {
  test('is what the design says, whatever the evidence', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(worlds, (world) => {
        const decided = told(outcomeIn(world));
        met.add(decided);
        expect(decided).toBe(byDesign(world));
      }),
      { numRuns: 3_000 },
    );
    // All that can come of it did come of it, so the comparison was not an idle one.
    expect(met.size).toBe(11);
  });

  test('is the same from evidence that was compiled before and from evidence met for the first time', () => {
    fc.assert(
      fc.property(worlds, fc.array(hours.map(moment), { minLength: 1, maxLength: 8 }), (world, times) => {
        for (const time of times) {
          const afresh = { ...world, time, standing: { ...world.standing } };
          expect(outcomeIn({ ...world, time })).toEqual(outcomeIn(afresh));
        }
      }),
      RUNS,
    );
  });

  test('is told as it is made', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { category } = catalogueWith(world.item);
        const [explained] = [...explain(grounds(world.standing, { [world.uscc]: world.consents }), world.purpose, world.uscc, world.time, [category])];
        expect(explained?.outcome).toEqual(outcomeIn(world));
      }),
      RUNS,
    );
  });
});

describe('less evidence never gives more', () => {
  /** The world with one of a list taken out. */
  const place = fc.nat(3);
  const less = <T>(list: readonly T[], which: number): readonly T[] => list.filter((_, position) => position !== which % Math.max(1, list.length));
  const removedOf = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)];

  test('taking a grant away never gives what was denied, and never widens but where the grant masked', () => {
    fc.assert(
      fc.property(worlds, place, (world, which) => {
        const narrower = { ...world, standing: { ...world.standing, grants: less(world.standing.grants, which) } };
        if (width(world) === 0) expect(width(narrower)).toBe(0);
        if (removedOf(world.standing.grants, which)?.effect === 'CLEAR') expect(width(narrower)).toBeLessThanOrEqual(width(world));
      }),
      RUNS,
    );
  });

  test('withdrawing a consent never gives what was denied, and never widens but where the consent masked', () => {
    fc.assert(
      fc.property(worlds, place, (world, which) => {
        const withdrawn = removedOf(world.consents, which);
        const narrower = { ...world, consents: world.consents.map((one) => (one === withdrawn ? { ...one, withdrawnAt: world.time } : one)) };
        if (width(world) === 0) expect(width(narrower)).toBe(0);
        if (withdrawn?.personal === 'CLEAR') expect(width(narrower)).toBeLessThanOrEqual(width(world));
      }),
      RUNS,
    );
  });

  test('withdrawing every consent leaves nothing that needs one', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const narrower = { ...world, consents: world.consents.map((one) => ({ ...one, withdrawnAt: world.time })) };
        const { grade = 1, sharing } = world.item;
        expect(width(narrower)).toBeLessThanOrEqual(grade >= 3 || sharing === 'CONDITIONAL' ? 0 : width(world));
      }),
      RUNS,
    );
  });

  test('an institution made inactive is given nothing', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        expect(told(outcomeIn({ ...world, standing: { ...world.standing, active: false } }))).toBe('DENIED INSTITUTION_INACTIVE');
      }),
      RUNS,
    );
  });

  test('an agreement to less never widens', () => {
    fc.assert(
      fc.property(worlds, place, grade, (world, which, highestGrade) => {
        const lowered = removedOf(world.standing.agreements, which);
        const agreements = world.standing.agreements.map((one) =>
          one === lowered ? { ...one, highestGrade: Math.min(highestGrade, one.highestGrade) as Grade } : one,
        );
        expect(width({ ...world, standing: { ...world.standing, agreements } })).toBeLessThanOrEqual(width(world));
      }),
      RUNS,
    );
  });
});

describe('more evidence never gives more than it says', () => {
  test('a masked grant more never widens what is given, and gives nothing clear', () => {
    fc.assert(
      fc.property(worlds, grants, (world, more) => {
        const wider = { ...world, standing: { ...world.standing, grants: [...world.standing.grants, { ...more, effect: 'MASKED' as const }] } };
        expect(width(wider)).toBeLessThanOrEqual(Math.max(1, width(world)));
      }),
      RUNS,
    );
  });

  test('a grant more gives nothing to an institution whose purpose is not agreed', () => {
    fc.assert(
      fc.property(worlds, grants, (world, more) => {
        const wider = { ...world, standing: { ...world.standing, agreements: [], grants: [...world.standing.grants, more] } };
        expect(width(wider)).toBe(0);
      }),
      RUNS,
    );
  });

  test('an agreement more, where the purpose is agreed, never widens: the strictest counts', () => {
    fc.assert(
      fc.property(worlds, agreements, (world, more) => {
        const first = { ...more, purposes: [world.purpose], validFrom: moment(-9), validUntil: moment(9), highestGrade: 3 as Grade };
        const agreed = { ...world, standing: { ...world.standing, agreements: [...world.standing.agreements, first] } };
        const wider = { ...agreed, standing: { ...agreed.standing, agreements: [...agreed.standing.agreements, more] } };
        expect(width(wider)).toBeLessThanOrEqual(width(agreed));
      }),
      RUNS,
    );
  });

  test('a clear grant or consent more never narrows', () => {
    fc.assert(
      fc.property(worlds, grants, consents, (world, grant, consent) => {
        const granted = { ...world, standing: { ...world.standing, grants: [...world.standing.grants, { ...grant, effect: 'CLEAR' as const }] } };
        const consented = { ...world, consents: [...world.consents, { ...consent, personal: 'CLEAR' as const }] };
        expect(width(granted)).toBeGreaterThanOrEqual(width(world));
        expect(width(consented)).toBeGreaterThanOrEqual(width(world));
      }),
      RUNS,
    );
  });

  test('no evidence at all makes an item of grade 4 clear', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        expect(width({ ...world, item: { ...world.item, grade: 4 } })).toBeLessThan(2);
      }),
      RUNS,
    );
  });
});

describe('a more sensitive item is never given more widely', () => {
  test.each<[what: string, narrowed: (world: World) => World]>([
    ['of a higher grade', (world) => ({ ...world, item: { ...world.item, grade: Math.min(4, (world.item.grade ?? 1) + 1) as Grade } })],
    ['that is personal', (world) => ({ ...world, item: { ...world.item, personal: true } })],
    [
      'that is shared on condition',
      (world) => ({ ...world, item: { ...world.item, sharing: world.item.sharing === 'NOT_SHARED' ? 'NOT_SHARED' : 'CONDITIONAL' } }),
    ],
    ['that is not shared', (world) => ({ ...world, item: { ...world.item, sharing: 'NOT_SHARED' } })],
    ["of an individual's business", (world) => ({ ...world, uscc: PERSON })],
    ['not yet in force', (world) => ({ ...world, item: { ...world.item, inForce: '2099-01-01' } })],
  ])('%s', (_what, narrowed) => {
    fc.assert(
      fc.property(worlds, (world) => {
        expect(width(narrowed(world))).toBeLessThanOrEqual(width(world));
      }),
      RUNS,
    );
  });
});
