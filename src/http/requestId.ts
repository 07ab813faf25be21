/** Request ids: UUID version 7 (RFC 9562), so that they sort by time. The id of a request is the id of its receipt. */
import { randomBytes } from 'node:crypto';

/** Random bytes are fetched for many ids at once: each fetch costs more than the bytes do. */
const POOL_IDS = 256;
let pool = Buffer.alloc(0);
let used = 0;

function freshBytes(): Buffer {
  if (used === pool.length) {
    pool = randomBytes(16 * POOL_IDS);
    used = 0;
  }
  return pool.subarray(used, (used += 16));
}

export function newRequestId(now: number = Date.now()): string {
  const bytes = freshBytes();
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
