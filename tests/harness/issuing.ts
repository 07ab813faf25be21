/** What a client of the issuer has in its hands: keys, certificates, assertions, and a way to the gateway over TLS. */
import 'reflect-metadata';
import { createHash, randomUUID, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

x509.cryptoProvider.set(webcrypto as Crypto);

export interface Certificate {
  readonly pem: string;
  readonly key: string;
  readonly thumbprint: string;
}
/** Self-signed, or signed by an authority made here. */
export async function newCertificate(
  name: string,
  authority?: { certificate: Certificate; keys: CryptoKeyPair },
): Promise<Certificate & { keys: CryptoKeyPair }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const day = 86_400_000;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomUUID().replaceAll('-', ''),
    subject: `CN=${name}`,
    issuer: authority ? new x509.X509Certificate(authority.certificate.pem).subject : `CN=${name}`,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority?.keys.privateKey ?? keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const secret = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    keys,
    pem: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
    thumbprint: createHash('sha256').update(Buffer.from(certificate.rawData)).digest('base64url'),
  };
}

/** Certificate files for a listener. */
export function writtenTls(folder: string, { pem, key }: Certificate): { certificate: string; key: string; clientCa: string | null } {
  const files = { certificate: join(folder, 'listener.pem'), key: join(folder, 'listener.key') };
  writeFileSync(files.certificate, pem);
  writeFileSync(files.key, key);
  return { ...files, clientCa: null };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface ClientKey {
  readonly secret: CryptoKey;
  readonly alg: 'ES256' | 'PS256';
  readonly jwk: JWK;
  readonly thumbprint: string;
}
export async function newClientKey(alg: 'ES256' | 'PS256' = 'ES256'): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const thumbprint = await calculateJwkThumbprint(jwk);
  return { secret: privateKey as CryptoKey, alg, jwk: { ...jwk, alg, use: 'sig', kid: thumbprint }, thumbprint };
}

export const seconds = () => Math.floor(Date.now() / 1000);
const without = (values: Record<string, unknown>) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** A signed object as it should be, but for the changes; undefined takes a member away. */
export function signed(
  { secret, alg }: Pick<ClientKey, 'secret'> & { alg: string },
  payload: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(without(payload)).setProtectedHeader(without({ alg, ...header }) as { alg: string }).sign(secret);
}

export interface Change {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}
export function assertion(key: ClientKey, client: string, audience: string, { claims = {}, header = {} }: Change = {}): Promise<string> {
  const payload = { iss: client, sub: client, aud: audience, iat: seconds(), exp: seconds() + 60, jti: randomUUID(), ...claims };
  return signed(key, payload, { kid: key.jwk.kid, ...header });
}

/** A proof that the sender of a request holds a key. */
export function proof(key: ClientKey, method: string, url: string, token?: string, { claims = {}, header = {} }: Change = {}): Promise<string> {
  const ath = token && createHash('sha256').update(token).digest('base64url');
  const { kty, crv, x, y, n, e } = key.jwk;
  const jwk = without({ kty, crv, x, y, n, e });
  return signed(key, { htm: method, htu: url, iat: seconds(), jti: randomUUID(), ath, ...claims }, { typ: 'dpop+jwt', jwk, ...header });
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}
/** A connection of its own for each request; `identity` is the certificate that the client shows. */
export function call(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
    ca,
    identity,
  }: { method?: string; headers?: Record<string, string>; body?: string; ca?: string; identity?: Certificate },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const open = url.startsWith('https:') ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sending = open(url, { method, agent: false, headers: { ...length, ...headers }, ca, cert: identity?.pem, key: identity?.key }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

/** The same as a `fetch` for client libraries. */
export function fetchWith(ca: string, identity?: Certificate) {
  return async (url: string, init: { method?: string; headers?: HeadersInit; body?: unknown } = {}): Promise<Response> => {
    const { status, headers, text } = await call(url, {
      method: init.method,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: init.body === undefined || init.body === null ? undefined : String(init.body),
      ca,
      identity,
    });
    const told = Object.entries(headers).flatMap(([name, value]): [string, string][] => [value ?? []].flat().map((one) => [name, one]));
    return new Response(text === '' ? null : text, { status, headers: told });
  };
}
