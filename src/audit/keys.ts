/** The keys of the log as the database publishes them: which signed from when, and until when. */
import type { Client, Postgres } from '../postgres.js';
import { keyIdsIn } from './note.js';
import type { Signer } from './signer.js';

export interface PublishedKey {
  readonly id: string;
  /** As it is handed to those who verify: `name+keyid+key`. */
  readonly verifier: string;
  /** Its first checkpoint. */
  readonly since: Date;
  /** The first checkpoint of the key after it, which bears both signatures; null: it signs. */
  readonly retiredAt: Date | null;
}

const PUBLISHED = 'select key_id as id, verifier, since, retired_at as "retiredAt" from audit_key order by since, key_id';
const RETIRED = 'select from audit_key where key_id = $1 and retired_at is not null';
const TAKES_OVER = `
with others as (update audit_key set retired_at = $3 where key_id <> $1 and retired_at is null)
insert into audit_key (key_id, verifier, since) values ($1, $2, $3) on conflict (key_id) do nothing`;

/** Keys that ever signed, in the order in which they did. */
export function publishedKeys(postgres: Postgres): Promise<PublishedKey[]> {
  return postgres.query<PublishedKey>({ name: 'published keys', text: PUBLISHED });
}

/**
 * Publishes the key that signs, where another or none signed the checkpoint before; in the transaction of its first one.
 * @throws Error where the key was retired, so that a process with old files does not take the log back to it; and where the key
 * before has not signed this one too, so that no key takes the log over by itself
 */
export async function publishKey(
  client: Client,
  { keyId, verifierKey }: Signer,
  { previous, note, time }: { readonly previous: string | null; readonly note: string; readonly time: Date },
): Promise<void> {
  const before = previous === null ? undefined : keyIdsIn(previous)[0];
  if (before === keyId) return;
  const { rowCount } = await client.query(RETIRED, [keyId]);
  if (rowCount !== 0) throw new Error(`the audit key ${keyId} was retired, and this process still signs with it`);
  if (before !== undefined && !keyIdsIn(note).includes(before))
    throw new Error(`the audit key ${keyId} cannot take over from ${before}, which has not signed too: bring its file back, or rotate where it lies`);
  await client.query(TAKES_OVER, [keyId, verifierKey, time]);
}
