/**
 * What is written of an enterprise, as text of JSON: made once from what an operation asks, then filled from released rows
 * many times. Writes what graphql-js would write, letter for letter, or refuses to.
 */
import { createHash } from 'node:crypto';
import type { Value } from '../access/masks.js';
import type { Category, DataType, Item } from '../catalogue/model.js';
import type { Uscc } from '../terms.js';
import type { Provenance } from './provenance.js';
import type { Released, ReleasedRow } from './release.js';

/** The name of a GraphQL type, under its response key. */
export interface TypeField {
  readonly kind: 'TYPE';
  readonly key: string;
  readonly type: string;
}
export type EnterpriseField =
  | TypeField
  | { readonly kind: 'USCC' | 'NAME'; readonly key: string }
  | { readonly kind: 'DOMAIN'; readonly key: string; readonly fields: readonly DomainField[] };
export type DomainField = TypeField | CategoryField;
export interface CategoryField {
  readonly kind: 'CATEGORY';
  readonly key: string;
  readonly category: Category;
  /** Rows at most, where there can be many. */
  readonly first: number;
  readonly fields: readonly RowField[];
}
export type RowField =
  | TypeField
  | { readonly kind: 'CURSOR'; readonly key: string }
  | { readonly kind: 'ITEM'; readonly key: string; readonly item: Item }
  | { readonly kind: 'PROVENANCE'; readonly key: string; readonly fields: readonly (TypeField | ProvenanceField)[] };
export interface ProvenanceField {
  readonly kind: 'SOURCE';
  readonly key: string;
  readonly name: keyof Provenance;
}

export interface Outline {
  readonly asked: ReadonlyMap<Category, readonly Item[]>;
  /** Whether the name of the enterprise is asked. */
  readonly name: boolean;
  readonly fields: readonly EnterpriseField[];
}
export interface Template extends Outline {
  /** SHA-256 (base64url) over all that it writes: the same in every process. */
  readonly hash: string;
  /** Categories whose freshness is written, which changes with time. */
  readonly dated: readonly Category[];
  /** Rows that are written at most, by category. */
  readonly reach: ReadonlyMap<Category, number>;
  /** @throws Unwritable */
  write(uscc: Uscc, name: string | null, releasedOf: (category: Category) => Released | null): string;
}

/** A value that graphql-js would not write as it is: it may convert or refuse it, and that is left to it. */
export class Unwritable extends Error {}

type Writer<T> = (given: T) => string;

/** Raised whenever the same outline comes to be written or kept otherwise: texts of earlier releases are then never met. */
const FORM = 2;

export function openTemplate(outline: Outline): Template {
  const fields = outline.fields.map(enterpriseWriter);
  const dated = new Set<Category>();
  const reach = new Map<Category, number>();
  for (const field of categoriesIn(outline)) {
    if (showsFreshness(field)) dated.add(field.category);
    reach.set(field.category, Math.max(reach.get(field.category) ?? 0, field.first));
  }
  return {
    ...outline,
    dated: [...dated],
    reach,
    hash: createHash('sha256')
      .update(JSON.stringify([FORM, outlineText(outline)]))
      .digest('base64url'),
    write: (uscc, name, releasedOf) => joined(fields, { uscc, name, releasedOf }),
  };
}

interface Given {
  readonly uscc: Uscc;
  readonly name: string | null;
  readonly releasedOf: (category: Category) => Released | null;
}

function joined<T>(writers: readonly Writer<T>[], given: T): string {
  let text = '{';
  for (let position = 0; position < writers.length; position++) {
    if (position > 0) text += ',';
    text += (writers[position] as Writer<T>)(given);
  }
  return `${text}}`;
}

const keyText = (key: string) => `${JSON.stringify(key)}:`;

function typeWriter({ key, type }: TypeField): Writer<unknown> {
  const text = `${keyText(key)}${JSON.stringify(type)}`;
  return () => text;
}

function enterpriseWriter(field: EnterpriseField): Writer<Given> {
  const key = keyText(field.key);
  switch (field.kind) {
    case 'TYPE':
      return typeWriter(field);
    case 'USCC':
      return ({ uscc }) => `${key}"${uscc}"`;
    case 'NAME':
      return ({ name }) => `${key}${JSON.stringify(name)}`;
    case 'DOMAIN': {
      const fields = field.fields.map((inner): Writer<Given> => (inner.kind === 'TYPE' ? typeWriter(inner) : categoryWriter(inner)));
      return (given) => `${key}${joined(fields, given)}`;
    }
  }
}

