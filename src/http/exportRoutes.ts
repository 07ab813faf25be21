/** `GET /audit/export`: the trail as a file, while it is read; `GET /audit/exports/<id>`: its signature, once it has one. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '../access/inquiry.js';
import { EXPORT_FORMATS, type ExportFormat, type Exports } from '../audit/export/exports.js';
import { readFilter } from '../audit/export/filterText.js';
import { Fault } from '../faults.js';

export interface ExportRouteParts {
  readonly exports: Exports;
  /** @throws Fault of the token */
  readonly authenticate: (request: FastifyRequest) => Promise<Caller>;
}

export function mountExports(server: FastifyInstance, { exports, authenticate }: ExportRouteParts): void {
  const arrived = async (request: FastifyRequest) => {
    const caller = await authenticate(request);
    request.arrival.caller = caller;
    return { id: request.id, caller, startedAt: request.arrival.startedAt };
  };
  server.get('/audit/export', { exposeHeadRoute: false }, async (request, reply) => {
    const by = await arrived(request);
    const { receipt, contentType, fileName, archived, body } = await exports.begin({ ...by, ...askedIn(request.query) });
    // What the file does not have because it is kept elsewhere.
    if (archived.length > 0) reply.header('x-audit-archived', archived.join(' '));
    return reply
      .header('x-request-id', receipt.id)
      .header('x-audit-leaf', receipt.leafHash)
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="${fileName}"`)
      .type(contentType)
      .send(body);
  });
  server.get('/audit/exports/:export', { exposeHeadRoute: false }, async (request, reply) => {
    const by = await arrived(request);
    const { state, receipt } = await exports.find({ ...by, export: (request.params as { export: string }).export });
    return reply
      .status(state.state === 'PENDING' ? 202 : 200)
      .header('x-request-id', receipt.id)
      .header('cache-control', 'no-store')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ ...state, receipt }));
  });
}

const PARAMETERS = ['format', 'filter', 'bom'];

/** @throws Fault BAD_USER_INPUT, INVALID_USCC */
function askedIn(query: unknown) {
  const given = query as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(given)) {
    // What stands in the address twice is a list.
    if (!PARAMETERS.includes(name) || typeof value !== 'string') throw new Fault('BAD_USER_INPUT', { detail: PARAMETERS.join(', ') });
  }
  const { format, filter, bom = 'false' } = given as { format?: string; filter?: string; bom?: string };
  if (!EXPORT_FORMATS.includes(format as ExportFormat)) throw new Fault('BAD_USER_INPUT', { detail: `format: ${EXPORT_FORMATS.join(', ')}` });
  if (bom !== 'true' && bom !== 'false') throw new Fault('BAD_USER_INPUT', { detail: 'bom: true, false' });
  return { format: format as ExportFormat, filter: readFilter(filter), bom: bom === 'true' };
}
