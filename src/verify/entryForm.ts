/**
 * Whether what was sealed is an audit entry at all. What is none stands in the tree like any other, and statements, usage and
 * alerts pass it by in silence: so it is told. Asks for what they rest on, and not for more: it MUST never accuse an entry that
 * the zone wrote.
 */

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CODE = /^[0-9A-Z]{18}$/;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const isNumber: Check = (value) => typeof value === 'number';
const isObject: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isId: Check = (value) => typeof value === 'string' && ID.test(value);
const listOf =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(each);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const recordOf =
  (each: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value as object).every(each);
/** Members that MUST be there, and others that may. */
const objectOf =
  (required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) =>
    isObject(value) && flawAmong(value as Fields, required, optional) === null;
const isTime: Check = (value) => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return at >= 0 && new Date(at).toISOString() === value;
};

const isNames = listOf(isText);
const isPositions = listOf(isCount);
const isOutcome = objectOf({ category: isText }, { enterprises: isPositions, clear: isNames, masked: isNames, denied: recordOf(isNames) });
const isConsent = objectOf({ id: isText, enterprise: isCount }, { categories: isNames });
const isRead = objectOf(
  { field: isText, enterprises: listOf((code) => typeof code === 'string' && CODE.test(code)), categories: listOf(isOutcome) },
  { consents: listOf(isConsent), invalid: isCount, unknown: isPositions },
);
const isLookup = objectOf({ field: isText, filter: isObject, returned: isCount }, { ended: isObject });

const REQUIRED = {
  v: (value: unknown) => value === 1,
  id: isId,
  time: isTime,
  institution: orNull(isText),
  client: orNull(isText),
  outcome: (value: unknown) => value === 'ANSWERED' || value === 'REFUSED',
  durationMs: isNumber,
};
const OPTIONAL = {
  code: isText,
  staff: isText,
  enterprise: isText,
  operator: isText,
  caseNumber: isText,
  purpose: isText,
  operation: isText,
  operationName: isText,
  policyVersion: isNumber,
  decidedAt: isText,
  fields: isNames,
  reads: listOf(isRead),
  searches: listOf(isObject),
  questions: listOf(isObject),
  changes: listOf(objectOf({ mutation: isText, state: isText })),
  lookups: listOf(isLookup),
  sources: recordOf(isNumber),
  supersedes: isId,
};

/** What is not of the format; null where all is. `entry` is the text as it was read, undefined where it is no JSON. */
export function formFlawOf(entry: unknown): string | null {
  if (entry === undefined) return 'its text is no JSON';
  if (!isObject(entry)) return 'its text is no object';
  const flaw = flawAmong(entry as Fields, REQUIRED, OPTIONAL);
  if (flaw !== null) return `its "${flaw}" is not of the format`;
  return (entry as Fields).outcome === 'REFUSED' && !isText((entry as Fields).code) ? 'its "code" is not of the format' : null;
}

/** The name of the first member that is missing or not of its form. */
function flawAmong(entry: Fields, required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>>): string | null {
  for (const name in required) if (!(required[name] as Check)(entry[name])) return name;
  for (const name in optional) if (entry[name] !== undefined && !(optional[name] as Check)(entry[name])) return name;
  return null;
}
