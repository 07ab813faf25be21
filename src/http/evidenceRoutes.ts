/**
 * Checkpoints, proofs and keys over plain HTTP, for whoever holds a receipt: only hashes are told, and ids of receipts
 * cannot be guessed, so no token is asked. Nothing here is audited: an entry for each would let anybody fill the log.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Proofs } from '../audit/proofs.js';
import { consistencyText, inclusionText } from '../audit/proofText.js';
import { receiptOf } from '../audit/receiptText.js';
import { causeOf } from '../cause.js';
import { Fault } from '../faults.js';
import { openGate, partOf } from './gate.js';

/** What a gateway answers, all its processes together. Those under way wait for one another's connections, which are fewer, and for nobody else's. */
const OF_ALL = { aSecond: 100, mostAtOnce: 16 };
/** Of one address, which may be that of a bank behind one way out: a part, so that others are answered beside it. */
const OF_EACH = { aSecond: 40, mostAtOnce: 8 };
const SIZE = /^(0|[1-9]\d{0,14})$/;
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';

interface Told {
  readonly type: string;
  readonly text: string;
}

export interface EvidenceParts {
  readonly proofs: Proofs;
  /** Answers a fault, as for everything else that names no caller. */
  readonly refuse: (reply: FastifyReply, fault: Fault) => FastifyReply;
  readonly log: Logger;
  /** How many processes answer on this port; requests come to them in turn. */
  readonly processes: number;
}

export function mountEvidence(server: FastifyInstance, { proofs, refuse, log, processes }: EvidenceParts): void {
  const enter = openGate({ all: partOf(OF_ALL, processes), each: partOf(OF_EACH, processes) });
  const get = (url: string, tell: (request: FastifyRequest) => Promise<Told>) =>
    server.get(url, async (request, reply) => {
      const leave = enter(request.ip);
      if (!leave) return refuse(reply, new Fault('OVERLOADED'));
      try {
        const { type, text } = await tell(request);
        return reply.header('cache-control', 'no-store').type(type).send(text);
      } catch (error) {
        const fault = error instanceof Fault ? error : new Fault('INTERNAL', { cause: error });
        // Nothing is audited here: what went wrong would stand nowhere.
        if (fault.status >= 500) log.error({ id: request.id, path: url, code: fault.code, cause: causeOf(fault.cause ?? fault) }, 'refused');
        if (fault.code === 'RECEIPT_PENDING') reply.header('retry-after', '2');
        return refuse(reply, fault);
      } finally {
        leave();
      }
    });

  get('/audit/checkpoint', async () => {
    const latest = await proofs.latest();
    if (!latest) throw new Fault('CHECKPOINT_UNKNOWN');
    return { type: TEXT_TYPE, text: latest.note };
  });
  get('/audit/keys', async () => ({ type: TEXT_TYPE, text: (await proofs.keys()).map(({ verifier }) => `${verifier}\n`).join('') }));
  get('/audit/proof/:receipt', async ({ params, query }) => {
    const { time, leafHash } = query as Record<string, unknown>;
    const found = await proofs.inclusion(receiptOf({ id: (params as { receipt: string }).receipt, time, leafHash }));
    switch (found.state) {
      case 'PROVEN':
        return { type: JSON_TYPE, text: inclusionText(found) };
      case 'PENDING':
        throw new Fault('RECEIPT_PENDING');
      case 'CONTRADICTED':
        throw new Fault('LOG_CONTRADICTED');
      case 'ARCHIVED':
        throw new Fault('RECEIPT_ARCHIVED', { detail: found.month, facts: { month: found.month } });
      case 'UNKNOWN':
        throw new Fault('RECEIPT_UNKNOWN');
    }
  });
  get('/audit/consistency', async ({ query }) => {
    const { older, newer } = query as Record<string, unknown>;
    const found = await proofs.consistency(sizeOf('older', older), newer === undefined ? undefined : sizeOf('newer', newer));
    if (!found) throw new Fault('CHECKPOINT_UNKNOWN');
    return { type: JSON_TYPE, text: consistencyText(found) };
  });
}

/** What stands in an address twice is a list, and no size. */
function sizeOf(name: string, given: unknown): number {
  if (typeof given !== 'string' || !SIZE.test(given)) throw new Fault('BAD_USER_INPUT', { detail: `${name}: 0, 1, 2 ...` });
  return Number(given);
}
