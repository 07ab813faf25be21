/**
 * What is left of a value when it goes out masked. Pure. A value that is too short or not of the form its type has is
 * masked whole; a mask never gives a value that could be taken for a real one of another person.
 */
import type { Item } from '../catalogue/model.js';
import { isPersonsBusiness, type Uscc } from '../terms.js';

/** A payload value: see the catalogue's types for its form. */
export type Value = string | number | boolean;

export const ALL_MASKED = '***';
/** Surnames of two characters, without which the first given name would be taken for the rest of the surname. */
const COMPOUND_SURNAMES = new Set(
  '欧阳 司马 上官 诸葛 司徒 东方 独孤 慕容 令狐 皇甫 尉迟 长孙 宇文 夏侯 轩辕 公孙 端木 百里 呼延 南宫 西门 澹台 公冶 濮阳 淳于 单于 太叔 申屠 仲孙 钟离 闻人 赫连 万俟 第五 拓跋 完颜 叶赫 纳兰'.split(
    ' ',
  ),
);
/** Districts of Beijing, with those that registrations of earlier years name. */
const BEIJING = /^(?:北京市?)?(?:东城|西城|崇文|宣武|朝阳|丰台|石景山|海淀|门头沟|房山|通州|顺义|昌平|大兴|怀柔|平谷|密云|延庆)[区县]/u;
/** Elsewhere a district is believed only behind its city: the 三区 of a housing estate is none. */
const ELSEWHERE =
  /^(?!北京)(?:\p{Script=Han}{2,3}省|\p{Script=Han}{2,8}自治区)?\p{Script=Han}{2,4}市(?:\p{Script=Han}{1,3}[区县]|\p{Script=Han}{1,8}(?:自治县|自治旗|[左右]翼[前中后]旗))/u;

/** The masked form of `value`, or null where nothing may be left of it. */
export function maskValue(item: Item, value: Value): Value | null {
  switch (item.mask) {
    case 'name':
      return maskName(String(value));
    case 'idNumber':
      return maskIdNumber(String(value));
    case 'phone':
      return /^1\d{10}$/.test(String(value)) ? `${String(value).slice(0, 3)}****${String(value).slice(-4)}` : ALL_MASKED;
    case 'accountNumber':
      return /^\d{12,30}$/.test(String(value)) ? `${String(value).slice(0, 4)}********${String(value).slice(-4)}` : ALL_MASKED;
    case 'address':
      return maskAddress(String(value));
    case 'email':
      return maskEmail(String(value));
    case 'redact':
      return ALL_MASKED;
    case 'round':
      return roundToOneFigure(value);
    case 'year':
      return typeof value === 'string' && /^\d{4}-/.test(value) ? `${value.slice(0, 4)}-01-01${value.includes('T') ? 'T00:00:00Z' : ''}` : null;
    case 'uscc':
      // A public identifier is either whole or a wrong one; a person's business is withheld.
      return isPersonsBusiness(String(value) as Uscc) ? null : value;
    case 'withhold':
      return null;
  }
}

/** Surname and stars of fixed length: 王** , 欧阳**. */
function maskName(name: string): string {
  const characters = [...name.trim()];
  if (characters.length < 2 || !/^[\p{Script=Han}·]+$/u.test(name.trim())) return ALL_MASKED;
  const compound = characters.slice(0, 2).join('');
  return `${characters.length > 2 && COMPOUND_SURNAMES.has(compound) ? compound : characters[0]}**`;
}

/** First one and last two: more of the front would give the place, more of the middle the date of birth. */
function maskIdNumber(number: string): string {
  return /^(\d{17}[\dX]|\d{15})$/.test(number) ? `${number[0]}${'*'.repeat(number.length - 3)}${number.slice(-2)}` : ALL_MASKED;
}

function maskAddress(address: string): string {
  const district = (BEIJING.exec(address) ?? ELSEWHERE.exec(address))?.[0];
  return district && district.length < address.length ? `${district}${ALL_MASKED}` : ALL_MASKED;
}

function maskEmail(address: string): string {
  const parts = /^([^@\s]{2,})@([^@\s]+\.[^@\s]+)$/.exec(address);
  return parts ? `${parts[1]?.[0]}***@${parts[2]}` : ALL_MASKED;
}

/** One significant figure; what is below ten becomes nought, because a single figure would be the value itself. */
function roundToOneFigure(value: Value): Value | null {
  const digits = /^(-?)(\d+)(?:\.\d+)?$/.exec(String(value));
  if (!digits) return null;
  const [, sign, whole] = digits as unknown as [string, string, string];
  const rounded = whole.length < 2 ? '0' : roundWhole(whole);
  const result = rounded === '0' ? '0' : `${sign}${rounded}`;
  return typeof value === 'number' ? Number(result) : result;
}

/** On digits, not on a double: amounts may have more than fifteen of them. */
function roundWhole(whole: string): string {
  const first = Number(whole[0]) + (Number(whole[1]) >= 5 ? 1 : 0);
  return `${first}${'0'.repeat(whole.length - 1)}`;
}
