/**
 * One synthetic firm, from which all its records follow. Promises: firm k of a seed is the same whatever the number of
 * firms and whatever the day. MUST know nothing of categories.
 */
import type { Uscc } from '../terms.js';
import { dayOf } from './calendar.js';
import { address, identityNumber, mobile, personName } from './people.js';
import { hashText, Random, weighted } from './random.js';
import { organisationOf, usccOf } from './uscc.js';
import { DISTRICTS, STEMS, TRADES } from './words.js';

export type Vitality = 'EXISTING' | 'REVOKED' | 'DEREGISTERED';
export type Ownership = 'PRIVATE' | 'STATE' | 'FOREIGN' | 'PERSONAL';

export interface Firm {
  readonly index: number;
  readonly uscc: Uscc;
  readonly name: string;
  /** Latin form of the stem, for domain names. */
  readonly sound: string;
  readonly district: (typeof DISTRICTS)[number];
  readonly address: string;
  /** GB/T 4754 division (two digits) and its section (a letter). */
  readonly industry: string;
  readonly section: string;
  readonly scope: string;
  /** Day numbers; `ended` is null while the firm exists. */
  readonly founded: number;
  readonly ended: number | null;
  readonly vitality: Vitality;
  readonly ownership: Ownership;
  /** Code of the list entity-type. */
  readonly entityType: string;
  /** Persons; the amounts are CNY, revenue and payroll of one year. */
  readonly headcount: number;
  readonly revenue: number;
  readonly capital: number;
  readonly assets: number;
  readonly payroll: number;
  /** 0 micro (below 10 persons), 1 small (below 100), 2 larger. */
  readonly size: 0 | 1 | 2;
  readonly legalRepresentative: string;
  readonly legalRepresentativeNumber: string;
  readonly phone: string;
  /** In trouble: dishonesty lists, arrears and penalties gather here. */
  readonly distressed: boolean;
}

/** Shares of firms that the presence of records reckons with. */
export const SHARES = { distressed: 0.06, state: 0.05, foreign: 0.04, personal: 0.08, deregistered: 0.04, revoked: 0.02 } as const;

const EARLIEST = dayOf('1985-01-15');
const LATEST = dayOf('2026-09-20');
/** No firm is founded or ended after this day; the zone's own time MUST be later. */
export const LAST_EVENT = dayOf('2026-09-30');
const REFORM = dayOf('2015-10-01');
const TOPIC = hashText('firm');
const DAYS_A_YEAR = 365.25;

const drawDistrict = weighted(DISTRICTS.map((district) => [district, district.weight] as const));
const drawTrade = weighted(TRADES.map((trade) => [trade, trade[2]] as const));
const drawCompanyType = weighted([
  ['1130', 62],
  ['1151', 27],
  ['1190', 8],
  ['1220', 2.4],
  ['4533', 0.6],
] as const);
const drawStateType = weighted([
  ['1110', 60],
  ['1140', 32],
  ['3100', 8],
] as const);
const drawForeignType = weighted([
  ['5110', 35],
  ['5150', 40],
  ['6110', 25],
] as const);

/** What a firm's code is made of, and what is drawn before it. */
interface Origin {
  /** First two characters of the code: `92` is an individual's business. */
  readonly kind: '91' | '92';
  readonly district: Firm['district'];
  readonly organisation: string;
  readonly ownership: Ownership;
  readonly entityType: string;
  readonly trade: (typeof TRADES)[number];
  readonly founded: number;
}

/** The beginning of `drawFirm`, for whoever needs no more of millions of firms. */
export function drawOrigin(seed: number, index: number, random: Random): Origin {
  random.begin(seed, index, TOPIC);
  const ownership = drawOwnership(random);
  const entityType = drawEntityType(random, ownership);
  const trade = drawTrade(random);
  const district = drawDistrict(random);
  const founded = LATEST - Math.floor((LATEST - EARLIEST) * random.unit() ** 2.1);
  const organisation = organisationOf(serialOf(seed, index), founded < REFORM);
  return { kind: ownership === 'PERSONAL' ? '92' : '91', district, organisation, ownership, entityType, trade, founded };
}

