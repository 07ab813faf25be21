/**
 * Exchanges that differ in nothing but in how they execute: by graphql-js alone, by plan, and by plan from what another
 * process left in Redis. One database, one policy, one clock; caches of their own, and a log that only keeps what it is told.
 */
import { openAlerts } from '../../src/alerts/alerts.js';
import { openLedger } from '../../src/allowance/ledger.js';
import { openArchived } from '../../src/audit/archived.js';
import type { AuditEntry } from '../../src/audit/entry.js';
import type { AuditLog, Receipt } from '../../src/audit/log.js';
import { openProofs } from '../../src/audit/proofs.js';
import { openStatements } from '../../src/audit/statement.js';
import { openTrail } from '../../src/audit/trail.js';
import { openUsageCells } from '../../src/audit/usageCells.js';
import type { Catalogue } from '../../src/catalogue/model.js';
import { type Exchange, openExchange } from '../../src/exchange/exchange.js';
import type { ExchangeParts, Execution } from '../../src/exchange/journey.js';
import { openGovernance } from '../../src/governance/governance.js';
import { openGrounds } from '../../src/grounds/grounds.js';
import { openOperations } from '../../src/operations/operations.js';
import type { Postgres } from '../../src/postgres.js';
import { openDeliveries } from '../../src/records/deliveries.js';
import { openDirectory } from '../../src/records/directory.js';
import { type Generations, openGenerations } from '../../src/records/generations.js';
import { openRecords, type Records } from '../../src/records/records.js';
import { type Cache, noCache, openRedis } from '../../src/redis.js';
import type { InstitutionId } from '../../src/terms.js';
import type { Database } from '../../src/zone/database.js';

/** What is asked, of whichever exchange. */
export interface Asked {
  readonly institution: string;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly accept: string | undefined;
}
/** All that an answer tells and leaves behind, but for what must differ: receipt, allowance left, times, sources. */
export interface Told {
  readonly status: number;
  readonly contentType: string;
  readonly code: string | null;
  readonly lookedUp: number;
  /** The body as text. */
  readonly text: string;
  readonly entry: string;
}
export interface Exchanges {
  /** By graphql-js. */
  byGraphql(asked: readonly Asked[]): Promise<Told[]>;
  /** By plan, with what this process keeps. Not to be called while one of these two is at work. */
  byPlan(asked: readonly Asked[]): Promise<Told[]>;
  /** By plan, in a process that has nothing but Redis; see `startAnew`. */
  fromRedis(asked: readonly Asked[]): Promise<Told[]>;
  /** Empties the memory of the third. */
  startAnew(): void;
  /** To be called when policy has changed. */
  policyChanged(): Promise<void>;
  /** To be called when records have changed: from then on each knows, without a second of waiting. */
  delivered(): Promise<void>;
  /** How those who plan answered. */
  readonly executions: Readonly<Record<Execution, number>>;
  /** Texts by where those who plan had them from. */
  readonly texts: { readonly local: number; readonly redis: number; readonly written: number };
  close(): Promise<void>;
}

export interface ExchangesParts {
  readonly catalogue: Catalogue;
  readonly database: Database;
  readonly redisUrl: string;
  readonly now: () => Date;
}

