// Who is measured, and in which states that says anything.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STATES } from './options.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const server = (name) => join(folder, 'servers', `${name}.mjs`);

/** The Node that PostGraphile needs, as npm carries it; null where this machine has none and is itself older. */
export function newerNode() {
  const carried = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(carried)) return carried;
  return Number(process.versions.node.split('.')[0]) >= 22 ? process.execPath : null;
}

/** @param peers beginnings of names, or null for all */
export function contestantsOf(peers) {
  const newer = newerNode();
  const twice = (name, label, script, more = {}) => [
    { name: `${name}-bare`, label: `${label}, bare`, script, args: [], dialect: 'graphql', states: STATES, duties: false, ...more },
    { name: `${name}-duties`, label: `${label}, duties`, script, args: ['duties'], dialect: 'graphql', states: STATES, duties: true, ...more },
  ];
  const ours = { script: join(folder, '..', 'gateway.mjs'), args: [], dialect: 'graphql', states: STATES, duties: true };
  const all = [
    { name: 'ours', label: 'this gateway', ...ours },
    ...twice('mercurius', 'Mercurius jit', server('mercurius')),
    ...twice('yoga', 'GraphQL Yoga', server('yoga')),
    ...twice('apollo-express', 'Apollo, Express', server('apolloExpress')),
    ...twice('apollo-fastify', 'Apollo, Fastify', server('apolloFastify')),
    // The floor reads PostgreSQL whatever was asked before, and the constant nothing.
    { name: 'statement', label: 'floor: statement', script: server('statement'), args: [], dialect: 'bare', states: ['cold', 'process'], duties: false },
    { name: 'constant', label: 'floor: constant', script: server('constant'), args: [], dialect: 'constant', states: ['process'], duties: false },
  ];
  if (newer) {
    // PostGraphile keeps no records, so Redis says nothing of it.
    const more = { node: newer, dialect: 'postgraphile', states: ['cold', 'process'] };
    all.push({ name: 'ours-newer-node', label: 'this gateway, newer Node', node: newer, ...ours });
    all.push(...twice('postgraphile', 'PostGraphile', server('postgraphile'), more));
  }
  return all.filter(({ name }) => peers === null || peers.some((wanted) => name.startsWith(wanted)));
}
