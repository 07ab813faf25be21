/**
 * The gateway's socket: caps the body, gives each request its id, asks who calls, hands the rest to the exchange. Knows
 * HTTP and nothing of records.
 */
import type { Socket } from 'node:net';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import underPressure from '@fastify/under-pressure';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import { actorOf, type Caller } from '../access/inquiry.js';
import type { Exports } from '../audit/export/exports.js';
import type { Proofs } from '../audit/proofs.js';
import { causeOf } from '../cause.js';
import { Fault } from '../faults.js';
import type { Authenticator } from './authenticate.js';
import { bodyIn, isByHash, parseJson } from './bodies.js';
import type { ClientCertificate } from './certificate.js';
import { mountEvidence } from './evidenceRoutes.js';
import { mountExports } from './exportRoutes.js';
import { type MountedIssuer, mountIssuer } from './issuerMount.js';
import type { Metrics } from './metrics.js';
import { mountReports, type Reporting } from './reportRoute.js';
import { newRequestId } from './requestId.js';

/** What the exchange gives back; see exchange/exchange.ts. Named here so that this room need not know that one. */
export interface Answering {
  answer(question: { id: string; caller: Caller; body: unknown; safe: boolean; accept: string | undefined; startedAt: number }): Promise<AnswerOut>;
  refuse(refused: { id: string; caller: Caller | null; fault: Fault; startedAt: number; accept: string | undefined }): Promise<AnswerOut>;
}
interface AnswerOut {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly receipt: string | null;
  readonly code: string | null;
  readonly lookedUp: number;
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

export interface ServerParts {
  readonly exchange: Answering;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  /** Proofs for whoever asks, with connections that nobody else waits for. */
  readonly proofs: Proofs;
  readonly exports: Exports;
  readonly log: Logger;
  /** How many processes answer on this port. */
  readonly processes: number;
  /** Whether the database answers; health is 503 where it does not. */
  readonly health: () => Promise<Readonly<Record<string, string>>>;
  readonly corsOrigins: readonly string[];
  readonly publicUrl: string | null;
  /** Key and certificate of the listener; null: plain HTTP. */
  readonly tls: TlsOptions | null;
  readonly certificateOf: (socket: Socket) => ClientCertificate | null;
  /** The embedded issuer, which stands below `/oidc`; null where another one is trusted. */
  readonly issuer: MountedIssuer | null;
  /** Monthly reports of the log. */
  readonly reports: Reporting;
  /** A token for GraphiQL on this machine; null in production, where there is no GraphiQL. */
  readonly sandboxToken: (() => Promise<string>) | null;
}

export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

export const BODY_LIMIT = 256 * 1024;
/** Time a client has to send its request, in ms; longer is a slow-body attack or a dead peer. */
const REQUEST_LIMIT_MS = 10_000;

interface Arrival {
  readonly startedAt: number;
  caller: Caller | null;
}
declare module 'fastify' {
  interface FastifyRequest {
    arrival: Arrival;
  }
}

export async function openServer(parts: ServerParts): Promise<FastifyInstance> {
  const { exchange, authenticator, metrics } = parts;
  const options: FastifyServerOptions = {
    bodyLimit: BODY_LIMIT,
    genReqId: () => newRequestId(),
    loggerInstance: undefined,
    requestTimeout: REQUEST_LIMIT_MS,
    connectionTimeout: 2 * REQUEST_LIMIT_MS,
    forceCloseConnections: 'idle',
    // What comes in on a connection that is still open is answered, and the connection closed with it.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
    // An address that cannot even be decoded.
    frameworkErrors: (_error, _request, reply) => refuseUnaudited(reply as FastifyReply, new Fault('NOT_FOUND')),
  };
  // A client without a certificate is let in: what its token is bound to decides.
  const https = parts.tls && { ...parts.tls, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' as const };
  const server = fastify((https ? { ...options, https } : options) as FastifyServerOptions);
  server.decorateRequest('arrival', null as unknown as Arrival);
  let closing = false;
  server.addHook('preClose', async () => {
    closing = true;
  });
  server.addHook('onRequest', async (request, reply) => {
    request.arrival = { startedAt: performance.now(), caller: null };
    // Before a byte of the body is read.
    if (request.is404) return refuseUnaudited(reply, new Fault(pathOf(request) === '/graphql' ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND'));
  });
  await server.register(helmet, { contentSecurityPolicy: false });
  await server.register(compress, { threshold: 2_048, encodings: ['gzip', 'deflate'] });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    try {
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  server.setErrorHandler(async (error, request, reply) => reply.send(await refused(request, reply, faultOf(error))));

  async function refused(request: FastifyRequest, reply: FastifyReply, fault: Fault): Promise<string | Buffer> {
    const { startedAt, caller } = request.arrival;
    return sent(request, reply, await exchange.refuse({ id: request.id, caller, fault, startedAt, accept: request.headers.accept }));
  }

  const credentialOf = (request: FastifyRequest) => ({
    authorization: request.headers.authorization,
    proof: request.headers.dpop,
    method: request.method,
    url: `${parts.publicUrl ?? `${parts.tls ? 'https' : 'http'}://${request.headers.host}`}${pathOf(request)}`,
    certificate: () => parts.certificateOf(request.socket)?.thumbprint ?? null,
  });

  function sent(request: FastifyRequest, reply: FastifyReply, answer: AnswerOut): string | Buffer {
    const seconds = (performance.now() - request.arrival.startedAt) / 1000;
    const id = answer.receipt ?? request.id;
    metrics.answered({ code: answer.code, status: answer.status, seconds, lookedUp: answer.lookedUp });
    const line = {
      id,
      caller: request.arrival.caller && actorOf(request.arrival.caller),
      status: answer.status,
      code: answer.code,
      ms: Math.round(seconds * 1000),
    };
    if (answer.status >= 500) parts.log.error({ ...line, cause: causeOf(answer.cause) }, 'refused');
    else parts.log.debug(line, 'answered');
    reply.status(answer.status).header('x-request-id', id).header('cache-control', 'no-store').type(answer.contentType);
    if (answer.status === 503) reply.header('retry-after', '1');
    if (answer.retryAfter !== undefined) reply.header('retry-after', String(answer.retryAfter));
    if (answer.status === 405) reply.header('allow', 'POST');
    if (answer.status === 401) reply.header('www-authenticate', 'Bearer, DPoP algs="ES256 PS256"');
    // A connection kept alive after the last answer would hold the process up.
    if (closing) reply.header('connection', 'close');
    return answer.body;
  }

  /** GraphiQL where there is a sandbox. To a client that takes GET for a way to query it would look like an answer. */
  async function page(request: FastifyRequest, reply: FastifyReply) {
    const { sandboxToken } = parts;
    if (!sandboxToken || !request.headers.accept?.includes('text/html')) return refuseUnaudited(reply, new Fault('METHOD_NOT_ALLOWED'));
    // The page carries a sandbox token, so it is for this machine only.
    const headers = isForThisMachine(request) ? JSON.stringify({ Authorization: `Bearer ${await sandboxToken()}` }) : '{"Authorization": "Bearer "}';
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(renderGraphiQL({ title: '金融公共数据专区 GraphiQL', headers, defaultQuery: WELCOME }));
  }

  // Other origins and shedding of load concern the queries alone: health and metrics answer when it matters most.
  await server.register(async (governed) => {
    if (parts.corsOrigins.length > 0) await governed.register(cors, { origin: [...parts.corsOrigins], methods: ['GET', 'POST'] });
    await governed.register(underPressure, {
      maxEventLoopDelay: 2_000,
      pressureHandler: (_request, reply) => void refuseUnaudited(reply, new Fault('OVERLOADED')),
    });
    const answered = async (request: FastifyRequest, reply: FastifyReply, { body, safe }: { body: unknown; safe: boolean }) => {
      const { caller, startedAt } = request.arrival;
      if (!caller) throw new Fault('TOKEN_MISSING');
      return sent(request, reply, await exchange.answer({ id: request.id, caller, body, safe, accept: request.headers.accept, startedAt }));
    };
    mountEvidence(governed, { proofs: parts.proofs, refuse: refuseUnaudited, log: parts.log, processes: parts.processes });
    governed.post('/graphql', {
      // Who calls is known before a byte of the body is read.
      onRequest: async (request) => {
        if (request.headers['content-encoding'] && request.headers['content-encoding'] !== 'identity') throw new Fault('UNSUPPORTED_MEDIA_TYPE');
        request.arrival.caller = await authenticator.authenticate(credentialOf(request));
      },
      handler: (request, reply) => answered(request, reply, { body: request.body, safe: false }),
    });
    mountReports(governed, {
      reports: parts.reports,
      authenticated: async (request) => (request.arrival.caller = await authenticator.authenticate(credentialOf(request))),
      sent: (request, reply, page) => sent(request, reply, { ...page, status: 200, receipt: request.id, code: null, lookedUp: 0 }),
    });
    // Registered operations by their hash; a document in an address would stand in the logs of everything between.
    governed.get('/graphql', {
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        if (!isByHash(request)) return page(request, reply);
        request.arrival.caller = await authenticator.authenticate(credentialOf(request));
        return answered(request, reply, { body: bodyIn(request.query), safe: true });
      },
    });
    mountExports(governed, { exports: parts.exports, authenticate: (request) => authenticator.authenticate(credentialOf(request)) });
  });
  if (parts.issuer) await mountIssuer(server, parts.issuer);
  server.get('/health', async (_request, reply) => {
    const state = await parts.health();
    const well = Object.values(state).every((word) => word !== 'away');
    return reply.status(well ? 200 : 503).send({ status: well ? 'ok' : 'degraded', ...state });
  });
  server.get('/health/live', async () => ({ status: 'ok' }));
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return server;
}

const WELCOME = `# 令牌有效五分钟，过期请刷新页面 / The token lives five minutes; reload the page for a new one
{ catalogue { version providers { code name { zh en } } } }
`;

/** Fastify's own errors brought into the table. */
function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  switch ((error as { code?: string }).code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Fault('BODY_TOO_LARGE', { detail: `> ${BODY_LIMIT}` });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Fault('UNSUPPORTED_MEDIA_TYPE');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Fault('INVALID_REQUEST');
    default:
      return new Fault('INTERNAL', { cause: error });
  }
}

/** For what touches no record and names no caller: unknown addresses, and shedding load, where an entry each would add to it. */
function refuseUnaudited(reply: FastifyReply, fault: Fault): FastifyReply {
  if (fault.status === 405) reply.header('allow', 'POST');
  if (fault.status === 503) reply.header('retry-after', '1');
  return reply
    .header('x-request-id', reply.request.id)
    .status(fault.status === 200 ? 404 : fault.status)
    .header('cache-control', 'no-store')
    .send({ errors: [{ message: fault.message, extensions: fault.extensions }] });
}

function pathOf(request: FastifyRequest): string | undefined {
  return request.url.split('?')[0];
}

/**
 * Whether the page goes to a browser on this machine and to no other. The socket's address alone would not tell: a proxy
 * here, or a foreign page whose name was rebound to this address, comes from it as well.
 */
function isForThisMachine({ ip, headers, socket }: FastifyRequest): boolean {
  const loopback = ip === '127.0.0.1' || ip === '::1' || ip === '::ffff:127.0.0.1';
  const named = new Set(['localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${socket.localPort}`));
  const passedOn = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'origin'].some((name) => headers[name] !== undefined);
  return loopback && named.has(headers.host ?? '') && !passedOn;
}
