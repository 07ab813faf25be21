/** Where the public keys of the issuer come from: keys at hand that may change, or the address of an external issuer. */
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Fault } from '../faults.js';

/** How long an issuer may take to tell its keys, in ms. */
const FETCH_LIMIT_MS = 2_000;
/** A name that is not known is asked for at most this often: nobody makes the gateway ask by inventing names. */
const COOLDOWN_MS = 30_000;
const LONGEST_HELD_MS = 10 * 60_000;

/** @param read the keys as they are now, or were a moment ago; the same object for as long as they are the same. */
export function keysAtHand(read: (fresh?: boolean) => JSONWebKeySet): JWTVerifyGetKey {
  let held: { from: JSONWebKeySet; find: JWTVerifyGetKey } | null = null;
  const finder = (from: JSONWebKeySet): JWTVerifyGetKey => {
    if (held?.from !== from) held = { from, find: createLocalJWKSet(from) };
    return held.find;
  };
  return async (header, token) => {
    try {
      return await finder(read())(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await finder(read(true))(header, token);
    }
  };
}

export function keysFrom(url: string): JWTVerifyGetKey {
  const find = createRemoteJWKSet(new URL(url), { timeoutDuration: FETCH_LIMIT_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: LONGEST_HELD_MS });
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      // That keys could not be fetched says nothing of the token.
      throw new Fault('ZONE_UNAVAILABLE', { cause: error });
    }
  };
}
