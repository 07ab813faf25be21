/** What a request carries, as the exchange takes it: JSON in valid UTF-8, or an address that names a registered operation. */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../faults.js';

export function parseJson(body: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body);
  } catch (error) {
    throw new Fault('INVALID_ENCODING', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault('INVALID_REQUEST', { detail: 'JSON', cause: error });
  }
}

/** Whether an address names a registered operation and no document. */
export function isByHash({ query }: FastifyRequest): boolean {
  const given = query as Record<string, unknown>;
  return given.documentId !== undefined && given.query === undefined;
}

/** An address's parameters as the body that POST would send; what stands there twice is a list, which no body may hold. */
export function bodyIn(query: unknown): unknown {
  const { documentId, variables, operationName = null } = query as Record<string, unknown>;
  if (variables === undefined || variables === '') return { documentId, operationName };
  if (typeof variables !== 'string') throw new Fault('INVALID_REQUEST', { detail: 'variables' });
  try {
    return { documentId, operationName, variables: JSON.parse(variables) };
  } catch (error) {
    throw new Fault('INVALID_REQUEST', { detail: 'variables', cause: error });
  }
}
