/** Puts the embedded issuer below `/oidc` of the same socket. It reads bodies itself, so nothing here consumes them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../faults.js';

/** See issuer/issuer.ts. Named here so that this room need not know that one. */
export interface MountedIssuer {
  answer(request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): void;
}

const PATH = '/oidc';
/** An assertion, a proof and the rest of a form fit into a tenth of it. */
const BODY_LIMIT = 32 * 1024;

export async function mountIssuer(server: FastifyInstance, issuer: MountedIssuer): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Without this the framework would refuse forms; it does not touch the stream.
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.route({
      method: ['GET', 'POST', 'OPTIONS', 'HEAD'],
      url: `${PATH}/*`,
      onRequest: async ({ headers }) => {
        const length = Number(headers['content-length'] ?? 0);
        // A body without a length could only be measured by reading it.
        if (headers['transfer-encoding'] !== undefined || !(length <= BODY_LIMIT)) throw new Fault('BODY_TOO_LARGE', { detail: `> ${BODY_LIMIT}` });
      },
      errorHandler: (error, request, reply) => {
        const fault = error instanceof Fault ? error : new Fault('INVALID_REQUEST', { cause: error });
        void reply
          .status(fault.status)
          .header('x-request-id', request.id)
          .send({ errors: [{ message: fault.message, extensions: fault.extensions }] });
      },
      handler: (request, reply) => {
        const { raw } = request;
        for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
        reply.hijack();
        const whole = raw.url ?? '';
        issuer.answer(Object.assign(raw, { originalUrl: whole, url: whole.slice(PATH.length) }), reply.raw);
      },
    });
  });
}
