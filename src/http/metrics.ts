/** What is measured of the gateway, for Prometheus. Labels are of closed sets: no institution's traffic makes new series. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import type { EvidenceState, EvidenceWatch } from '../audit/evidenceState.js';
import type { Siblings } from './siblings.js';

export interface Metrics {
  /** One request answered: how it ended (`ok` or a code of the table of faults), how long it took, records looked up. */
  answered(result: { code: string | null; status: number; seconds: number; lookedUp: number }): void;
  /** One operation executed, and by what. */
  executed(how: 'PLANNED' | 'NOT_COVERED' | 'UNWRITABLE'): void;
  /** Of all processes of the gateway: what each counts under its number, what is of the zone once. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface Observed {
  readonly facts: () => Readonly<{ local: number; redis: number; postgres: number }>;
  readonly factBytes: () => number;
  readonly texts: () => Readonly<{ local: number; redis: number; written: number; bytes: number }>;
  readonly cacheState: () => 'READY' | 'AWAY' | 'NONE';
  /** null: there is none. */
  readonly replica: () => Readonly<Record<'taken' | 'unlike' | 'away', number>> | null;
  readonly evidence: EvidenceWatch;
  readonly siblings: Siblings;
}

export function openMetrics({ facts, factBytes, texts, cacheState, replica, evidence, siblings }: Observed): Metrics {
  const registry = new Registry();
  // Sums over processes would jump down when one is started again; a series of its own begins anew, as counters may.
  if (siblings.number !== null) registry.setDefaultLabels({ worker: String(siblings.number) });
  const ofZone = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const duration = new Histogram({
    name: 'zone_request_seconds',
    help: 'Time from the first byte of a request to its answer',
    labelNames: ['code'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const records = new Counter({ name: 'zone_records_looked_up_total', help: 'Records looked up under a permit', registers });
  new Gauge({
    name: 'zone_facts',
    help: 'Facts by where they came from, since the start',
    labelNames: ['source'] as const,
    registers,
    collect() {
      for (const [source, count] of Object.entries(facts())) this.set({ source }, count);
    },
  });
  new Gauge({
    name: 'zone_texts',
    help: 'Texts of enterprises by where they came from, since the start',
    labelNames: ['source'] as const,
    registers,
    collect() {
      const { local, redis, written } = texts();
      for (const [source, count] of Object.entries({ local, redis, written })) this.set({ source }, count);
    },
  });
  new Gauge({
    name: 'zone_texts_bytes',
    help: 'Bytes that texts of enterprises take in this process',
    registers,
    collect() {
      this.set(texts().bytes);
    },
  });
  new Gauge({
    name: 'zone_facts_bytes',
    help: 'Bytes that facts take in this process',
    registers,
    collect() {
      this.set(factBytes());
    },
  });
  const executions = new Counter({
    name: 'zone_executions_total',
    help: 'Operations by what executed them: a plan, or graphql-js because no plan covers them or a value was not as its type has it',
    labelNames: ['by'] as const,
    registers,
  });
  new Gauge({
    name: 'zone_redis_ready',
    help: '1 when Redis answers, 0 when it is away or there is none',
    registers,
    collect() {
      this.set(cacheState() === 'READY' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'zone_replica_fetches',
    help: 'Fetches of records where there is a replica: taken from it, or asked of the primary because it was not as new or away',
    labelNames: ['outcome'] as const,
    registers,
    collect() {
      for (const [outcome, count] of Object.entries(replica() ?? {})) this.set({ outcome }, count);
    },
  });
  gaugesOfEvidence(ofZone, evidence);
  siblings.tells('METRICS', async (): Promise<Told> => ({ own: await registry.getMetricsAsJSON(), zone: await ofZone.getMetricsAsJSON() }));
  return {
    answered({ code, seconds, lookedUp }) {
      duration.observe({ code: code ?? 'ok' }, seconds);
      records.inc(lookedUp);
    },
    executed: (how) => executions.inc({ by: how.toLowerCase() }),
    text: async () => textOf((await siblings.ask('METRICS')) as readonly Told[]),
    contentType: registry.contentType,
  };
}

/** What one process tells. */
interface Told {
  readonly own: readonly Measured[];
  readonly zone: readonly Measured[];
}
type Measured = MetricObjectWithValues<MetricValue<string>>;

/** Each told its own under its number; of the zone all tell the same, so the first that knows is believed. */
async function textOf(told: readonly Told[]): Promise<string> {
  const zone = told.find((one) => one.zone.some(({ values }) => values.length > 0))?.zone ?? told[0]?.zone ?? [];
  const all = [...told.map(({ own }) => own), zone].map((metrics) => metrics.map(asItIs));
  return `${await AggregatorRegistry.aggregate(all as unknown as object[]).metrics()}`;
}

/** Added up with nothing, since labels differ; and what is no number was lost between processes. */
function asItIs(metric: Measured): Measured {
  return { ...metric, aggregator: 'sum', values: metric.values.map((one) => ({ ...one, value: one.value ?? Number.NaN })) };
}

/** What whoever sequences has left in the database; nothing is told while that does not answer. */
function gaugesOfEvidence(registry: Registry, evidence: EvidenceWatch): void {
  const gauge = (name: string, help: string, figure: (state: EvidenceState) => number | null) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await evidence.read().then(figure, () => null);
        if (value === null) this.reset();
        else this.set(value);
      },
    });
  gauge('zone_audit_integrated', 'Entries of the audit log under the newest checkpoint', ({ integrated }) => integrated);
  gauge('zone_audit_checkpoint_age_seconds', 'Seconds since the newest checkpoint was signed', ({ ageSeconds }) => ageSeconds);
  gauge('zone_audit_lag', 'Entries that are durable and in no checkpoint yet', ({ lag }) => lag);
  gauge('zone_audit_oldest_seconds', 'Seconds since the first entry that is in no checkpoint yet', ({ oldestSeconds }) => oldestSeconds ?? 0);
  new Gauge({
    name: 'zone_audit_witness',
    help: 'How each witness of checkpoints fares: 1 for the state that it is in',
    labelNames: ['witness', 'state'] as const,
    registers: [registry],
    async collect() {
      this.reset();
      const { witnesses } = await evidence.read().catch(() => ({ witnesses: [] as EvidenceState['witnesses'] }));
      for (const { name, state } of witnesses)
        for (const one of ['WELL', 'AWAY', 'REFUSED'] as const) this.set({ witness: name, state: one.toLowerCase() }, one === state ? 1 : 0);
    },
  });
}
