/** What is measured of the gateway, for Prometheus. Labels are of closed sets: no institution's traffic makes new series. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EvidenceState, EvidenceWatch } from '../audit/evidenceState.js';

export interface Metrics {
  /** One request answered: how it ended (`ok` or a code of the table of faults), how long it took, records looked up. */
  answered(result: { code: string | null; status: number; seconds: number; lookedUp: number }): void;
  /** One operation executed, and by what. */
  executed(how: 'PLANNED' | 'NOT_COVERED' | 'UNWRITABLE'): void;
  text(): Promise<string>;
  readonly contentType: string;
}

export interface Observed {
  readonly facts: () => Readonly<{ local: number; redis: number; postgres: number }>;
  readonly texts: () => Readonly<{ local: number; redis: number; written: number; bytes: number }>;
  readonly cacheState: () => 'READY' | 'AWAY' | 'NONE';
  /** null: there is none. */
  readonly replica: () => Readonly<Record<'taken' | 'unlike' | 'away', number>> | null;
  readonly evidence: EvidenceWatch;
}

export function openMetrics({ facts, texts, cacheState, replica, evidence }: Observed): Metrics {
  const registry = new Registry();
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
  gaugesOfEvidence(registry, evidence);
  return {
    answered({ code, seconds, lookedUp }) {
      duration.observe({ code: code ?? 'ok' }, seconds);
      records.inc(lookedUp);
    },
    executed: (how) => executions.inc({ by: how.toLowerCase() }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
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
