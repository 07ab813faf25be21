/** What a certificate is registered by. */
import { X509Certificate } from 'node:crypto';
import { Fault } from '../faults.js';

/** SHA-256 of the certificate, base64url: `x5t#S256` of RFC 8705. @throws Fault BAD_USER_INPUT */
export function thumbprintOf(pem: string): string {
  try {
    return Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: '--certificate: PEM', cause: error });
  }
}
