/** Invents what tells people and places: names, identity numbers, telephones, accounts, addresses. Nobody of these exists. */
import { isoDay } from './calendar.js';
import type { Random } from './random.js';
import { DISTRICTS, GIVEN, SURNAMES } from './words.js';

const MOBILES = [
  '130',
  '131',
  '133',
  '135',
  '136',
  '137',
  '138',
  '139',
  '150',
  '151',
  '152',
  '156',
  '158',
  '159',
  '166',
  '173',
  '176',
  '180',
  '182',
  '185',
  '186',
  '188',
  '189',
  '191',
  '199',
];
const BANK_PREFIXES = ['0200', '3301', '1109', '6013', '9101', '8110', '6230'];
const IDENTITY_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const FREQUENT = 40;

export function personName(random: Random): string {
  const surname = random.chance(0.7) ? SURNAMES[random.below(FREQUENT)] : random.pick(SURNAMES);
  return surname + random.pick(GIVEN) + (random.chance(0.72) ? random.pick(GIVEN) : '');
}

/** GB 11643: 18 characters, Beijing, a real birth date between `earliest` and `latest` (day numbers), its check character. */
export function identityNumber(random: Random, earliest: number, latest: number): string {
  const district = DISTRICTS[random.below(DISTRICTS.length - 1)]?.code as string;
  const first = district + isoDay(random.between(earliest, latest)).replaceAll('-', '') + String(random.between(1, 999)).padStart(3, '0');
  return first + identityCheckCharacter(first);
}

export function identityCheckCharacter(seventeen: string): string {
  let sum = 0;
  for (let place = 0; place < 17; place++) sum += (seventeen.charCodeAt(place) - 48) * (IDENTITY_WEIGHTS[place] as number);
  return '10X98765432'[sum % 11] as string;
}

/** The shape of a mobile number. */
export function mobile(random: Random): string {
  return random.pick(MOBILES) + String(random.below(100_000_000)).padStart(8, '0');
}

/** 16 to 19 digits. */
export function accountNumber(random: Random): string {
  const length = random.between(16, 19);
  const rest = String(random.below(1e8)).padStart(8, '0') + String(random.below(1e8)).padStart(8, '0');
  return (random.pick(BANK_PREFIXES) + rest).slice(0, length).padEnd(length, String(random.below(10)));
}

/** A road, a house and mostly a room in the district. */
export function address(random: Random, district: (typeof DISTRICTS)[number]): string {
  const place = `北京市${district.name}${random.pick(district.roads)}${random.chance(0.08) ? '甲' : ''}${random.between(1, 168)}号`;
  const kind = random.below(6);
  if (kind === 0) return `${place}${random.between(1, 9)}幢${random.between(1, 5)}层${random.between(101, 599)}`;
  if (kind === 1) return `${place}院${random.between(1, 20)}号楼${random.between(1, 24)}层${random.between(1, 6)}单元${random.between(101, 2408)}`;
  if (kind === 2) return `${place}楼${random.between(1, 28)}层${random.between(101, 2820)}室`;
  if (kind === 3) return `${place}${random.pick(['A', 'B', 'C'])}座${random.between(201, 1806)}`;
  if (kind === 4) return `${place}院${random.between(1, 12)}号楼`;
  return place;
}
