/** A verification is believed for a second, and no longer than the token holds or its key is known. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { keysAtHand } from '../../src/http/keySource.js';
import { openVerification } from '../../src/http/signature.js';

const [issuer, audience] = ['https://issuer.example', 'https://gateway.example'];
const { publicKey, privateKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
const now = () => Date.now() / 1000;

const tokenUntil = (exp: number, subject = 'bank-01') =>
  new SignJWT({ client_id: 'core' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(Math.floor(exp - 300))
    .setExpirationTime(exp)
    .sign(privateKey);

function opened() {
  const all: JSONWebKeySet = { keys: [jwk] };
  const none: JSONWebKeySet = { keys: [] };
  const issuing = { keys: all, reads: 0 };
  const find = keysAtHand(() => issuing.keys);
  const verify = openVerification({
    keys: (header, token) => {
      issuing.reads++;
      return find(header, token);
    },
    issuer,
    audience,
  });
  return { verify, issuing, giveUp: () => (issuing.keys = none) };
}

test('the same token again within a second is not verified again, another one is', async () => {
  const { verify, issuing } = opened();
  const [mine, yours] = [await tokenUntil(now() + 100), await tokenUntil(now() + 100, 'bank-02')];
  expect((await verify(mine)).sub).toBe('bank-01');
  expect((await verify(mine)).sub).toBe('bank-01');
  expect(issuing.reads).toBe(1);
  expect((await verify(yours)).sub).toBe('bank-02');
  expect(issuing.reads).toBe(2);
});

test('a token whose end is met within that second is refused at once', async () => {
  const { verify, issuing } = opened();
  const until = Math.floor(now()) + 100;
  const token = await tokenUntil(until);
  try {
    // Clocks may differ by five seconds.
    jest.useFakeTimers({ now: (until + 5) * 1000 - 1, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout', 'clearTimeout', 'performance'] });
    await verify(token);
    await verify(token);
    expect(issuing.reads).toBe(1);
    jest.setSystemTime((until + 5) * 1000);
    await expect(verify(token)).rejects.toThrow('"exp" claim timestamp check failed');
  } finally {
    jest.useRealTimers();
  }
  expect(issuing.reads).toBe(2);
});

test('a key that was given up is believed for a second at most', async () => {
  const { verify, giveUp } = opened();
  const token = await tokenUntil(now() + 100);
  await verify(token);
  giveUp();
  await sleep(1_100);
  await expect(verify(token)).rejects.toThrow('no applicable key');
});

test('what was refused is looked at again each time, and a changed letter is another token', async () => {
  const { verify, issuing } = opened();
  const token = await tokenUntil(now() + 100);
  await verify(token);
  const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  await expect(verify(forged)).rejects.toThrow('signature verification failed');
  await expect(verify(forged)).rejects.toThrow('signature verification failed');
  expect(issuing.reads).toBe(3);
});
