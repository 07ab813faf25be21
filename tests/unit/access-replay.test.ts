import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../src/access/decide.js';
import type { Consent, Grant } from '../../src/access/evidence.js';
import { fromByte } from '../../src/access/outcome.js';
import { openReplay, type PastInquiry } from '../../src/access/replay.js';
import type { Category, Item } from '../../src/catalogue/model.js';
import type { InstitutionId, Purpose, Uscc } from '../../src/terms.js';
import {
  BEFORE,
  consent,
  grant,
  grounds,
  inquiry,
  inventedCatalogue,
  inventedCategory,
  inventedItem,
  inventedRecord,
  NOW,
  standing,
  usccOf,
} from '../harness/invented.js';

const catalogue = inventedCatalogue(
  inventedRecord({ code: 'tax.inventedBasis', items: [inventedItem({ name: 'plain' }), inventedItem({ name: 'matter', grade: 3 })] }),
  inventedCategory({ code: 'customs.inventedReturn' }),
);
const basis = catalogue.category('tax.inventedBasis') as Category;
const returned = catalogue.category('customs.inventedReturn') as Category;
const BANK = 'bank-01' as InstitutionId;
const FIRMS = ['91110108MA01', '91110108MA02', '92110108MA03'].map(usccOf);
const whole = (category: Category): readonly [Category, readonly Item[]] => [category, category.items];

interface Asked {
  readonly purpose: Purpose;
  readonly usccs: readonly Uscc[];
  readonly categories: readonly Category[];
}
const asked: fc.Arbitrary<Asked> = fc.record({
  purpose: fc.constantFrom<Purpose>('PRE_LOAN_REVIEW', 'LOAN_APPROVAL'),
  usccs: fc.subarray(FIRMS, { minLength: 1 }),
  categories: fc.subarray([basis, returned], { minLength: 1 }),
});
const grants: fc.Arbitrary<Grant[]> = fc.array(
  fc
    .record({
      scope: fc.constantFrom(['*'], ['tax'], ['tax.inventedBasis.matter'], ['customs']),
      effect: fc.constantFrom<Grant['effect']>('CLEAR', 'MASKED'),
      purposes: fc.constantFrom<Purpose[]>(['PRE_LOAN_REVIEW'], ['PRE_LOAN_REVIEW', 'LOAN_APPROVAL']),
    })
    .map(grant),
  { maxLength: 2 },
);
const consents: fc.Arbitrary<Record<string, Consent[]>> = fc
  .array(
    fc.record({ uscc: fc.constantFrom(...FIRMS), personal: fc.constantFrom<Consent['personal']>('CLEAR', 'MASKED'), scope: fc.constantFrom(['*'], ['tax']) }),
    { maxLength: 3 },
  )
  .map((given) =>
    Object.fromEntries(FIRMS.map((uscc) => [uscc, given.filter((one) => one.uscc === uscc).map(({ personal, scope }) => consent({ personal, scope }))])),
  );
const width = (effect: string) => ['DENIED', 'MASKED', 'CLEAR'].indexOf(effect);

describe('A replay', () => {
  test('counts, item by item, the inquiries and enterprises of which deciding under both policies gives more or less', () => {
    let met = 0;
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 4 }), grants, grants, consents, (inquiries, given, drafted, consented) => {
        const [before, after] = [standing({ grants: given }), standing({ grants: drafted })];
        const evidence = grounds(before, consented);
        const replay = openReplay({ catalogue, time: NOW });
        const expected = new Map<string, { reads: Set<number>; usccs: Set<string> }>();
        for (const [place, { purpose, usccs, categories }] of inquiries.entries()) {
          const past: PastInquiry = {
            institution: BANK,
            purpose,
            time: NOW,
            reads: [{ usccs, asked: new Map(categories.map(whole)) }],
            consentsOf: evidence.consentsOf,
          };
          replay.note(past, before, after);
          const was = decide(inquiry({ purpose }), evidence, catalogue);
          const is = decide(inquiry({ purpose }), grounds(after, consented), catalogue);
          for (const category of categories) {
            for (const { index, code } of category.items) {
              for (const uscc of usccs) {
                const more = width(fromByte(is.of(uscc, category).outcomes[index]).effect) - width(fromByte(was.of(uscc, category).outcomes[index]).effect);
                if (more === 0) continue;
                const key = `${code} ${more > 0 ? 'WIDENED' : 'NARROWED'}`;
                const known = expected.get(key) ?? { reads: new Set(), usccs: new Set() };
                expected.set(key, { reads: known.reads.add(place), usccs: known.usccs.add(uscc) });
              }
            }
          }
        }
        const found = replay.affected().map(({ item, change, reads, enterprises }) => [`${item?.code} ${change}`, reads, enterprises]);
        met += found.length;
        expect(found.sort()).toEqual([...expected].map(([key, { reads, usccs }]) => [key, reads.size, usccs.size]).sort());
      }),
      { numRuns: 400 },
    );
    expect(met).toBeGreaterThan(400);
  });

  const past = (part: Partial<PastInquiry>): PastInquiry => ({
    institution: BANK,
    purpose: 'PRE_LOAN_REVIEW',
    time: NOW,
    reads: [{ usccs: [FIRMS[0] as Uscc], asked: new Map([whole(basis)]) }],
    consentsOf: () => [],
    ...part,
  });

  test('holds consents against the time of the inquiry, and grants against its own', () => {
    const over = consent({ validFrom: BEFORE, validUntil: NOW });
    const later = grant({ validFrom: NOW });
    const replay = openReplay({ catalogue, time: NOW });
    const earlier = new Date(NOW.getTime() - 1);
    replay.note(past({ time: earlier, consentsOf: () => [over] }), standing({ grants: [] }), standing({ grants: [later] }));
    expect(replay.affected().map(({ item, change }) => [item?.name, change])).toEqual([
      ['plain', 'WIDENED'],
      ['matter', 'WIDENED'],
    ]);
    const now = openReplay({ catalogue, time: NOW });
    now.note(past({ consentsOf: () => [over] }), standing({ grants: [] }), standing({ grants: [later] }));
    expect(now.affected().map(({ item }) => item?.name)).toEqual(['plain']);
  });

  test('counts an inquiry that asks an item twice once, and one for provenance by its category', () => {
    const reads = [
      { usccs: [FIRMS[0] as Uscc], asked: new Map([whole(basis)]) },
      { usccs: [FIRMS[1] as Uscc], asked: new Map([whole(basis), [returned, []] as const]) },
    ];
    const replay = openReplay({ catalogue, time: NOW });
    replay.note(past({ reads }), standing(), null);
    expect(replay.affected().map(({ category, item, reads, enterprises }) => [item?.name ?? category.code, reads, enterprises])).toEqual([
      [returned.code, 1, 1],
      ['plain', 1, 2],
    ]);
  });
});
