/** Days and moments in the forms that units deliver, as ISO text. Only real calendar days are understood. */
import { type Reading, read, unread } from './reasons.js';

const DAY_FORMS = [
  /^(\d{4})-(\d{1,2})-(\d{1,2})$/,
  /^(\d{4})\/(\d{1,2})\/(\d{1,2})$/,
  /^(\d{4})\.(\d{1,2})\.(\d{1,2})$/,
  /^(\d{4})年(\d{1,2})月(\d{1,2})日$/,
  /^(\d{4})(\d{2})(\d{2})$/,
];
/** Midnight after a day says nothing; exports of databases add it. */
const MIDNIGHT = /[T ]+0{1,2}:00(?::00(?:\.0+)?)?(?:Z|\+00:00|\+08:00)?$/;
const EXCEL_SERIAL = /^[1-9]\d{4}(?:\.0+)?$/;
const MOMENT = /^(\d{4}\D\d{1,2}\D\d{1,2}日?)[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/;
const DAY_MS = 86_400_000;
/** Day 0 of spreadsheets; the days before 1 March 1900, which they count wrongly, are no five-digit serials. */
const EXCEL_EPOCH = Date.UTC(1899, 11, 30);
/** Units in Beijing that name no zone mean their own. */
const LOCAL_ZONE = '+08:00';

/** `2020-01-31`, `2020/1/31`, `2020.1.31`, `2020年1月31日`, `20200131` or an Excel serial -> `2020-01-31`. */
export function readDate(text: string): Reading<string> {
  const plain = text.normalize('NFKC').trim().replace(MIDNIGHT, '').replace(/\s+/gu, '');
  for (const form of DAY_FORMS) {
    const match = form.exec(plain);
    if (match) return realDay(Number(match[1]), Number(match[2]), Number(match[3]));
  }
  if (EXCEL_SERIAL.test(plain)) return read(new Date(EXCEL_EPOCH + Number(plain) * DAY_MS).toISOString().slice(0, 10));
  return unread('NOT_A_DATE', 'not a date of a known form, such as 2020-01-31, 2020/1/31, 2020年1月31日 or 20200131');
}

/** A moment -> `2020-01-31T04:00:00Z`. Without a zone Beijing time is meant; a day without a time is its first moment. */
export function readDateTime(text: string): Reading<string> {
  const plain = text.normalize('NFKC').trim();
  const match = MOMENT.exec(plain);
  const day = readDate(match?.[1] ?? plain);
  if (!day.ok) return day;
  const [hour, minute, second] = [match?.[2] ?? '0', match?.[3] ?? '00', match?.[4] ?? '00'];
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return unread('NOT_A_DATE', 'has a time of day that does not exist');
  const zone = (match?.[5] ?? LOCAL_ZONE).replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const moment = new Date(`${day.value}T${hour.padStart(2, '0')}:${minute}:${second}${zone}`);
  if (Number.isNaN(moment.getTime())) return unread('NOT_A_DATE', 'has a time zone that does not exist');
  return read(moment.toISOString().replace('.000Z', 'Z'));
}

function realDay(year: number, month: number, day: number): Reading<string> {
  const moment = new Date(Date.UTC(year, month - 1, day));
  const isReal = year >= 1000 && moment.getUTCFullYear() === year && moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day;
  return isReal ? read(moment.toISOString().slice(0, 10)) : unread('NOT_A_DATE', 'a day that is not in the calendar');
}