/** The firm with this number, from 0. */
export function drawFirm(seed: number, index: number, random: Random = new Random()): Firm {
  const { kind, district, organisation, ownership, entityType, trade, founded } = drawOrigin(seed, index, random);
  const [industry, section, , perHead, words, scope] = trade;
  const headcount = drawHeadcount(random, ownership);
  const revenue = Math.round((headcount * perHead * random.logNormal(1, 0.6) * 10_000) / 100) * 100;
  const vitality = drawVitality(random, founded);
  const stem = Array.from({ length: random.chance(0.75) ? 2 : 3 }, () => random.pick(STEMS));
  return {
    index,
    uscc: usccOf(kind, district.code, organisation),
    name: drawName(random, stem.map(([character]) => character).join(''), random.pick(words.split(' ')), entityType),
    sound: stem.map(([, sound]) => sound).join(''),
    district,
    address: address(random, district),
    industry,
    section,
    scope,
    founded,
    ended: vitality === 'EXISTING' ? null : random.between(founded + 700, LAST_EVENT),
    vitality,
    ownership,
    entityType,
    headcount,
    revenue,
    capital: drawCapital(random, ownership, revenue),
    assets: Math.round((revenue * random.logNormal(0.9, 0.5)) / 100) * 100 + 20_000,
    payroll: Math.round(headcount * random.logNormal(110_000, 0.3)),
    size: headcount < 10 ? 0 : headcount < 100 ? 1 : 2,
    legalRepresentative: personName(random),
    legalRepresentativeNumber: identityNumber(random, Math.floor(founded - 58 * DAYS_A_YEAR), Math.floor(founded - 22 * DAYS_A_YEAR)),
    phone: mobile(random),
    distressed: vitality === 'REVOKED' || random.chance((SHARES.distressed - SHARES.revoked) / (1 - SHARES.revoked)),
  };
}

/** The code of a firm with a part in the demonstration (see `seeds/README.md`). */
export function demoFirm(index: number, seed: number): Uscc {
  return drawFirm(seed, index).uscc;
}

function serialOf(seed: number, index: number): number {
  return (index + (hashText(`serial ${seed}`) % 20_000_000)) % 28_000_000;
}

function drawOwnership(random: Random): Ownership {
  const point = random.unit();
  if (point < SHARES.personal) return 'PERSONAL';
  if (point < SHARES.personal + SHARES.state) return 'STATE';
  return point < SHARES.personal + SHARES.state + SHARES.foreign ? 'FOREIGN' : 'PRIVATE';
}

function drawHeadcount(random: Random, ownership: Ownership): number {
  const [median, deviation] = ({ PERSONAL: [2.4, 0.6], PRIVATE: [8, 1.25], FOREIGN: [22, 1.2], STATE: [60, 1.2] } as const)[ownership];
  return Math.max(1, Math.min(40_000, Math.round(random.logNormal(median, deviation))));
}

function drawVitality(random: Random, founded: number): Vitality {
  const point = random.unit();
  // Only a firm with some years behind it has had time to end.
  if (founded > LAST_EVENT - 900) return 'EXISTING';
  return point < SHARES.revoked ? 'REVOKED' : point < SHARES.revoked + SHARES.deregistered * 1.4 ? 'DEREGISTERED' : 'EXISTING';
}

function drawEntityType(random: Random, ownership: Ownership): string {
  if (ownership === 'PERSONAL') return '9500';
  return (ownership === 'STATE' ? drawStateType : ownership === 'FOREIGN' ? drawForeignType : drawCompanyType)(random);
}

function drawName(random: Random, stem: string, trade: string, entityType: string): string {
  if (entityType === '4533') return `北京${stem}${trade}中心（有限合伙）`;
  if (entityType === '1220') return `北京${stem}${trade}股份有限公司`;
  if (entityType === '3100') return `北京市${stem}${trade}公司`;
  if (entityType === '9500') return `北京${stem}${trade}${random.pick(['店', '部', '中心', '工作室'])}`;
  return random.chance(0.9) ? `北京${stem}${trade}有限公司` : random.chance(0.6) ? `${stem}（北京）${trade}有限公司` : `北京${stem}${trade}有限责任公司`;
}

function drawCapital(random: Random, ownership: Ownership, revenue: number): number {
  const drawn = ownership === 'PERSONAL' ? random.logNormal(60_000, 0.6) : Math.max(100_000, revenue * random.logNormal(0.35, 0.8));
  const step = drawn < 1e6 ? 1e4 : drawn < 1e7 ? 5e5 : 1e6;
  return Math.max(step, Math.round(drawn / step) * step);
}
