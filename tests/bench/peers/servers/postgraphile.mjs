// PostGraphile 5 over typed tables; the duties by a role, its column grants and row level security, and an audit row written when
// the operation was carried out.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { CALLER } from './caller.mjs';
import { writeAudit } from './duties.mjs';
import { announce, openPool } from './records.mjs';

const duties = process.argv.includes('duties');
const pool = openPool();
const asRole = (context) => {
  const institution = context.node?.req?.headers[CALLER];
  return { institution, pgSettings: { role: 'peer_bank', 'zone.institution': institution } };
};
const audited = {
  name: 'AuditedPlugin',
  version: '1.0.0',
  grafast: {
    middleware: {
      async execute(next, { args }) {
        const result = await next();
        const { uscc, usccs } = args.variableValues ?? {};
        await writeAudit(pool, { institution: args.contextValue.institution, inquiry: null, enterprises: usccs ?? (uscc ? [uscc] : []) });
        return result;
      },
    },
  },
};
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ['typed'] })],
  grafserv: { watch: false, graphiql: false, maxRequestLength: 4 * 2 ** 20 },
  plugins: duties ? [audited] : [],
  grafast: duties ? { context: asRole } : {},
};
const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(0, '127.0.0.1', () => announce(server.address().port));
