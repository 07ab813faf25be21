/**
 * How a file's columns become items: reads the mapping a unit writes, holds it against the schema and the catalogue, and
 * refuses it as a whole before a row is read. Knows nothing of files of data.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { readCapital } from './capital.js';
import { codeTitleReader, divisionReader } from './codes.js';
import { readDateTime } from './dates.js';
import { readNumber } from './numbers.js';
import { type Reading, read } from './reasons.js';
import { readInteger, type UsccRules, type Value, valueReaderOf } from './values.js';

interface ColumnRule {
  readonly item: string;
  readonly parse?: 'text' | 'date' | 'capital' | 'division' | 'codeTitle' | 'number' | 'boolean';
  readonly currencyItem?: string;
  readonly unstatedCurrency?: string;
  readonly unstatedTimesTenTo?: number;
  readonly timesTenTo?: number;
  readonly aliases?: Record<string, string>;
  readonly onUnreadable?: 'REFUSE' | 'WARN';
}
/** A mapping file as written; `schema/mapping.schema.json` says what each key means. */
export interface MappingFile {
  readonly category: string;
  readonly uscc: string;
  readonly encoding?: 'UTF-8' | 'GB18030';
  readonly delimiter?: string;
  readonly acceptFailedCheck?: boolean;
  readonly lowerCaseCodes?: 'UPPER' | 'REFUSE';
  readonly dataTime?: string;
  readonly absent?: readonly string[];
  readonly ignore?: readonly string[];
  readonly columns: Readonly<Record<string, string | ColumnRule>>;
}

/** One value for each item of the column, in the order of `items`. */
export type ColumnReader = (text: string) => Reading<readonly Value[]>;
export interface MappedColumn {
  readonly column: string;
  readonly items: readonly Item[];
  readonly readColumn: ColumnReader;
  readonly onUnreadable: 'REFUSE' | 'WARN';
}
export interface Mapping {
  readonly category: Category;
  readonly usccColumn: string;
  readonly usccRules: UsccRules;
  readonly encoding: 'UTF-8' | 'GB18030' | null;
  readonly delimiter: string | null;
  readonly dataTime: Date | null;
  readonly absent: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
  readonly columns: readonly MappedColumn[];
  /** True without a mapping file: then columns that the file does not have are simply absent. */
  readonly isImplied: boolean;
}

const SCHEMA = new URL('../../schema/mapping.schema.json', import.meta.url);
const PARSERS_FOR: Readonly<Record<string, readonly string[]>> = {
  text: ['string', 'text', 'personName', 'address', 'idNumber', 'phone', 'email', 'accountNumber', 'uscc', 'code'],
  date: ['date', 'datetime'],
  capital: ['decimal'],
  division: ['code'],
  codeTitle: ['code'],
  number: ['decimal', 'integer'],
  boolean: ['boolean'],
};
const OPTIONS_OF: Readonly<Record<string, readonly (keyof ColumnRule)[]>> = {
  capital: ['currencyItem', 'unstatedCurrency', 'unstatedTimesTenTo'],
  division: ['aliases'],
  codeTitle: ['aliases'],
  number: ['timesTenTo'],
};
const OPTIONS = [...new Set(Object.values(OPTIONS_OF).flat())];

/**
 * The mapping at `path`, resolved against the category.
 * @throws Fault DELIVERY_REFUSED naming every fault of the mapping and what to do.
 */
export function loadMapping(path: string, category: Category, catalogue: Catalogue): Mapping {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Fault('DELIVERY_REFUSED', {
      detail: `mapping ${basename(path)}: not readable as YAML: ${(error as Error).message.split('\n')[0]}`,
      cause: error,
    });
  }
  return resolveMapping(content, category, catalogue, basename(path));
}

/** The mapping where none is given: the code in column `uscc`, every other column named as its item. */
export function impliedMapping(category: Category, catalogue: Catalogue): Mapping {
  const columns = Object.fromEntries(category.items.map(({ name }) => [name, name]));
  return { ...resolveMapping({ category: category.code, uscc: 'uscc', columns }, category, catalogue, 'implied'), isImplied: true };
}

/** Checks and compiles the content of a mapping file; `name` is what faults call it. */
export function resolveMapping(content: unknown, category: Category, catalogue: Catalogue, name: string): Mapping {
  const hasShape = new Ajv({ allErrors: true, strict: false, formats: { moment: (text: string) => readDateTime(text).ok } }).compile<MappingFile>(
    JSON.parse(readFileSync(SCHEMA, 'utf8')),
  );
  if (!hasShape(content))
    refuse(
      name,
      (hasShape.errors ?? []).map(({ instancePath, message, params }) => `${instancePath || 'the mapping'} ${message} ${Object.values(params).join(', ')}`),
    );
  const rules = Object.entries(content.columns).map(([column, rule]) => [column, typeof rule === 'string' ? { item: rule } : rule] as const);
  const faults = [...mappingFaults(content, rules, category, catalogue)];
  if (faults.length > 0) refuse(name, faults);

  const usccRules: UsccRules = { acceptFailedCheck: content.acceptFailedCheck ?? false, lowerCase: content.lowerCaseCodes ?? 'UPPER' };
  const moment = content.dataTime === undefined ? null : readDateTime(content.dataTime);
  return {
    category,
    usccColumn: content.uscc,
    usccRules,
    encoding: content.encoding ?? null,
    delimiter: content.delimiter ?? null,
    dataTime: moment?.ok ? new Date(moment.value) : null,
    absent: new Set(['', ...(content.absent ?? []).map((word) => word.trim())]),
    ignored: new Set(content.ignore ?? []),
    columns: rules.map(([column, rule]) => compileColumn(column, rule, category, catalogue, usccRules)),
    isImplied: false,
  };
}

