/** Passwords of staff: scrypt with a salt of its own; comparing takes the same time whether it fits or not. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const LENGTH = 32;

export async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derived(password, salt);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** @param hash null, where there is no such account: as much work is done, and nothing fits. */
export async function fits(password: string, hash: string | null): Promise<boolean> {
  const [, , , , salt = '', key = ''] = hash?.split('$') ?? [];
  const expected = hash === null ? Buffer.alloc(LENGTH) : Buffer.from(key, 'base64url');
  const given = await derived(password, Buffer.from(salt, 'base64url'));
  return timingSafeEqual(given, expected) && hash !== null;
}

function derived(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, LENGTH, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
