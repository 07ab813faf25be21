/**
 * The keys of the embedded issuer, in the zone's home: one that signs, and those that signed before it for as long as one of
 * their tokens may live. The files are looked at while they are used, so that all processes on one home follow a rotation at once.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose';
import { TOKEN_LIFE_SECONDS } from '../terms.js';

export interface KeySet {
  /** Private; the first one signs, the others only stand for tokens that they signed. */
  readonly secret: readonly JWK[];
  readonly public: JSONWebKeySet;
  /** Another word whenever the keys are others. */
  readonly stamp: string;
}
export interface SigningKeys {
  /** @param fresh looks at the files now; otherwise what was seen a moment ago will do. */
  read(fresh?: boolean): KeySet;
  /** A new key signs from now on; tells its name and until when the old one is believed. */
  rotate(): Promise<{ kid: string; retired: string; believedUntil: Date }>;
}
interface RetiredKey {
  readonly key: JWK;
  /** Milliseconds since 1970. */
  readonly believedUntil: number;
}

/** A process may have taken the old key in hand just before the rotation. */
const OVERLAP_MS = (TOKEN_LIFE_SECONDS + 60) * 1000;

/** Looking costs a tenth of checking a token; whoever meets a name that he does not know looks at once. */
const LOOK_EVERY_MS = 50;

export async function openSigningKeys({ zoneHome, now = Date.now }: { zoneHome: string; now?: () => number }): Promise<SigningKeys> {
  mkdirSync(zoneHome, { recursive: true });
  const signingFile = join(zoneHome, 'sandbox-issuer.jwk');
  const retiredFile = join(zoneHome, 'sandbox-issuer.retired.json');
  if (!existsSync(signingFile)) {
    const draft = drafted(signingFile, await newKey());
    // Two processes that start together both rename; whoever reads later reads the same whole file.
    if (!existsSync(signingFile)) renameSync(draft, signingFile);
  }
  const readRetired = (): RetiredKey[] => (existsSync(retiredFile) ? (JSON.parse(readFileSync(retiredFile, 'utf8')) as RetiredKey[]) : []);
  const stampOf = (file: string): string => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found ? `${found.ino}.${found.mtimeMs}` : '-';
  };
  let held: { files: string; signing: JWK; retired: RetiredKey[] } | null = null;
  let told: KeySet | null = null;

  let lookedAt = Number.NEGATIVE_INFINITY;
  const read = (fresh = false): KeySet => {
    if (!fresh && told && performance.now() - lookedAt < LOOK_EVERY_MS) return told;
    lookedAt = performance.now();
    const files = `${stampOf(signingFile)} ${stampOf(retiredFile)}`;
    if (held?.files !== files) held = { files, signing: JSON.parse(readFileSync(signingFile, 'utf8')) as JWK, retired: readRetired() };
    const { signing, retired } = held;
    const secret = [signing, ...retired.filter(({ key, believedUntil }) => believedUntil > now() && key.kid !== signing.kid).map(({ key }) => key)];
    const stamp = secret.map(({ kid }) => kid).join(' ');
    if (told?.stamp !== stamp) told = { secret, public: { keys: secret.map(publicPart) }, stamp };
    return told;
  };
  return {
    read,
    async rotate() {
      const old = read(true).secret[0] as JWK;
      const fresh = await newKey();
      const believedUntil = now() + OVERLAP_MS;
      // First the old one is kept, then the new one signs: between the two the old one is both, which harms nothing.
      const kept = readRetired().filter((one) => one.believedUntil > now() && one.key.kid !== old.kid);
      renameSync(drafted(retiredFile, [{ key: old, believedUntil }, ...kept]), retiredFile);
      renameSync(drafted(signingFile, fresh), signingFile);
      return { kid: String(fresh.kid), retired: String(old.kid), believedUntil: new Date(believedUntil) };
    },
  };
}

/** What cookies of the sign-in are signed with: the same for all processes of a home, and kept when keys change. */
export function readCookieSecret({ zoneHome }: { zoneHome: string }): string {
  const file = join(zoneHome, 'sandbox-issuer.cookies');
  if (!existsSync(file)) {
    const draft = drafted(file, randomBytes(32).toString('base64url'));
    if (!existsSync(file)) renameSync(draft, file);
  }
  return JSON.parse(readFileSync(file, 'utf8')) as string;
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg: 'ES256', use: 'sig', kid: await calculateJwkThumbprint(jwk) };
}

function publicPart({ d: _private, ...rest }: JWK): JWK {
  return rest;
}

function drafted(file: string, content: unknown): string {
  const draft = `${file}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  return draft;
}
