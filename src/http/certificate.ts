/** The certificate that a client proved in the TLS handshake, if the listener has TLS and the client has one. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface ClientCertificate {
  readonly pem: string;
  /** SHA-256 of the certificate, base64url: `x5t#S256` of RFC 8705. */
  readonly thumbprint: string;
}

/** @param caRequired whether only certificates of the listener's authority count. */
export function certificateOf(socket: Socket, caRequired: boolean): ClientCertificate | null {
  if (!(socket instanceof TLSSocket) || (caRequired && !socket.authorized)) return null;
  const raw = (socket.getPeerCertificate() as { raw?: Buffer } | null)?.raw;
  if (!raw) return null;
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    thumbprint: createHash('sha256').update(raw).digest('base64url'),
  };
}