function categoryWriter({ key: name, category, first, fields }: CategoryField): Writer<Given> {
  const key = keyText(name);
  const nothing = `${key}null`;
  const writers = fields.map(rowWriter);
  if (category.cardinality === 'ONE') {
    return ({ releasedOf }) => {
      const row = releasedOf(category)?.rows(0, 1)[0];
      return row ? `${key}${joined(writers, row)}` : nothing;
    };
  }
  return ({ releasedOf }) => {
    const released = releasedOf(category);
    if (!released) return nothing;
    let text = '';
    for (const row of released.rows(0, first)) text += `${text === '' ? '' : ','}${joined(writers, row)}`;
    return `${key}[${text}]`;
  };
}

function rowWriter(field: RowField): Writer<ReleasedRow> {
  const key = keyText(field.key);
  switch (field.kind) {
    case 'TYPE':
      return typeWriter(field);
    case 'CURSOR':
      return (row) => `${key}"${(row.cursor as () => string)()}"`;
    case 'ITEM': {
      const { name, type } = field.item;
      const write = valueWriter(type);
      return (row) => {
        const value = row[name] as Value | null | undefined;
        return value === null || value === undefined ? `${key}null` : key + write(value);
      };
    }
    case 'PROVENANCE': {
      const fields = field.fields.map((inner): Writer<Provenance> => (inner.kind === 'TYPE' ? typeWriter(inner) : sourceWriter(inner)));
      return (row) => key + joined(fields, (row.provenance as () => Provenance)());
    }
  }
}

function sourceWriter({ key: name, name: field }: ProvenanceField): Writer<Provenance> {
  const key = keyText(name);
  return (provenance) => key + JSON.stringify(provenance[field]);
}

/** As the scalar of the type writes it, where that is the value as it is. */
function valueWriter(type: DataType): Writer<Value> {
  switch (type) {
    case 'integer':
      return (value) => {
        if (typeof value !== 'number' || (value | 0) !== value) throw new Unwritable();
        return Object.is(value, -0) ? '0' : String(value);
      };
    case 'boolean':
      return (value) => {
        if (typeof value !== 'boolean') throw new Unwritable();
        return value ? 'true' : 'false';
      };
    default:
      return (value) => {
        if (typeof value !== 'string') throw new Unwritable();
        return JSON.stringify(value);
      };
  }
}

function categoriesIn({ fields }: Outline): CategoryField[] {
  const domains = fields.flatMap((field) => (field.kind === 'DOMAIN' ? field.fields : []));
  return domains.flatMap((field) => (field.kind === 'CATEGORY' ? [field] : []));
}

function showsFreshness({ fields }: CategoryField): boolean {
  return fields.some((field) => field.kind === 'PROVENANCE' && field.fields.some((inner) => inner.kind === 'SOURCE' && inner.name === 'freshness'));
}

/** All that decides what is written, in order; what a category or an item is, is told by its definition. */
function outlineText({ asked, name, fields }: Outline): unknown {
  const ofItem = ({ code, type, mask }: Item) => [code, type, mask];
  const ofRow = (field: RowField): unknown =>
    field.kind === 'ITEM'
      ? [field.kind, field.key, ofItem(field.item)]
      : field.kind === 'PROVENANCE'
        ? [field.kind, field.key, field.fields.map((inner) => [inner.kind, inner.key, inner.kind === 'TYPE' ? inner.type : inner.name])]
        : [field.kind, field.key, field.kind === 'TYPE' ? field.type : ''];
  const ofCategory = (category: Category) => [
    category.code,
    category.cardinality,
    category.orderedBy,
    category.identifiedBy,
    category.provider,
    category.updateCycle,
  ];
  const ofDomain = (field: DomainField): unknown =>
    field.kind === 'TYPE' ? [field.kind, field.key, field.type] : [ofCategory(field.category), field.key, field.first, field.fields.map(ofRow)];
  return [
    [...asked].map(([category, items]) => [ofCategory(category), items.map(ofItem)]),
    name,
    fields.map((field) =>
      field.kind === 'DOMAIN' ? [field.kind, field.key, field.fields.map(ofDomain)] : [field.kind, field.key, field.kind === 'TYPE' ? field.type : ''],
    ),
  ];
}
