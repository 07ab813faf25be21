/** What the issuer no longer needs to remember goes, so that its tables stay as small as what is under way. */
import type { Postgres } from '../postgres.js';

/** Forgets what has expired; safe at any time and from several processes. */
export async function forgetExpired(postgres: Postgres): Promise<void> {
  await postgres.query({ text: "delete from used_once where expires_at < now() - interval '1 minute'" });
  await postgres.query({ text: "delete from issuer_state where expires_at < now() - interval '1 minute'" });
  await postgres.query({ text: "delete from sign_in_failure where last_at < now() - interval '1 day'" });
}
