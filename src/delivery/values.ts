/**
 * What a value of each data type must be before it may become part of a record, and the form in which a record holds it.
 * Promises: whatever passes here fits the payload format; knows nothing of files or mappings.
 */
import type { CodeList, Item } from '../catalogue/model.js';
import { readUscc, type Uscc } from '../terms.js';
import { codeReader } from './codes.js';
import { readDate, readDateTime } from './dates.js';
import { readNumber } from './numbers.js';
import { type Reading, read, unread } from './reasons.js';

/** As payloads hold it: decimal, date, code and the like as text, integer as number, boolean as boolean. */
export type Value = string | number | boolean;
export type ValueReader = (text: string) => Reading<Value>;

/** How strictly codes of enterprises are taken; a mapping says so for its file. */
export interface UsccRules {
  /** Accept, with a warning, a code whose check character is wrong: some registries issued such before 2016. */
  readonly acceptFailedCheck: boolean;
  /**
   * UPPER: a lower-case letter is a spelling of its capital. REFUSE: the alphabet of GB 32100-2015 has capitals only, so the
   * code is refused as it stands, even if its capital spelling would pass the check.
   */
  readonly lowerCase: 'UPPER' | 'REFUSE';
}

/** GraphQL's Int has 32 bits: a larger one could be kept and never be answered. What may be larger is a decimal. */
const LARGEST_INTEGER = 2 ** 31 - 1;
const LONGEST = { string: 1_000, text: 100_000 } as const;
const TRUE = new Set(['true', 't', 'yes', 'y', '1', '是', '有', '真']);
const FALSE = new Set(['false', 'f', 'no', 'n', '0', '否', '无', '假']);
const CONTROL = /(?![\t\n\r])\p{Control}|\p{Surrogate}/u;
const EMAIL = /^[^\s@<>,;]{1,64}@(?:[\p{L}\d](?:[\p{L}\d-]*[\p{L}\d])?\.)+[\p{L}]{2,}$/u;
const PHONE = /^\+?[\d()][\d() -]*\d(?:(?:-|转|x|ext\.?)\s*\d{1,6})?$/i;
const ACCOUNT = /^[A-Z\d][A-Z\d -]{3,38}[A-Z\d]$/i;
const OTHER_DOCUMENT = /^(?=.*\d)[A-Z\d][A-Z\d()/-]{4,24}$/;
const CITIZEN_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * Reads the code of an enterprise in a delivered row.
 * @returns the canonical code; with warning FAILED_CHECK when only the check character is wrong and the rules accept that.
 */
export function readDeliveredUscc(text: string, rules: UsccRules): Reading<Uscc> {
  const reading = readUscc(text);
  const mentionsLowerCase = rules.lowerCase === 'REFUSE' && /[a-z]/.test(text.normalize('NFKC'));
  if (mentionsLowerCase && (reading.ok || reading.reason === 'CHECK')) {
    return unread('USCC_CHARACTER', 'has a lower-case letter, which GB 32100-2015 does not know; have the registry confirm the code');
  }
  if (reading.ok) return read(reading.uscc);
  if (reading.reason === 'LENGTH') return unread('USCC_LENGTH', 'not 18 characters long');
  if (reading.reason === 'CHARACTER') return unread('USCC_CHARACTER', 'has a character that GB 32100-2015 does not know (I, O, S, V and Z are not used)');
  if (!rules.acceptFailedCheck) return unread('USCC_CHECK', 'the check character (GB 32100-2015) is wrong');
  return read(text.normalize('NFKC').trim().toUpperCase() as Uscc, 'FAILED_CHECK');
}

/** The reader of an item's values from text: type, code list, form and length. Required or not is the row's matter. */
export function valueReaderOf(item: Item, list: CodeList | undefined, rules: UsccRules): ValueReader {
  switch (item.type) {
    case 'integer':
      return readInteger;
    case 'decimal':
      return (text) => readNumber(text);
    case 'date':
      return readDate;
    case 'datetime':
      return readDateTime;
    case 'boolean':
      return readBoolean;
    case 'code':
      return list ? codeReader(list) : () => unread('NOT_IN_CODE_LIST', `the list ${item.codeList} is missing`);
    case 'uscc':
      return (text) => readDeliveredUscc(text, rules);
    case 'idNumber':
      return formReader(
        (text) => documentForm(text.normalize('NFKC').replace(/\s+/gu, '').toUpperCase()),
        'not the form of a citizen number or another document number',
      );
    case 'phone':
      return formReader((text) => (PHONE.test(text) && digitsIn(text, 5, 24) ? text : null), 'not the form of a telephone number');
    case 'email':
      return formReader((text) => (text.length <= 254 && EMAIL.test(text) ? text : null), 'not the form of an e-mail address');
    case 'accountNumber':
      return formReader((text) => (ACCOUNT.test(text) ? text : null), 'not the form of an account number');
    case 'text':
      return (text) => readText(text, LONGEST.text);
    case 'string':
    case 'personName':
    case 'address':
      return (text) => readText(text, LONGEST.string);
  }
}

/** Text without outer blanks; control characters and broken characters are no text. */
export function readText(text: string, longest: number): Reading<string> {
  const trimmed = text.trim();
  if (trimmed.length > longest) return unread('TOO_LONG', `longer than ${longest} characters`);
  if (CONTROL.test(trimmed)) return unread('NOT_THE_FORM', 'holds a control character or half of a character');
  return read(trimmed);
}

export function readBoolean(text: string): Reading<boolean> {
  const word = text.normalize('NFKC').trim().toLowerCase();
  if (TRUE.has(word)) return read(true);
  return FALSE.has(word) ? read(false) : unread('NOT_A_BOOLEAN', 'neither true, 1, 是 nor false, 0, 否');
}

/** A whole number that can be answered. */
export function readInteger(text: string, timesTenTo = 0): Reading<number> {
  const number = readNumber(text, timesTenTo);
  if (!number.ok) return number;
  if (number.value.includes('.')) return unread('NOT_AN_INTEGER', 'has a fraction');
  const value = Number(number.value);
  return Math.abs(value) <= LARGEST_INTEGER ? read(value) : unread('NOT_AN_INTEGER', `larger than ${LARGEST_INTEGER}`);
}

function formReader(canonical: (text: string) => string | null, detail: string): ValueReader {
  return (text) => {
    const value = canonical(text.normalize('NFKC').trim());
    return value === null ? unread('NOT_THE_FORM', detail) : read(value);
  };
}

function digitsIn(text: string, least: number, most: number): boolean {
  const count = text.replace(/\D/g, '').length;
  return count >= least && count <= most;
}

/** A shareholder's document may be a firm's code, a foreigner's a passport: only what claims to be a citizen number is held to it. */
function documentForm(text: string): string | null {
  if (/^\d{17}[\dX]$/.test(text)) return isCitizenNumber(text) || readUscc(text).ok ? text : null;
  if (/^\d{15}$/.test(text)) return readDate(`19${text.slice(6, 12)}`).ok ? text : null;
  return OTHER_DOCUMENT.test(text) ? text : null;
}

function isCitizenNumber(text: string): boolean {
  const sum = CITIZEN_WEIGHTS.reduce((total, weight, place) => total + weight * Number(text[place]), 0);
  return readDate(text.slice(6, 14)).ok && '10X98765432'[sum % 11] === text[17];
}
