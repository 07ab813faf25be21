/** Pools of PostgreSQL, one a role. Promises: no call hangs, a lost server is a Fault, an idle error ends nothing. */
import pg from 'pg';
import { Fault } from './faults.js';
import { within } from './within.js';

export type Role =
  | 'zone_gateway'
  | 'zone_governance'
  | 'zone_issuer'
  | 'zone_delivery'
  | 'zone_console'
  | 'zone_sequencer'
  | 'zone_keeper'
  | 'zone_verifier'
  | 'owner';

export interface PostgresOptions {
  readonly url: string;
  /** The role the sessions act as; the login MUST be a member of it. `owner` acts as the login itself. */
  readonly role: Role;
  readonly poolSize: number;
  /** How long a statement may take before it is given up, in ms. Long work (migration, delivery) gives more. */
  readonly limitMs: number;
}

/** One statement; `name` prepares it once on each connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** A connection of its own, inside `withClient` or `transaction`. */
export type Client = pg.PoolClient;

export interface Postgres {
  /** @throws Fault ZONE_UNAVAILABLE when the server is away or too slow; the driver's error when the statement is wrong. */
  query<Row extends pg.QueryResultRow>(statement: Statement): Promise<Row[]>;
  /** A client of its own for transactions and COPY. */
  withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** In one transaction: all of it or nothing. @throws Fault ZONE_UNAVAILABLE when the server is lost in the middle; else what `work` throws. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Statements sent so far, for tests and metrics. */
  readonly statements: number;
  close(): Promise<void>;
}

// numeric and int8 as text would be strings; counts and identifiers here fit a double.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** SQLSTATE classes that say "the server is away" or too slow (57014: it gave up at its limit), not "the statement is wrong". */
const AWAY = /^(08|53|57P|57014|58|25006|25P03|55P03|40)/;

/** Also where statements take hours: nobody keeps a transaction open without doing something in it. */
const LONGEST_IDLE_MS = 60_000;

export function openPostgres({ url, role, poolSize, limitMs }: PostgresOptions): Postgres {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    // The server gives a statement up at the limit; the client drops a connection that stays silent for twice as long.
    connectionTimeoutMillis: 2 * limitMs,
    query_timeout: 2 * limitMs,
    statement_timeout: limitMs,
    // A process that is frozen in the middle of a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: Math.min(limitMs, LONGEST_IDLE_MS),
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: `zone ${role}`,
    options: role === 'owner' ? undefined : `-c role=${role}`,
  });
  // Without a listener the error of an idle client would end the process.
  pool.on('error', () => undefined);
  let statements = 0;
  const silence = watchSilence(pool);
  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch(rethrowAway);
    // An error event between two statements would otherwise be unhandled.
    const ignore = () => undefined;
    client.on('error', ignore);
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  };
  return {
    async query(statement) {
      statements++;
      if (silence.fallen) throw new Fault('ZONE_UNAVAILABLE', { cause: new Error('the server is silent') });
      const begun = performance.now();
      const late = () => {
        silence.noticed(begun);
        return new Fault('ZONE_UNAVAILABLE', { cause: new Error(`no answer within ${limitMs} ms`) });
      };
      const { rows } = await within(limitMs, pool.query({ ...statement, values: statement.values ?? [] }), late).catch(rethrowAway);
      silence.broken();
      return rows;
    },
    withClient,
    transaction: (work) =>
      withClient(async (client) => {
        await client.query('begin');
        try {
          const result = await work(client);
          await client.query('commit');
          return result;
        } catch (error) {
          await client.query('rollback').catch(() => undefined);
          throw isLost(error) ? new Fault('ZONE_UNAVAILABLE', { cause: error }) : error;
        }
      }),
    get statements() {
      return statements;
    },
    async close() {
      silence.end();
      await pool.end();
    },
  };
}

const PROBE_EVERY_MS = 250;

/**
 * Whether the server has fallen silent: a statement went unanswered for its limit, and no other has been answered since it
 * began. From then on callers are told at once instead of each waiting its own limit, and the server is asked in the
 * background until it answers.
 */
function watchSilence(pool: pg.Pool) {
  let lastAnswer = Number.NEGATIVE_INFINITY;
  let probing: NodeJS.Timeout | null = null;
  const end = () => {
    if (probing) clearInterval(probing);
    probing = null;
  };
  const broken = () => {
    lastAnswer = performance.now();
    end();
  };
  return {
    get fallen() {
      return probing !== null;
    },
    broken,
    noticed(begun: number) {
      if (lastAnswer >= begun || probing) return;
      probing = setInterval(() => void pool.query('select').then(broken, () => undefined), PROBE_EVERY_MS);
      probing.unref();
    },
    end,
  };
}

/** In a transaction other errors than the driver's pass through: only those count that say that the server is gone. */
function isLost(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: unknown; message?: string };
  return (
    AWAY.test(String(code)) ||
    /^(ECONN|EPIPE|ETIMEDOUT)/.test(String(code)) ||
    /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded)/.test(message)
  );
}

function rethrowAway(error: unknown): never {
  if (error instanceof Fault) throw error;
  const code = String((error as { code?: unknown }).code ?? '');
  // The driver's own time-outs and broken sockets carry no SQLSTATE (five characters, always with a digit first or second).
  const isSqlState = /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
  if (!isSqlState || AWAY.test(code)) throw new Fault('ZONE_UNAVAILABLE', { cause: error });
  throw error;
}