export async function openExchanges({ catalogue, database, redisUrl, now }: ExchangesParts): Promise<Exchanges> {
  const pool = database.open('zone_gateway', { poolSize: 6, limitMs: 20_000 });
  const leaps = openLeaps(pool);
  const postgres = leaps.postgres;
  const cache: Cache = openRedis([redisUrl], { cluster: false });
  const stores = { primary: postgres, replica: null };
  /** Each looks at the generations for itself, as processes do. */
  const looks: Generations[] = [];
  const openOwn = (own: Cache): Records => {
    const generations = openGenerations({ postgres });
    looks.push(generations);
    return openRecords({ stores, generations, cache: own, catalogue, cacheBytes: 64_000_000 });
  };
  const grounds = openGrounds({ postgres });
  const epochs = new Map<string, number>();
  let lastId = 0;
  const newId = () => `question-${++lastId}`;
  const log = openNotes((institution) => (epochs.get(institution) ?? 0) + (epochs.get('*') ?? 0));
  const records = { graphql: openOwn(noCache), plan: openOwn(cache) };
  let third = openOwn(cache);
  const gone = { local: 0, redis: 0, written: 0 };
  const executions: Record<Execution, number> = { PLANNED: 0, NOT_COVERED: 0, UNWRITABLE: 0 };
  const parts: Omit<ExchangeParts, 'records' | 'planning' | 'executed'> = {
    catalogue,
    grounds,
    deliveries: openDeliveries({ postgres }),
    governance: openGovernance({ postgres, reading: postgres, catalogue, now, newId }),
    ledger: openLedger({ cache: noCache, now }),
    operations: openOperations({ postgres }),
    trail: openTrail({ postgres, catalogue }),
    proofs: openProofs({ postgres }),
    statements: openStatements({ postgres }),
    usage: openUsageCells({ postgres, catalogue }),
    archived: openArchived({ postgres }),
    alerts: openAlerts({ postgres }),
    directory: openDirectory({ stores, generations: looks[0] as Generations }),
    audit: log,
    now,
    newId,
  };
  const exchanges: Exchange[] = [];
  async function open(own: () => Records, planning: boolean, executed: (how: Execution) => void = () => undefined): Promise<(asked: Asked) => Promise<Told>> {
    const exchange = await openExchange(
      {
        ...parts,
        get records() {
          return own();
        },
        planning,
        executed,
      },
      { production: false },
    );
    exchanges.push(exchange);
    return async ({ institution, query, variables, operationName, accept }) => {
      const body = { query, variables, ...(operationName ? { operationName } : {}) };
      const id = newId();
      const caller = { kind: 'INSTITUTION', institution: institution as InstitutionId, client: 'fuzz' } as const;
      const answer = await exchange.answer({ id, caller, body, safe: false, accept, startedAt: performance.now() });
      const { status, contentType, code, lookedUp } = answer;
      return { status, contentType, code, lookedUp, text: withoutChance(answer.body.toString()), entry: log.take(id) };
    };
  }
  const byGraphql = await open(() => records.graphql, false);
  // One exchange for both that plan, so that documents are understood once: the third is the same with an empty memory.
  let thirdAsks = false;
  const planning = await open(
    () => (thirdAsks ? third : records.plan),
    true,
    (how) => executions[how]++,
  );
  const inTurn = (isThird: boolean) => (asked: readonly Asked[]) => {
    thirdAsks = isThird;
    return Promise.all(asked.map(planning));
  };

  async function policyChanged(): Promise<void> {
    const rows = await pool.query<{ institution: string; epoch: number }>({ text: 'select institution, epoch from policy_epoch' });
    for (const { institution, epoch } of rows) epochs.set(institution, epoch);
    grounds.forget();
  }
  await policyChanged();
  return {
    byGraphql: (asked) => Promise.all(asked.map(byGraphql)),
    byPlan: inTurn(false),
    fromRedis: inTurn(true),
    policyChanged,
    startAnew() {
      looks.pop()?.close();
      for (const source of ['local', 'redis', 'written'] as const) gone[source] += third.textCounts[source];
      third = openOwn(cache);
    },
    delivered: leaps.leap,
    executions,
    get texts() {
      const sum = (source: 'local' | 'redis' | 'written') => gone[source] + records.plan.textCounts[source] + third.textCounts[source];
      return { local: sum('local'), redis: sum('redis'), written: sum('written') };
    },
    async close() {
      for (const exchange of exchanges) await exchange.close();
      for (const generations of looks) generations.close();
      leaps.close();
      await cache.close();
      await pool.close();
    },
  };
}

function withoutChance(text: string): string {
  return text.replace(/"receipt":\{[^}]*\}/, '"receipt":{}').replace(/"remaining":\d+/, '"remaining":0');
}

/** A log that keeps entries until they are taken, and tells the epoch that it is told. */
function openNotes(epochOf: (institution: string) => number): AuditLog & { take(id: string): string } {
  const kept = new Map<string, AuditEntry>();
  return {
    state: 'READY',
    async append(entry) {
      kept.set(entry.id, entry);
      return { receipt: { id: entry.id, time: entry.time, leafHash: '' } as Receipt, epochOf };
    },
    take(id) {
      const entry = kept.get(id);
      kept.delete(id);
      if (!entry) return 'no entry';
      const { id: _id, time: _time, durationMs: _duration, sources: _sources, ...rest } = entry;
      return JSON.stringify(rest);
    },
  };
}

/**
 * A look at the generations is believed for a second. Instead of waiting for it, the clock of the process leaps over it,
 * when no look is under way that began before.
 */
function openLeaps(postgres: Postgres) {
  const told = Date.now;
  let leapt = 0;
  Date.now = () => told() + leapt;
  const looks = new Set<Promise<unknown>>();
  return {
    postgres: {
      ...postgres,
      query(statement) {
        const asked = postgres.query(statement);
        if (statement.name === 'generations') {
          looks.add(asked);
          asked.finally(() => looks.delete(asked)).catch(() => undefined);
        }
        return asked;
      },
    } as Postgres,
    async leap() {
      await Promise.allSettled([...looks]);
      leapt += 1_001;
    },
    close() {
      Date.now = told;
    },
  };
}
