/** The kinds of alerts, the thresholds of each, and whether a change of them lets more pass unnoticed. */
export const ALERT_KINDS = [
  'READS_WITHOUT_LIVE_CASE',
  'ONE_OPERATOR_MANY_ENTERPRISES',
  'UNUSUAL_VOLUME',
  'READS_AT_NIGHT',
  'READS_AFTER_DECLINE',
  'DENIAL_BURST',
  'CANARY_TOUCHED',
  'STALE_CHECKPOINT',
  'VERIFIER_FINDING',
  'RULE_LOOSENED',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** What is told first where much is to be told. */
export const BY_GRAVITY: readonly AlertKind[] = [
  'STALE_CHECKPOINT',
  'VERIFIER_FINDING',
  'RULE_LOOSENED',
  'CANARY_TOUCHED',
  'READS_AFTER_DECLINE',
  'READS_WITHOUT_LIVE_CASE',
  'UNUSUAL_VOLUME',
  'ONE_OPERATOR_MANY_ENTERPRISES',
  'READS_AT_NIGHT',
  'DENIAL_BURST',
];

interface Threshold {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  /** Which way lets more pass unnoticed; an hour of the day has no such way, so any change of it counts as loosening. */
  readonly loosens: 'HIGHER' | 'LOWER' | 'EITHER';
}
const count = (most: number, least = 1): Threshold => ({ least, most, whole: true, loosens: 'HIGHER' });
const ratio = (most: number): Threshold => ({ least: 1, most, whole: false, loosens: 'HIGHER' });
const share: Threshold = { least: 0, most: 1, whole: false, loosens: 'HIGHER' };
const hour: Threshold = { least: 0, most: 23, whole: true, loosens: 'EITHER' };

/** The thresholds of each kind: these, no others, and each within its bounds. */
const THRESHOLDS = {
  READS_WITHOUT_LIVE_CASE: { graceHours: count(24 * 14, 0), enterprisesADay: count(100_000), shareOfDay: share },
  ONE_OPERATOR_MANY_ENTERPRISES: { lendingEnterprisesADay: count(10_000), monitoringEnterprisesADay: count(10_000) },
  UNUSUAL_VOLUME: { deviations: ratio(100), times: ratio(100), leastEnterprises: count(1_000_000), leastDays: count(50) },
  READS_AT_NIGHT: { fromHour: hour, untilHour: hour, readsANight: count(100_000), timesUsual: ratio(100) },
  READS_AFTER_DECLINE: { graceHours: count(24 * 14, 0), readsADay: count(100_000) },
  DENIAL_BURST: { probes: count(100_000) },
  CANARY_TOUCHED: { touchesADay: count(100) },
  STALE_CHECKPOINT: { seconds: count(86_400, 61) },
  VERIFIER_FINDING: { findings: count(1_000_000) },
  RULE_LOOSENED: {},
} as const satisfies Record<AlertKind, Readonly<Record<string, Threshold>>>;

export type Thresholds<K extends AlertKind = AlertKind> = Readonly<Record<keyof (typeof THRESHOLDS)[K], number>>;
export interface Rule<K extends AlertKind = AlertKind> {
  readonly kind: K;
  readonly version: number;
  readonly enabled: boolean;
  readonly thresholds: Thresholds<K>;
}
/** Rules in force, one of each kind. */
export type Rules = { readonly [K in AlertKind]: Rule<K> };

export interface ThresholdFault {
  readonly name: string;
  readonly fault: 'UNKNOWN' | 'OUT_OF_RANGE';
  /** What is allowed. */
  readonly allowed: string;
}

/** What is wrong with thresholds of a kind: names that it has not, values beyond their bounds. */
export function thresholdFaults(kind: AlertKind, given: Readonly<Record<string, number>>): ThresholdFault[] {
  const known: Readonly<Record<string, Threshold>> = THRESHOLDS[kind];
  return Object.entries(given).flatMap(([name, value]): ThresholdFault[] => {
    const threshold = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!threshold) return [{ name: name.slice(0, 40), fault: 'UNKNOWN', allowed: Object.keys(known).join(', ') }];
    const { least, most, whole } = threshold;
    const fits = Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value));
    return fits ? [] : [{ name, fault: 'OUT_OF_RANGE', allowed: `${least} - ${most}` }];
  });
}

/** Whether the later rule lets something pass that the earlier one would have noticed. */
export function loosens(
  before: Pick<Rule, 'enabled'> & { readonly thresholds: object },
  after: Pick<Rule, 'kind' | 'enabled'> & { readonly thresholds: object },
): boolean {
  if (before.enabled && !after.enabled) return true;
  const [was, is] = [before.thresholds as Record<string, number>, after.thresholds as Record<string, number>];
  return Object.entries<Threshold>(THRESHOLDS[after.kind]).some(([name, { loosens: way }]) => {
    const [earlier = 0, later = 0] = [was[name], is[name]];
    return way === 'EITHER' ? earlier !== later : way === 'HIGHER' ? later > earlier : later < earlier;
  });
}

/** Rules of this kind cannot be switched off: it tells that another one was. */
export function isAlwaysOn(kind: AlertKind): boolean {
  return kind === 'RULE_LOOSENED';
}

interface Queryable {
  query<Row extends object>(text: string): Promise<{ rows: Row[] }>;
}

/** The rules in force. */
export async function rulesInForce(client: Queryable): Promise<Rules> {
  const { rows } = await client.query<Rule>('select distinct on (kind) kind, version, enabled, thresholds from alert_rule order by kind, version desc');
  const found = Object.fromEntries(rows.map((rule) => [rule.kind, rule]));
  const missing = ALERT_KINDS.filter((kind) => !found[kind]);
  if (missing.length > 0) throw new Error(`alert_rule lacks ${missing.join(', ')}`);
  return found as unknown as Rules;
}
