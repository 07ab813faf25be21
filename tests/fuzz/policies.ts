/** Arbitrary policies, and arbitrary changes of them: every row as governance would write it. */
import fc from 'fast-check';
import type { CategoryFacts } from '../oracle/catalogue.js';
import type { Agreement, Consent, Grant, Policy, Setting } from '../oracle/policy.js';
import { BASE, CLOCKS, EVER, FIRMS, INSTITUTIONS, MOMENTS, PURPOSES } from './place.js';

export type Change =
  | { readonly change: 'GRANT'; readonly index: number; readonly content: GrantContent | 'REVOKE' }
  | { readonly change: 'NEW_GRANT'; readonly holder: Holder; readonly content: GrantContent }
  | { readonly change: 'AGREEMENT'; readonly index: number; readonly content: AgreementContent | 'END' }
  | { readonly change: 'RESIDENCE'; readonly index: number; readonly active: boolean }
  | { readonly change: 'CONSENT'; readonly index: number; readonly narrowing: Partial<Pick<Consent, 'struck' | 'withdrawnAt' | 'personal'>> }
  | { readonly change: 'NEW_CONSENT'; readonly consent: NewConsent }
  | { readonly change: 'SETTING'; readonly setting: Omit<Setting, 'version'> }
  | { readonly change: 'CLOCK'; readonly time: number }
  | { readonly change: 'DELIVERY'; readonly firm: number; readonly category: string };

type Holder = Pick<Grant, 'institution' | 'institutionKind'>;
type GrantContent = Pick<Grant, 'purposes' | 'scope' | 'effect' | 'validFrom' | 'validUntil'>;
type AgreementContent = Pick<Agreement, 'purposes' | 'highestGrade' | 'validFrom' | 'validUntil'>;
type NewConsent = Pick<Consent, 'uscc' | 'institution' | 'purposes' | 'scope' | 'struck' | 'personal' | 'validFrom' | 'validUntil' | 'withdrawnAt'>;

/** The moment around which the clock of most scenarios turns. */
const TURN = new Date(BASE).toISOString();
const moment = fc.constantFrom(...MOMENTS);
const term = fc.oneof(
  { weight: 8, arbitrary: fc.constant(EVER) },
  {
    weight: 2,
    arbitrary: fc
      .record({ validFrom: moment, validUntil: moment })
      .map(({ validFrom, validUntil }) => (validFrom <= validUntil ? { validFrom, validUntil } : { validFrom: validUntil, validUntil: validFrom })),
  },
  { weight: 1, arbitrary: moment.map((validUntil) => ({ ...EVER, validUntil })) },
  { weight: 1, arbitrary: moment.map((validFrom) => ({ ...EVER, validFrom })) },
);
/** One that has begun or ended, or not. */
const partTerm = fc.oneof(
  moment.map((validUntil) => ({ ...EVER, validUntil })),
  moment.map((validFrom) => ({ ...EVER, validFrom })),
);
const purposes = fc.oneof({ weight: 2, arbitrary: fc.constant([...PURPOSES]) }, { weight: 2, arbitrary: fc.subarray([...PURPOSES], { minLength: 1 }) });
const institution = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string>(INSTITUTIONS[0].code) },
  { weight: 2, arbitrary: fc.constantFrom<string>(...INSTITUTIONS.map(({ code }) => code)) },
);
const effect = fc.oneof({ weight: 3, arbitrary: fc.constant('CLEAR' as const) }, { weight: 1, arbitrary: fc.constant('MASKED' as const) });

