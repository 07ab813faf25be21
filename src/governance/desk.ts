/**
 * Where changes are handed in. MUST: a change, its audit entry, its idempotency key and the epochs it raises are one
 * transaction; what was handed in before answers as it did then and changes nothing.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEntry, ChangeEntry } from '../audit/entry.js';
import { appendWithin, type Receipt } from '../audit/log.js';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Client, Postgres } from '../postgres.js';
import { type UserError, userError } from './userErrors.js';

/** What an act came to: something that can be written as JSON, whose epochs to raise, and what the log keeps of it. */
export type Done<T> =
  | { readonly ok: true; readonly result: T; readonly raises: readonly string[]; readonly change: Omit<ChangeEntry, 'mutation' | 'key' | 'state'> }
  | { readonly ok: false; readonly errors: readonly UserError[] };

export interface Handed<T> {
  /** Who acts, by `actorOf`. */
  readonly actor: string;
  readonly mutation: string;
  readonly key: string;
  /** What was handed in; the same key with something else is refused. */
  readonly input: unknown;
  /** The evidence on which it was let in; null where none was needed. */
  readonly standing: { readonly institution: string; readonly epoch: number } | null;
  /** Does it, in the transaction; refuses by user errors before it has written anything. */
  readonly act: (client: Client) => Promise<Done<T>>;
  /** The audit entry of the request, with what it changed. */
  readonly entry: (change: ChangeEntry) => AuditEntry;
}
export type Handled<T> =
  | { readonly state: 'DONE'; readonly result: T; readonly receipt: Receipt; readonly change: ChangeEntry }
  /** Answered before under the same key. */
  | { readonly state: 'REPEATED'; readonly result: T; readonly change: ChangeEntry }
  | { readonly state: 'REFUSED'; readonly errors: readonly UserError[]; readonly change: ChangeEntry };

/** A process that is stopped between here and the commit loses its change, before the whole zone waits for it. */
const HASTE = "set local idle_in_transaction_session_timeout = '2s'";

const KEY_FORM = /^[\x21-\x7e]{8,64}$/;

export async function handIn<T>(postgres: Postgres, { actor, mutation, key, input, standing, act, entry }: Handed<T>): Promise<Handled<T>> {
  const refused = (errors: readonly UserError[]): Handled<T> => ({
    state: 'REFUSED',
    errors,
    change: { mutation, ...(KEY_FORM.test(key) ? { key } : {}), state: 'REFUSED', errors: errors.map(({ code }) => code) },
  });
  if (!KEY_FORM.test(key)) return refused([userError('idempotencyKey', 'BAD_KEY')]);
  const fingerprint = createHash('sha256')
    .update(`${mutation} ${canonicalize(input)}`)
    .digest('hex');
  return postgres.transaction(async (client) => {
    // The same request sent twice at once is handled once.
    await client.query(`select pg_advisory_xact_lock(hashtextextended($1, ${LOCKS.IDEMPOTENCY}))`, [`${actor} ${key}`]);
    const { rows } = await client.query<{ fingerprint: string; answer: string }>('select fingerprint, answer from idempotency where actor = $1 and key = $2', [
      actor,
      key,
    ]);
    const [earlier] = rows;
    if (earlier?.fingerprint === fingerprint) {
      return { state: 'REPEATED', result: JSON.parse(earlier.answer) as T, change: { mutation, key, state: 'REPEATED' } };
    }
    if (earlier) return refused([userError('idempotencyKey', 'KEY_REUSED')]);
    if (standing) await refuseMoved(client, standing);
    const done = await act(client);
    if (!done.ok) return refused(done.errors);
    const change: ChangeEntry = { mutation, key, state: 'DONE', ...done.change };
    await client.query('insert into idempotency (actor, key, fingerprint, answer) values ($1, $2, $3, $4)', [
      actor,
      key,
      fingerprint,
      JSON.stringify(done.result),
    ]);
    const receipt = await appendWithin(client, entry(change));
    // Last, for appending waits from here to the commit.
    if (done.raises.length > 0) {
      await client.query(HASTE);
      await client.query('select raise_policy_epoch(whose) from unnest($1::text[]) as raised (whose)', [[...new Set(done.raises)].sort()]);
    }
    return { state: 'DONE', result: done.result, receipt, change };
  });
}

/** Who was let in on evidence that has changed meanwhile is looked at again. @throws Fault POLICY_CHANGING */
async function refuseMoved(client: Client, { institution, epoch }: { institution: string; epoch: number }): Promise<void> {
  const { rows } = await client.query<{ epoch: number }>("select coalesce(sum(epoch), 0)::bigint as epoch from policy_epoch where institution in ($1, '*')", [
    institution,
  ]);
  if (rows[0]?.epoch !== epoch) throw new Fault('POLICY_CHANGING');
}