function refuse(name: string, faults: readonly string[]): never {
  throw new Fault('DELIVERY_REFUSED', { detail: `mapping ${name}: ${faults.join('; ')}` });
}

type NamedRule = readonly [column: string, rule: ColumnRule];

function* mappingFaults(content: MappingFile, rules: readonly NamedRule[], category: Category, catalogue: Catalogue): Iterable<string> {
  if (content.category !== category.code) yield `is for ${content.category}; the delivery is for ${category.code}`;
  const fed = new Set<string>();
  for (const [column, rule] of rules) {
    if (column === content.uscc) yield `column ${column} is the code of the enterprise and cannot feed an item too`;
    if (content.ignore?.includes(column)) yield `column ${column} is both mapped and ignored`;
    for (const name of [rule.item, rule.currencyItem]) {
      if (name === undefined) continue;
      if (!category.itemsByName.has(name)) yield `column ${column} names ${name}, which is no item of ${category.code}`;
      if (fed.has(name)) yield `item ${name} is fed by two columns`;
      fed.add(name);
    }
    yield* ruleFaults(column, rule, category, catalogue);
  }
  for (const item of category.items) if (item.required && !fed.has(item.name)) yield `no column feeds ${item.name}, which is required`;
}

function* ruleFaults(column: string, rule: ColumnRule, category: Category, catalogue: Catalogue): Iterable<string> {
  const item = category.itemsByName.get(rule.item);
  if (!item) return;
  if (rule.parse && !PARSERS_FOR[rule.parse]?.includes(item.type))
    yield `column ${column}: parser ${rule.parse} does not fit ${item.name}, which is of type ${item.type}`;
  const allowed = OPTIONS_OF[rule.parse ?? ''] ?? [];
  for (const option of OPTIONS)
    if (rule[option] !== undefined && !allowed.includes(option)) yield `column ${column}: ${option} is no option of the parser ${rule.parse ?? '(none)'}`;
  const list = catalogue.codeLists.get(item.codeList ?? '');
  for (const code of Object.values(rule.aliases ?? {}))
    if (!list?.byCode.has(code)) yield `column ${column}: alias code ${code} is not in the list ${item.codeList}`;
  if (rule.parse === 'capital') {
    const currency = category.itemsByName.get(rule.currencyItem ?? '');
    if (currency?.type !== 'code') yield `column ${column}: currencyItem MUST name the code item that takes the currency`;
  }
}

function compileColumn(column: string, rule: ColumnRule, category: Category, catalogue: Catalogue, usccRules: UsccRules): MappedColumn {
  const item = category.itemsByName.get(rule.item) as Item;
  const currency = rule.parse === 'capital' ? (category.itemsByName.get(rule.currencyItem ?? '') as Item) : null;
  return {
    column,
    items: currency ? [item, currency] : [item],
    readColumn: compileReader(rule, item, currency, catalogue, usccRules),
    onUnreadable: rule.onUnreadable ?? 'REFUSE',
  };
}

function compileReader(rule: ColumnRule, item: Item, currency: Item | null, catalogue: Catalogue, usccRules: UsccRules): ColumnReader {
  const list = catalogue.codeLists.get(item.codeList ?? '');
  const single =
    (readValue: (text: string) => Reading<Value>): ColumnReader =>
    (text) => {
      const reading = readValue(text);
      return reading.ok ? read([reading.value], reading.warning) : reading;
    };
  if (currency) {
    const currencies = valueReaderOf(currency, catalogue.codeLists.get(currency.codeList ?? ''), usccRules);
    return (text) => {
      const capital = readCapital(text, rule);
      if (!capital.ok) return capital;
      const code = currencies(capital.value.currency);
      return code.ok ? read([capital.value.amount, code.value], capital.warning) : code;
    };
  }
  if (rule.parse === 'division' && list) return single(divisionReader(list, rule.aliases));
  if (rule.parse === 'codeTitle' && list) return single(codeTitleReader(list, rule.aliases));
  if (rule.timesTenTo !== undefined)
    return single((text) => (item.type === 'integer' ? readInteger(text, rule.timesTenTo) : readNumber(text, rule.timesTenTo)));
  return single(valueReaderOf(item, list, usccRules));
}
