/** What differs between the answer that came and the one that must come; nothing is left uncompared but receipt and clock. */
import type { Expected } from '../oracle/answer.js';
import { type Canary, canariesIn } from './records.js';
import type { Reply } from './world.js';

interface Told {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; path?: readonly (string | number)[]; extensions: Record<string, unknown> }[];
  readonly extensions: {
    receipt: { id: string; time: string; leafHash: string };
    access?: { policyVersion: number; masked: string[]; denied: { coordinate: string; reason: string; enterprises?: string[] }[] };
    cost?: { requested: number; actual: number };
  };
}

const DENIED_SENTENCE = '该信息项不予提供 / This item is not given';

export function differences(expected: Expected, reply: Reply, versions: { from: number; to: number }, canaries: ReadonlyMap<string, Canary>): string[] {
  const found: string[] = [];
  const compare = (what: string, came: unknown, must: unknown) => {
    const [one, other] = [JSON.stringify(came), JSON.stringify(must)];
    if (one !== other) found.push(`${what}: ${aroundDifference(String(one), String(other))}`);
  };
  const body = JSON.parse(reply.text) as Told;
  if (!body.extensions) return [`without a receipt, status ${reply.status}: ${reply.text.slice(0, 300)}`];
  const { receipt } = body.extensions;
  if (!/^[0-9a-f-]{36}$/.test(receipt?.id ?? '') || !/^[0-9a-f]{64}$/.test(receipt?.leafHash ?? '') || !receipt?.time) found.push('no receipt');
  compare('x-request-id', reply.headers['x-request-id'], receipt?.id);
  for (const { text } of canariesIn(JSON.stringify(reply.headers), canaries)) found.push(`a value in a header: ${text}`);

  if (expected.refused) {
    const code = String(body.errors?.[0]?.extensions.code);
    if (!expected.refused.includes(code)) found.push(`refused with ${code} (${reply.status}), not with ${expected.refused.join(' or ')}`);
    if (reply.status < 400 || 'data' in body) found.push(`a refusal of status ${reply.status} ${'data' in body ? 'with data' : ''}`);
    for (const { text, canary } of canariesIn(reply.text, canaries)) found.push(`a value in a refusal: ${text} of ${canary.item}`);
    compare('members of a refusal', Object.keys(body), ['errors', 'extensions']);
    compare('extensions of a refusal', Object.keys(body.extensions ?? {}), ['receipt']);
    return found;
  }
  compare('status', reply.status, 200);
  const dataEnd = reply.text.indexOf('"data":');
  compare('data', body.data, JSON.parse(expected.data));
  if (dataEnd < 0) found.push('no data');
  compare('errors', (body.errors ?? []).map(lineOfError).sort(), expected.errors);
  const { access } = body.extensions;
  const version = access?.policyVersion ?? -1;
  if (version < versions.from || version > versions.to) found.push(`policy version ${version}, not of ${versions.from} to ${versions.to}`);
  compare('access.masked', [...(access?.masked ?? [])].sort(), expected.masked);
  compare(
    'access.denied',
    (access?.denied ?? [])
      .map(({ coordinate, reason, enterprises }) => `${coordinate} ${reason} ${enterprises ? [...enterprises].sort().join() : 'all'}`)
      .sort(),
    expected.denied,
  );
  compare('cost', [body.extensions.cost?.requested, body.extensions.cost?.actual], [expected.requested, expected.actual]);
  return found;
}

function lineOfError({ message, path, extensions }: NonNullable<Told['errors']>[number]): string {
  const { code, coordinate, item, reason, enterprises } = extensions as {
    code: string;
    coordinate?: string;
    item?: string;
    reason?: string;
    enterprises?: { denied: number; of: number };
  };
  if (code !== 'ITEM_DENIED') return `${code} at ${path?.join('.')}`;
  if (message !== `${DENIED_SENTENCE}: ${coordinate}` || !extensions.remedy) return `a strange denial: ${message}`;
  return `ITEM_DENIED ${coordinate} ${item} ${reason}${enterprises ? ` ${enterprises.denied}/${enterprises.of}` : ''}`;
}

/** The place where two texts part, with a little of what is around it. */
function aroundDifference(came: string, must: string): string {
  let place = 0;
  while (place < came.length && came[place] === must[place]) place++;
  const from = Math.max(0, place - 60);
  return `came …${came.slice(from, place + 140)}… must be …${must.slice(from, place + 140)}…`;
}
