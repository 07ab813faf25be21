/**
 * Whether an entry is of the form that gateways write, as far as anything follows from it: pure. What is not stands in the tree,
 * where whoever verifies finds it, and in no index: somebody wrote it past the gateway, and it MUST NOT stop what keeps the log.
 */
import { type AuditEntry, ENTRY_VERSION } from './entry.js';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const ID = /^[0-9a-f-]{36}$/;
/** Years 2000 to 2199, so that every moment and day that follows from it can be kept. */
const TIME = /^2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const having =
  (members: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isFields(value) && Object.entries(members).every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined));

const isCategory = having({
  category: isText,
  enterprises: optional(listOf(isCount)),
  clear: optional(listOf(isText)),
  masked: optional(listOf(isText)),
  denied: optional((value) => isFields(value) && Object.values(value).every(listOf(isText))),
});
const isRead = having({
  field: isText,
  enterprises: listOf(isText),
  categories: listOf(isCategory),
  consents: optional(listOf(having({ id: isText, enterprise: isCount, categories: optional(listOf(isText)) }))),
  invalid: optional(isCount),
  unknown: optional(listOf(isCount)),
});
const isEnded = having({ export: isText, bytes: isCount, sha256: optional(isText) });
const isEntry = having({
  v: (value) => value === ENTRY_VERSION,
  id: (value) => isText(value) && ID.test(value as string),
  time: (value) => isText(value) && TIME.test(value as string) && !Number.isNaN(Date.parse(value as string)),
  outcome: (value) => value === 'ANSWERED' || value === 'REFUSED',
  code: optional(isText),
  institution: nullable(isText),
  client: optional(nullable(isText)),
  ...Object.fromEntries(['staff', 'enterprise', 'operator', 'caseNumber', 'purpose', 'supersedes'].map((name) => [name, optional(isText)])),
  policyVersion: optional(isCount),
  reads: optional(listOf(isRead)),
  searches: optional(listOf(isFields)),
  questions: optional(listOf(isFields)),
  changes: optional(listOf(isFields)),
  lookups: optional(listOf(having({ field: isText, filter: isFields, returned: isCount, ended: optional(isEnded) }))),
  sources: optional(isFields),
});

/** Whether what was parsed is an entry, and of the time of its row. A text may hold any character: callers type what is in them. */
export function isOfForm(parsed: unknown, row: { readonly time: Date }): parsed is AuditEntry {
  return isEntry(parsed) && Date.parse((parsed as AuditEntry).time) === row.time.getTime();
}
