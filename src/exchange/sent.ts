/** What a request sends: a document, or the hash of a registered one. Reads the JSON body, whatever it holds. */
import { Fault } from '../faults.js';
import { readUscc, type Uscc } from '../terms.js';
import { hashOf, LIMITS } from './limits.js';

export type Sent =
  | { readonly by: 'DOCUMENT'; readonly document: string; readonly rest: Readonly<Record<string, unknown>> }
  /** `hash` is null where what stands there cannot be one. */
  | { readonly by: 'HASH'; readonly hash: string | null; readonly rest: Readonly<Record<string, unknown>> };

const DOCUMENT_ID = /^sha256:([0-9a-f]{64})$/;

/** @throws Fault INVALID_REQUEST */
export function sentIn(body: unknown): Sent {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Fault('INVALID_REQUEST', { detail: 'JSON object' });
  const { query, documentId, variables, operationName } = body as Record<string, unknown>;
  const byHash = documentId !== undefined && documentId !== null;
  if (byHash && (typeof documentId !== 'string' || (query !== undefined && query !== null)))
    throw new Fault('INVALID_REQUEST', { detail: 'query | documentId' });
  if (!byHash && (typeof query !== 'string' || query.trim() === '')) throw new Fault('INVALID_REQUEST', { detail: 'query' });
  if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw new Fault('INVALID_REQUEST', { detail: 'variables' });
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw new Fault('INVALID_REQUEST', { detail: 'operationName' });
  const rest = body as Record<string, unknown>;
  return byHash ? { by: 'HASH', hash: DOCUMENT_ID.exec(documentId as string)?.[1] ?? null, rest } : { by: 'DOCUMENT', document: query as string, rest };
}

/** The hash under which the log keeps it; null where there is none. */
export function hashOfSent(sent: Sent): string | null {
  return sent.by === 'HASH' ? sent.hash : hashOf(sent.document);
}

/**
 * Enterprises that a request seems to name, before anything of it is believed: so that evidence on them is gathered in the
 * same statement as that on the institution. One that is missed costs a statement, one too many costs nothing.
 */
export function usccsNamed(sent: Sent): Uscc[] {
  const { variables } = sent.rest;
  const given = typeof variables === 'object' && variables !== null ? Object.values(variables).flat() : [];
  const written = sent.by === 'DOCUMENT' ? (sent.document.match(/[0-9A-Za-z]{18}/g) ?? []) : [];
  const found = new Set<Uscc>();
  for (const text of [...given, ...written]) {
    const reading = typeof text === 'string' ? readUscc(text) : null;
    if (reading?.ok) found.add(reading.uscc);
    if (found.size >= LIMITS.enterprises) break;
  }
  return [...found];
}
