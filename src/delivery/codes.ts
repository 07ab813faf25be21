/** From the words that units write to the codes of the catalogue's lists. Guesses nothing: two possible codes are none. */
import type { CodeList } from '../catalogue/model.js';
import { type Reading, read, unread } from './reasons.js';

type CodeReader = (text: string) => Reading<string>;

/** Divisions that are no more, under the name and code that old records still carry, and what they became. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  崇文: '110101',
  110103: '110101',
  宣武: '110102',
  110104: '110102',
  燕山: '110111',
  110110: '110111',
  通: '110112',
  110223: '110112',
  110222: '110113',
  110221: '110114',
  110224: '110115',
  110227: '110116',
  110226: '110117',
  110228: '110118',
  110229: '110119',
  亦庄: '110302',
  经济技术开发: '110302',
  经济技术开发区: '110302',
  亦庄开发区: '110302',
  亦庄经济技术开发区: '110302',
  开发区: '110302',
  经开区: '110302',
  经开: '110302',
};

/** The code itself, in its exact spelling. */
export function codeReader(list: CodeList): CodeReader {
  return (text) => (list.byCode.has(text) ? read(text) : unread('NOT_IN_CODE_LIST', `not a code of the list ${list.name}`));
}

/**
 * A Chinese title of the list, an alias of the mapping, the beginning of exactly one title, or the code itself. Titles are
 * compared without blanks and with brackets of either width; an alias wins over a title.
 */
export function codeTitleReader(list: CodeList, aliases: Readonly<Record<string, string>> = {}): CodeReader {
  const byAlias = new Map(Object.entries(aliases).map(([alias, code]) => [folded(alias), code]));
  const titles = list.codes.map(({ code, zh }) => [folded(zh), code] as const);
  const byTitle = new Map<string, string | null>();
  for (const [title, code] of titles) byTitle.set(title, byTitle.has(title) ? null : code);
  const byPrefix = (words: string) => {
    const found = titles.filter(([title]) => title.startsWith(words));
    return found.length === 1 ? found[0]?.[1] : undefined;
  };
  return (text) => {
    const words = folded(text);
    const code = byAlias.get(words) ?? byTitle.get(words) ?? (list.byCode.has(words) ? words : words.length >= 2 ? byPrefix(words) : undefined);
    return code
      ? read(code)
      : unread('NOT_IN_CODE_LIST', `neither a title nor the beginning of exactly one title of the list ${list.name}; the mapping may name it under aliases`);
  };
}

/** A district's name with or without 区, 县 and 北京市, the name or code of a district that was merged or renamed, or the code. */
export function divisionReader(list: CodeList, aliases: Readonly<Record<string, string>> = {}): CodeReader {
  const byName = new Map<string, string>();
  for (const [name, code] of Object.entries(SUCCESSORS)) if (list.byCode.has(code)) byName.set(name, code);
  for (const { code, zh } of list.codes) byName.set(districtName(zh), code);
  for (const [name, code] of Object.entries(aliases)) byName.set(districtName(name), code);
  return (text) => {
    const name = districtName(text);
    const code = list.byCode.has(name) ? name : byName.get(name);
    return code ? read(code) : unread('NOT_IN_CODE_LIST', `not a division of the list ${list.name}`);
  };
}

const folded = (text: string) => text.normalize('NFKC').replace(/\s+/gu, '');

function districtName(text: string): string {
  const name = folded(text).replace(/^北京市?/, '');
  // 经济技术开发区 and 经开区 end in 区 without being a district of that name.
  return /开发?区$/.test(name) ? name : name.replace(/[区县]$/, '');
}
