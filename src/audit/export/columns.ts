/** An entry as a row of a table: its columns, for files that people open in a spreadsheet. Pure. */
import { namesIn } from '../asked.js';
import { type CategoryOutcome, leafHash } from '../entry.js';
import type { ExportedEntry } from './source.js';

const groupsOf = ({ entry: { reads = [] } }: ExportedEntry): CategoryOutcome[] => reads.flatMap(({ categories }) => categories);
const distinct = (words: Iterable<string>): string => [...new Set(words)].join(' ');
const itemsOf = (from: ExportedEntry, names: (group: CategoryOutcome) => readonly string[]): string =>
  distinct(groupsOf(from).flatMap((group) => names(group).map((name) => `${group.category}.${name}`)));
const json = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

/** Title and text of each column; what an entry does not have is empty. */
export const COLUMNS: readonly { readonly title: string; readonly of: (from: ExportedEntry) => string }[] = [
  { title: '回执 receipt', of: ({ entry }) => entry.id },
  { title: '时间 time', of: ({ entry }) => entry.time },
  { title: '机构 institution', of: ({ entry }) => entry.institution ?? '' },
  { title: '系统 client', of: ({ entry }) => entry.client ?? '' },
  { title: '工作人员 staff', of: ({ entry }) => entry.staff ?? '' },
  { title: '企业本身 as enterprise', of: ({ entry }) => entry.enterprise ?? '' },
  { title: '操作员 operator', of: ({ entry }) => entry.operator ?? '' },
  { title: '案件编号 case number', of: ({ entry }) => entry.caseNumber ?? '' },
  { title: '目的 purpose', of: ({ entry }) => entry.purpose ?? '' },
  { title: '结果 outcome', of: ({ entry }) => entry.outcome },
  { title: '代码 code', of: ({ entry }) => (entry.outcome === 'REFUSED' ? entry.code : '') },
  { title: '策略版本 policy version', of: ({ entry }) => String(entry.policyVersion ?? '') },
  { title: '字段 fields', of: ({ entry }) => distinct(entry.fields ?? []) },
  { title: '企业 enterprises', of: ({ entry: { reads = [] } }) => distinct(reads.flatMap(({ enterprises }) => enterprises)) },
  { title: '信息类 categories', of: (from) => distinct(groupsOf(from).map(({ category }) => category)) },
  { title: '信息项 items asked', of: (from) => itemsOf(from, namesIn) },
  { title: '脱敏 items masked', of: (from) => itemsOf(from, ({ masked = [] }) => masked) },
  { title: '拒绝 items denied', of: (from) => itemsOf(from, ({ denied = {} }) => Object.values(denied).flat()) },
  { title: '拒绝原因 reasons', of: (from) => distinct(groupsOf(from).flatMap(({ denied = {} }) => Object.keys(denied))) },
  { title: '授权 consents', of: ({ entry: { reads = [] } }) => distinct(reads.flatMap(({ consents = [] }) => consents.map(({ id }) => id))) },
  { title: '变更 changes', of: ({ entry }) => json(entry.changes) },
  { title: '查阅 lookups', of: ({ entry }) => json(entry.lookups) },
  { title: '毫秒 milliseconds', of: ({ entry }) => String(entry.durationMs) },
  { title: '操作摘要 operation', of: ({ entry }) => entry.operation ?? '' },
  { title: '叶哈希 leaf hash', of: ({ text }) => leafHash(text).toString('hex') },
];

export function rowOf(from: ExportedEntry): string[] {
  return COLUMNS.map(({ of }) => of(from));
}
