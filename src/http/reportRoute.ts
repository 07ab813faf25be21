/** GET /audit/report: a monthly report for officers and auditors. Who asks and how it is refused is the server's affair. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/inquiry.js';

/** What gives reports out; see reports/reports.ts. Named here so that this room need not know that one. */
export interface Reporting {
  /** The page, once its reading is durable in the log. @throws Fault; nothing may then be given */
  report(asked: { id: string; caller: Caller; query: Readonly<Record<string, unknown>>; startedAt: number }): Promise<string>;
  /** Content-Security-Policy of the page. */
  readonly pagePolicy: string;
}
export interface ReportRoute {
  readonly reports: Reporting;
  /** @throws Fault where nobody is believed to call */
  authenticated(request: FastifyRequest): Promise<Caller>;
  /** Sends what was made, as all answers are sent. */
  sent(request: FastifyRequest, reply: FastifyReply, page: { readonly contentType: string; readonly body: string }): string | Buffer;
}

export function mountReports(server: FastifyInstance, { reports, authenticated, sent }: ReportRoute): void {
  server.get('/audit/report', {
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const caller = await authenticated(request);
      const query = request.query as Readonly<Record<string, unknown>>;
      const body = await reports.report({ id: request.id, caller, query, startedAt: request.arrival.startedAt });
      reply.header('content-security-policy', reports.pagePolicy).header('x-content-type-options', 'nosniff');
      return sent(request, reply, { contentType: 'text/html; charset=utf-8', body });
    },
  });
}
