/** Scalars. Record values were checked when they were delivered, so going out they pass as they are. */
import { GraphQLScalarType, Kind } from 'graphql';
import { readUscc, type UsccReading } from '../terms.js';

const outgoing = (name: string, description: string) => new GraphQLScalarType({ name, description, serialize: (value) => value });

export const DecimalScalar = outgoing('Decimal', '十进制数，以字符串表示，不丢精度 / A decimal number as a string, so that no digit is lost');
export const DateScalar = outgoing('Date', '日期 YYYY-MM-DD / A calendar day, YYYY-MM-DD');
export const DateTimeScalar = outgoing('DateTime', '时刻，ISO 8601，UTC / A moment, ISO 8601, UTC');

/** A moment that a caller typed: ISO 8601 with its offset, so that nobody guesses a time zone; read into UTC. */
export const MomentScalar = new GraphQLScalarType<string, string>({
  name: 'Moment',
  description: '时刻，ISO 8601，须带时区，如 2027-12-31T23:59:59+08:00 / A moment, ISO 8601 with its offset',
  serialize: (value) => String(value),
  parseValue: (value) => momentOf(value),
  parseLiteral: (node) => momentOf(node.kind === Kind.STRING ? node.value : undefined),
});

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

function momentOf(value: unknown): string {
  const moment = typeof value === 'string' && MOMENT.test(value) ? new Date(value) : new Date(Number.NaN);
  if (Number.isNaN(moment.getTime())) throw new TypeError('a moment is ISO 8601 with its offset, such as 2027-12-31T23:59:59+08:00');
  return moment.toISOString();
}

/** A code that a caller typed, with what is wrong with it: one bad code in a batch does not spoil the others. */
export type TypedUscc = UsccReading & { readonly typed: string };

/** Longest text of a bad code that is ever given back. */
const SHOWN = 40;

export const UsccScalar = new GraphQLScalarType<TypedUscc | string, unknown>({
  name: 'USCC',
  description:
    '统一社会信用代码，18 位（GB 32100-2015）；全角与小写会被规范 / Unified social credit code, 18 characters; full-width and lower case are brought to canonical form',
  specifiedByURL: 'https://openstd.samr.gov.cn/bzgk/gb/newGbInfo?hcno=24691C25985C1073D3A7C85629378AC0',
  serialize: (value) => value,
  parseValue: (value) => parsed(value),
  parseLiteral: (node) => parsed(node.kind === Kind.STRING ? node.value : undefined),
});

function parsed(value: unknown): TypedUscc {
  if (typeof value !== 'string') throw new TypeError('a USCC is a string of 18 characters');
  return { ...readUscc(value), typed: value.slice(0, SHOWN) };
}
