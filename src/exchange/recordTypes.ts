/** GraphQL types of records, made from the catalogue: a field a domain, a category, an item. */

import type { GraphQLScalarType } from 'graphql';
import { Arg, Field, Int, ObjectType } from 'type-graphql';
import type { Catalogue, Category, DataType, Item } from '../catalogue/model.js';
import { recordsTypeName } from '../catalogue/naming.js';
import { DateScalar, DateTimeScalar, DecimalScalar, UsccScalar } from './scalars.js';
import { Enterprise, Provenance } from './types.js';

type Class = abstract new () => object;

const SCALAR: Partial<Record<DataType, unknown>> = {
  integer: Number,
  decimal: DecimalScalar,
  date: DateScalar,
  datetime: DateTimeScalar,
  boolean: Boolean,
  uscc: UsccScalar,
};

/**
 * Declares the types of all domains and categories with type-graphql, and the domains as fields of `Enterprise`.
 * Once per process: type-graphql keeps its metadata globally. How category fields resolve is wired in schema.ts.
 */
export function declareRecordTypes(catalogue: Catalogue): void {
  for (const { code: domain, zh, en } of catalogue.domains) {
    const categories = catalogue.categories.filter((category) => category.domain === domain);
    if (categories.length === 0) continue;
    const Records = classNamed(recordsTypeName(domain));
    for (const category of categories) declareCategoryField(Records, category, declareCategoryType(category));
    ObjectType(recordsTypeName(domain), { description: `${zh}信息 / ${en} records` })(Records);
    Field(() => Records, { simple: true, description: `${zh} / ${en}` })(Enterprise.prototype, domain);
  }
}

function declareCategoryType(category: Category): Class {
  const Row = classNamed(category.type);
  for (const item of category.items) {
    const type = (SCALAR[item.type] ?? String) as GraphQLScalarType;
    Field(() => (item.type === 'integer' ? Int : type), { nullable: true, simple: true, description: itemDescription(item) })(Row.prototype, item.name);
  }
  Field(() => Provenance, { simple: true, description: '来源与新鲜度 / Where it comes from and how fresh it is' })(Row.prototype, 'provenance');
  if (category.cardinality === 'MANY') {
    Field(() => String, { simple: true, description: '本行位置，供 after 使用 / Place of the row, for `after`' })(Row.prototype, 'cursor');
  }
  ObjectType(category.type, { description: categoryDescription(category) })(Row);
  return Row;
}

function declareCategoryField(Records: Class, category: Category, Row: Class): void {
  const description = `${category.title.zh} / ${category.title.en}. 全部拒绝时为 null / null when wholly denied`;
  if (category.cardinality === 'ONE') {
    Field(() => Row, { nullable: true, simple: true, description })(Records.prototype, category.field);
    return;
  }
  Object.defineProperty(Records.prototype, category.field, { value: () => undefined, configurable: true });
  Field(() => [Row], { nullable: true, description })(Records.prototype, category.field, {} as PropertyDescriptor);
  Arg('first', () => Int, { nullable: true, description: '至多几行，1-100；不填为前 100 行 / Rows at most, 1 to 100; the first 100 where absent' })(
    Records.prototype,
    category.field,
    0,
  );
  Arg('after', () => String, { nullable: true, description: '上一页末行的 cursor / cursor of the last row before' })(Records.prototype, category.field, 1);
}

function classNamed(name: string): Class {
  return { [name]: class {} }[name] as Class;
}

const SHARING = { UNCONDITIONAL: '无条件共享', CONDITIONAL: '有条件共享', NOT_SHARED: '不予共享' } as const;

function itemDescription(item: Item): string {
  const facts = [
    `${item.title.zh} / ${item.title.en}.`,
    item.note && `${item.note.zh} / ${item.note.en}.`,
    item.unit && `单位 unit: ${item.unit}.`,
    item.codeList && `代码表 code list: ${item.codeList}.`,
    `L${item.grade}, ${SHARING[item.sharing]} ${item.sharing}${item.personal ? ', 个人信息 personal' : ''}.`,
    item.inForceFrom && `自 ${item.inForceFrom} 起可查 / readable from that day.`,
    `${item.code}`,
  ];
  return facts.filter(Boolean).join(' ');
}

function categoryDescription({ title, description, code, updateCycle, basis }: Category): string {
  return `${title.zh} / ${title.en}\n\n${description.zh}\n${description.en}\n\n${code}, ${updateCycle}. ${basis}`;
}
