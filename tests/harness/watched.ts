/**
 * A gateway that tests look into while it works: which statements it sends, what it logs, what stands in the audit log
 * afterwards. It is the real one, on the real database, listening on a real socket; only its clock stands still, at a day
 * on which the terms of seeds/policy.yaml are what their names say.
 */
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { AuditEntry } from '../../src/audit/entry.js';
import type { Config } from '../../src/config.js';
import type { Postgres, Role, Statement } from '../../src/postgres.js';
import type { Database } from '../../src/zone/database.js';
import { type Gateway, openGateway } from '../../src/zone.js';
import type { Answered, TestZone } from './zone.js';

export const NOW = new Date('2026-11-22T08:00:00Z');

export interface SentStatement extends Statement {
  readonly role: Role;
  /** Whether it went to the replica. */
  readonly replica: boolean;
}
export interface Staff {
  readonly login: string;
  readonly roles: readonly string[];
}
export interface WatchedGateway extends Gateway {
  /** Where it listens, such as `http://127.0.0.1:43210`. */
  readonly address: string;
  /** Statements sent so far, in order. */
  readonly statements: SentStatement[];
  /** Statements that read records; the identity of an enterprise is read together with them. */
  recordStatements(): SentStatement[];
  /** Every line logged so far, without the times and numbers that every line begins with: among so many digits anything is found. */
  logged(): string;
  /** Asks as an institution, a member of staff or an enterprise, through the socket. */
  ask(
    query: string,
    options?: { institution?: string; staff?: Staff; enterprise?: string; variables?: unknown; operationName?: string; headers?: Record<string, string> },
  ): Promise<Answered>;
  /** Sends bytes as they are; again, while the gateway says that it is overloaded. */
  send(options: SendOptions): Promise<Sent>;
  tokenFor(institution: string): Promise<string>;
}
export interface SendOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}
export interface Sent {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly milliseconds: number;
}

/** One more gateway on the zone's database; the test closes it. */
export async function openWatchedGateway(zone: TestZone, changes: Partial<Config> = {}): Promise<WatchedGateway> {
  const statements: SentStatement[] = [];
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(withoutNumbers(line)) });
  const gateway = await openGateway({ ...zone.config, ...changes }, watched(zone.database, statements), zone.catalogue, log, () => NOW);
  const address = await gateway.listen();
  const tokenFor = async (institution: string) => String(await gateway.issuer?.tokenFor(institution));
  // A machine busy with other tests makes the gateway shed load; a client comes again after a while, and so do tests.
  const send = async (options: SendOptions): Promise<Sent> => {
    for (let attempts = 1; ; attempts++) {
      const sent = await sendTo(address, options);
      if (attempts === 10 || sent.status !== 503 || !sent.text.includes('"OVERLOADED"')) return sent;
      await sleep(1_000);
    }
  };
  return {
    ...gateway,
    address,
    statements,
    recordStatements: () => statements.filter(({ text }) => /\b(record|enterprise)\b/.test(text)),
    logged: () => lines.join('\n'),
    tokenFor,
    send,
    async ask(query, { institution = 'bank-01', staff, enterprise, variables, operationName, headers = {} } = {}) {
      const token = staff
        ? await gateway.issuer?.tokenFor(staff.login, 'console', { actor: 'staff', roles: staff.roles })
        : enterprise
          ? await gateway.issuer?.tokenFor(enterprise, 'portal', { actor: 'enterprise' })
          : await tokenFor(institution);
      const {
        status,
        headers: answered,
        text,
      } = await send({
        headers: { authorization: `Bearer ${token}`, ...headers },
        body: JSON.stringify({ query, variables, operationName }),
      });
      return { status, headers: answered, text, body: JSON.parse(text) };
    },
  };
}

function withoutNumbers(line: string): string {
  const { level, time, pid, hostname, id, ms, ...rest } = JSON.parse(line);
  return JSON.stringify(rest);
}

function watched(database: Database, statements: SentStatement[]): Database {
  const watch = (postgres: Postgres, role: Role, replica: boolean): Postgres => ({
    ...postgres,
    query(statement) {
      statements.push({ ...statement, role, replica });
      return postgres.query(statement);
    },
    get statements() {
      return postgres.statements;
    },
  });
  return {
    ...database,
    open: (role, options) => watch(database.open(role, options), role, false),
    openReplica: (url, options) => watch(database.openReplica(url, options), 'zone_gateway', true),
  };
}

/** Like a client that knows nothing: a connection of its own, every byte as given. */
function sendTo(address: string, { method = 'POST', path = '/graphql', headers = {}, body }: SendOptions): Promise<Sent> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const sending = httpRequest(`${address}${path}`, { method, agent: false, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
          milliseconds: performance.now() - startedAt,
        }),
      );
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

/** Entries of the audit log since a sequence number, oldest first. */
export async function entriesSince(zone: TestZone, sequence: number): Promise<(AuditEntry & { readonly text: string })[]> {
  const rows = await zone.owner.query<{ entry: string }>({
    text: 'select entry from audit_entry where sequence > $1 order by sequence',
    values: [sequence],
  });
  return rows.map(({ entry }) => ({ ...(JSON.parse(entry) as AuditEntry), text: entry }));
}

export async function lastSequence(zone: TestZone): Promise<number> {
  const [row] = await zone.owner.query<{ last: number }>({ text: 'select coalesce(max(sequence), 0)::bigint as last from audit_entry' });
  return row?.last ?? 0;
}

export async function entryOf(zone: TestZone, id: string): Promise<AuditEntry> {
  const [row] = await zone.owner.query<{ entry: string }>({ text: 'select entry from audit_entry where id = $1', values: [id] });
  if (!row) throw new Error(`no audit entry ${id}`);
  return JSON.parse(row.entry) as AuditEntry;
}

/** The payload of a record as it was delivered: an object, or the rows of a list. */
export async function payloadOf(zone: TestZone, uscc: string, category: string): Promise<Record<string, string | number | boolean>[] | null> {
  const [row] = await zone.owner.query<{ payload: string }>({
    text: 'select payload from record join category on category.id = record.category where uscc = $1 and code = $2',
    values: [uscc, category],
  });
  if (!row) return null;
  const content = JSON.parse(row.payload);
  return Array.isArray(content) ? content : [content];
}
