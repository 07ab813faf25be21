/** The small zone of the fuzz: which real categories, which invented enterprises and institutions, which day. */
import { codeOf } from '../oracle/uscc.js';

/** Between them of every data type, mask, cycle, grade and sharing type; lists ordered by day, moment, number and year. */
export const CATEGORIES = [
  'registration.basic',
  'registration.shareholder',
  'registration.annualReport',
  'registration.keyPersonnel',
  'registration.statePropertyRight',
  'tax.invoiceCounterparty',
  'tax.valueAddedTaxReturn',
  'tax.registration',
  'socialSecurity.workInjury',
  'creditSupervision.accountsReceivablePledge',
  'housingFund.depositEnforcement',
  'talent.talentIntroduction',
  'publicSecurity.hazardousChemicalPurchase',
  'procurement.receivableConfirmation',
  'transport.overlimitViolation',
];

/** Some of individuals, whose codes begin with 92. */
export const FIRMS: readonly string[] = Array.from({ length: 12 }, (_, number) =>
  codeOf(`${number % 4 === 3 ? '92' : '91'}110108${(40_000_001 + number * 7_654).toString()}${number % 10}`),
);
/** Right in form, and of no enterprise of the zone. */
export const STRANGERS: readonly string[] = [codeOf('91110108700000011'), codeOf('92110108700000022')];
/** Wrong in length, in a character, in the check character, and in more than what is ever shown of them. */
export const BAD_CODES: readonly string[] = [
  '',
  '911101084000',
  `${FIRMS[0]?.slice(0, 17)}I`,
  `${FIRMS[0]?.slice(0, 17)}${FIRMS[0]?.endsWith('0') ? '1' : '0'}`,
  'x'.repeat(70),
];

export const INSTITUTIONS = [
  { code: 'fuzz-bank-a', kind: 'BANK' },
  { code: 'fuzz-bank-b', kind: 'BANK' },
  { code: 'fuzz-guarantee', kind: 'GUARANTEE' },
  { code: 'fuzz-leasing', kind: 'LEASING' },
] as const;
/** Signs in and is not resident. */
export const NOBODY = 'fuzz-nobody';

export const PURPOSES = ['PRE_LOAN_REVIEW', 'LOAN_APPROVAL', 'POST_LOAN_MONITORING', 'RISK_DISPOSAL'] as const;

/** The first moment of a day in Beijing on which items of the catalogue come into force. */
export const BASE = Date.parse('2027-07-01T00:00:00+08:00');
const DAY = 86_400_000;
/** Where terms begin and end, and where the clock stands: on every edge and a millisecond to either side of it. */
export const MOMENTS: readonly string[] = [-900 * DAY, -DAY, -1, 0, 1, DAY, 900 * DAY].map((offset) => new Date(BASE + offset).toISOString());
export const EVER = { validFrom: '2000-01-01T00:00:00.000Z', validUntil: '2100-01-01T00:00:00.000Z' };
export const CLOCKS: readonly number[] = [BASE, BASE, BASE - 1, BASE + 1, BASE + DAY, BASE - DAY, BASE - 900 * DAY];
