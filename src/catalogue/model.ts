/**
 * What the catalogue says of the data: providers, categories, items, code lists.
 * Everything here is frozen after loading and known by position, so that policy can be compiled to arrays.
 */
import type { Bilingual, CategoryCode, Grade, ItemCode, SharingType, UpdateCycle } from '../terms.js';

export const DATA_TYPES = [
  'string',
  'text',
  'integer',
  'decimal',
  'date',
  'datetime',
  'boolean',
  'code',
  'uscc',
  'personName',
  'idNumber',
  'phone',
  'address',
  'accountNumber',
  'email',
] as const;
export type DataType = (typeof DATA_TYPES)[number];

export const MASK_RULES = ['name', 'idNumber', 'phone', 'accountNumber', 'address', 'email', 'redact', 'round', 'year', 'uscc', 'withhold'] as const;
export type MaskRule = (typeof MASK_RULES)[number];

export interface Item {
  readonly code: ItemCode;
  /** Position among all items of the zone; policy outcomes are arrays over it. */
  readonly index: number;
  /** GraphQL field and payload key. */
  readonly name: string;
  /** Schema coordinate, `Type.field`. */
  readonly coordinate: string;
  readonly title: Bilingual;
  readonly type: DataType;
  /** Name of the code list; only for type `code`. */
  readonly codeList: string | null;
  /** Unit of the number, such as `CNY` (yuan) or `persons`. */
  readonly unit: string | null;
  readonly note: Bilingual | null;
  readonly grade: Grade;
  readonly personal: boolean;
  readonly sharing: SharingType;
  readonly mask: MaskRule;
  /** A delivered row without it is refused. */
  readonly required: boolean;
  /** First day (ISO date) on which it may be read; null: always. */
  readonly inForceFrom: string | null;
  readonly example: readonly string[];
  readonly typical: string | null;
}

export interface Category {
  readonly code: CategoryCode;
  readonly domain: string;
  readonly provider: string;
  readonly title: Bilingual;
  readonly description: Bilingual;
  /** GraphQL object type. */
  readonly type: string;
  /** GraphQL field of the domain's records type. */
  readonly field: string;
  readonly cardinality: 'ONE' | 'MANY';
  /** Items that identify a row within an enterprise; empty for ONE. */
  readonly identifiedBy: readonly string[];
  /** Item that orders the rows, newest or largest first; null for ONE. */
  readonly orderedBy: string | null;
  readonly updateCycle: UpdateCycle;
  readonly sharing: SharingType;
  readonly condition: Bilingual | null;
  readonly basis: string;
  readonly grade: Grade;
  readonly version: number;
  readonly released: string;
  readonly typical: Typical;
  readonly items: readonly Item[];
  readonly itemsByName: ReadonlyMap<string, Item>;
}

/** What such records usually look like; drives the synthetic zone. */
export interface Typical {
  /** Share of enterprises (of `industries`, if any) that have a record. */
  readonly coverage: number;
  readonly rows: readonly [least: number, most: number];
  readonly period: 'MONTHLY' | 'QUARTERLY' | 'YEARLY' | null;
  /** GB/T 4754 sections; empty: all. */
  readonly industries: readonly string[];
}

export interface CodeList {
  readonly name: string;
  readonly title: Bilingual;
  readonly codes: readonly Code[];
  readonly byCode: ReadonlyMap<string, Code>;
}
export interface Code extends Bilingual {
  readonly code: string;
  /** The wider code, in lists of more than one level. */
  readonly parent: string | null;
}

export interface Catalogue {
  readonly providers: readonly Code[];
  readonly domains: readonly Code[];
  readonly categories: readonly Category[];
  readonly items: readonly Item[];
  readonly codeLists: ReadonlyMap<string, CodeList>;
  category(code: string): Category | undefined;
  item(code: string): Item | undefined;
  /** SHA-256 over the canonical content: two gateways with one digest serve one schema. */
  readonly digest: string;
}