export function policyArbitraries(categories: ReadonlyMap<string, CategoryFacts>) {
  const codes = [...categories.keys()];
  const domains = [...new Set([...categories.values()].map(({ domain }) => domain))];
  const items = [...categories.values()].flatMap((category) => category.items.map(({ code }) => code));
  const wide = fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: fc.constantFrom(...domains) },
    { weight: 3, arbitrary: fc.constantFrom(...codes) },
  );
  const grantScope = fc.oneof(
    { weight: 2, arbitrary: fc.constant(['*']) },
    {
      weight: 3,
      arbitrary: fc.array(fc.oneof({ weight: 3, arbitrary: wide }, { weight: 2, arbitrary: fc.constantFrom(...items) }), { minLength: 1, maxLength: 5 }),
    },
  );
  // Item codes say nothing in a consent, whose scope is of categories.
  const consentScope = fc.oneof(
    { weight: 3, arbitrary: fc.constant(['*']) },
    {
      weight: 3,
      arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: wide }, { weight: 1, arbitrary: fc.constantFrom(...items) }), { minLength: 1, maxLength: 4 }),
    },
  );
  const struck = fc.oneof(
    { weight: 5, arbitrary: fc.constant<string[]>([]) },
    {
      weight: 2,
      arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...codes) }, { weight: 1, arbitrary: fc.constantFrom(...domains) }), {
        minLength: 1,
        maxLength: 5,
      }),
    },
  );

  const grantContent: fc.Arbitrary<GrantContent> = fc
    .record({ term, purposes, scope: grantScope, effect })
    .map(({ term: own, ...rest }) => ({ ...own, ...rest }));
  const agreementContent: fc.Arbitrary<AgreementContent> = fc
    .record({
      term: fc.oneof({ weight: 2, arbitrary: term }, { weight: 3, arbitrary: partTerm }),
      purposes,
      highestGrade: fc.oneof({ weight: 2, arbitrary: fc.constant(4) }, { weight: 2, arbitrary: fc.constantFrom(1, 2, 3, 3, 4) }),
    })
    .map(({ term: own, ...rest }) => ({ ...own, ...rest }));
  const holder: fc.Arbitrary<Holder> = fc.oneof(
    { weight: 3, arbitrary: institution.map((one) => ({ institution: one, institutionKind: null })) },
    { weight: 1, arbitrary: fc.constantFrom(...INSTITUTIONS.map(({ kind }) => kind)).map((kind) => ({ institution: null, institutionKind: kind })) },
  );
  const withdrawnAt = fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.oneof(moment, fc.constant('2024-05-05T05:05:05.000Z')) },
  );
  const personal = fc.constantFrom('CLEAR' as const, 'CLEAR' as const, 'MASKED' as const);
  const newConsent: fc.Arbitrary<NewConsent> = fc
    .record({ term, uscc: fc.constantFrom(...FIRMS), institution, purposes, scope: consentScope, struck, personal, withdrawnAt })
    .map(({ term: own, ...rest }) => ({ ...own, ...rest }));
  const setting: fc.Arbitrary<Omit<Setting, 'version'>> = fc.record({
    // Few items over and over, so that one setting follows another.
    item: fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...items) }, { weight: 3, arbitrary: fc.constantFrom(...items.slice(0, 8)) }),
    grade: fc.option(fc.constantFrom(1, 2, 3, 4)),
    sharing: fc.option(fc.constantFrom('UNCONDITIONAL', 'CONDITIONAL', 'NOT_SHARED')),
    inForceFrom: fc.option(fc.constantFrom('2027-06-30', '2027-07-01', '2027-07-02', '2020-01-01')),
  });

  const policy: fc.Arbitrary<Policy> = fc
    .record({
      residence: fc.tuple(
        ...INSTITUTIONS.map(() =>
          fc.oneof({ weight: 5, arbitrary: fc.constant([true]) }, { weight: 1, arbitrary: fc.array(fc.boolean(), { minLength: 1, maxLength: 2 }) }),
        ),
      ),
      agreements: fc.tuple(
        ...INSTITUTIONS.map(() =>
          fc.oneof(
            { weight: 5, arbitrary: fc.constant([[{ ...EVER, purposes: [...PURPOSES], highestGrade: 4 }]]) },
            // Beside the one that allows everything, one for other purposes that allows little.
            {
              weight: 2,
              arbitrary: fc
                .record({ others: fc.subarray(PURPOSES.slice(1), { minLength: 1 }), highestGrade: fc.constantFrom(1, 2) })
                .map(({ others, highestGrade }) => [[{ ...EVER, purposes: [...PURPOSES], highestGrade: 4 }], [{ ...EVER, purposes: others, highestGrade }]]),
            },
            { weight: 5, arbitrary: fc.array(fc.array(agreementContent, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }) },
            { weight: 1, arbitrary: fc.constant([]) },
          ),
        ),
      ),
      grants: fc.array(fc.record({ holder, contents: fc.array(grantContent, { minLength: 1, maxLength: 2 }) }), { minLength: 3, maxLength: 10, size: 'max' }),
      // Most of them give the banks nearly everything, so that there is much to lose.
      broad: fc.constantFrom(true, true, false),
      // Everything of a kind ends at the moment around which the clock turns.
      edge: fc.constantFrom(null, null, null, null, null, null, null, 'GRANTS' as const, 'CONSENTS' as const),
      settings: fc.array(setting, { maxLength: 8, size: 'max' }),
      consents: fc.array(
        fc.record({
          first: newConsent,
          again: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.record({ struck, withdrawnAt }) }),
        }),
        { minLength: 10, maxLength: 40, size: 'max' },
      ),
    })
    .map(({ residence, agreements, grants, settings, consents, broad: wanted, edge }) => ({
      ...{ broad: wanted && edge !== 'GRANTS' },
      residence,
      agreements,
      grants,
      settings,
      consents,
      edge,
    }))
    .map(({ residence, agreements, grants, settings, consents, broad, edge }) => ({
      residence: residence.flatMap((versions, place) =>
        versions.map((active, version) => ({ institution: INSTITUTIONS[place]?.code as string, version, active })),
      ),
      agreements: agreements.flatMap((own, place) =>
        own.flatMap((versions, number) =>
          versions.map((content, version) => ({ institution: INSTITUTIONS[place]?.code as string, id: `A${number}`, version, ended: false, ...content })),
        ),
      ),
      grants: grants
        .flatMap(({ holder: whose, contents }, number) =>
          contents.map(
            (content, version): Grant => ({
              ...whose,
              id: `G${number}`,
              version,
              revoked: false,
              ...content,
              ...(edge === 'GRANTS' ? { ...EVER, validUntil: TURN } : {}),
            }),
          ),
        )
        .concat(
          broad
            ? [
                {
                  institution: null,
                  institutionKind: 'BANK',
                  id: 'G-broad',
                  version: 0,
                  revoked: false,
                  ...EVER,
                  purposes: [...PURPOSES],
                  scope: ['*'],
                  effect: 'CLEAR',
                },
              ]
            : [],
        ),
      settings: unique(settings, ({ item }) => item).map((one, number) => ({ ...one, version: number % 2 })),
      consents: consents
        .flatMap(({ first, again }, number): Consent[] => {
          const original = { ...first, id: `C${number}`, revision: 1 };
          return again ? [original, { ...original, ...again, revision: 2 }] : [original];
        })
        .concat(broad ? FIRMS.filter((_, number) => number % 3 !== 2).map(broadConsent) : [])
        .map((consent) => (edge === 'CONSENTS' ? { ...consent, ...EVER, withdrawnAt: TURN } : consent)),
    }));

  const change: fc.Arbitrary<Change> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        change: fc.constant('GRANT' as const),
        index: fc.nat(20),
        content: fc.oneof({ weight: 2, arbitrary: fc.constant('REVOKE' as const) }, { weight: 1, arbitrary: grantContent }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ change: fc.constant('NEW_GRANT' as const), holder, content: grantContent }) },
    {
      weight: 4,
      arbitrary: fc.record({
        change: fc.constant('AGREEMENT' as const),
        index: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5),
        content: fc.oneof(fc.constant('END' as const), agreementContent),
      }),
    },
    { weight: 2, arbitrary: fc.record({ change: fc.constant('RESIDENCE' as const), index: fc.constantFrom(0, 0, 1, 2, 3), active: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        change: fc.constant('CONSENT' as const),
        index: fc.nat(40),
        narrowing: fc.oneof(
          fc.record({ struck }),
          fc.record({ withdrawnAt: fc.oneof(moment, fc.constant('2024-05-05T05:05:05.000Z')) }),
          fc.record({ personal: fc.constant('MASKED' as const) }),
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ change: fc.constant('NEW_CONSENT' as const), consent: newConsent }) },
    { weight: 2, arbitrary: fc.record({ change: fc.constant('SETTING' as const), setting }) },
    { weight: 8, arbitrary: fc.record({ change: fc.constant('CLOCK' as const), time: fc.constantFrom(...CLOCKS) }) },
  );
  return { policy, change, clock: fc.constantFrom(...CLOCKS) };
}

function broadConsent(uscc: string, number: number): Consent {
  // In the records of an individual's business more is masked than elsewhere, where its consent says so.
  const personal = uscc.startsWith('92') || number % 4 === 1 ? 'MASKED' : 'CLEAR';
  return {
    uscc,
    id: 'C-broad',
    institution: INSTITUTIONS[0].code,
    revision: 1,
    ...EVER,
    purposes: [...PURPOSES],
    scope: ['*'],
    struck: [],
    personal,
    withdrawnAt: null,
  };
}

export function unique<T>(list: readonly T[], nameOf: (one: T) => string): T[] {
  return [...new Map(list.map((one) => [nameOf(one), one])).values()];
}
