/** One worked query, told in words: what went out clear, masked, denied and why, how fresh it is, and the receipt. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../config.js';
import type { SandboxIssuer } from '../issuer/sandboxIssuer.js';
import { say, table } from './paper.js';
import { ask, type GraphQLAnswer } from './query.js';

interface Leaf {
  /** Schema coordinate, where the query asks for __typename beside it. */
  readonly coordinate: string;
  readonly place: string;
  readonly value: string;
}
interface Freshness {
  readonly category: string;
  readonly provider: string;
  readonly dataTime: string;
  readonly dueBy: string | null;
  readonly freshness: string;
}

const SHOWN_LEAVES = 40;

export async function workedQuery({
  address,
  issuer,
  uscc,
  institution,
}: {
  address: string;
  issuer: SandboxIssuer;
  uscc: string;
  institution: string;
}): Promise<void> {
  const file = join(readConfig().seedsFolder, 'queries', 'profile.graphql');
  const { body } = await ask({ url: `${address}/graphql`, token: await issuer.tokenFor(institution), query: readFileSync(file, 'utf8'), variables: { uscc } });
  say(`\n${institution} 查询 asks for ${uscc} (seeds/queries/profile.graphql)\n`);
  tell(body);
}

function tell({ data, errors = [], extensions }: GraphQLAnswer): void {
  if (!data || !extensions?.receipt) {
    say(errors.map(({ message }) => message).join('\n'));
    return;
  }
  const leaves: Leaf[] = [];
  const fresh: Freshness[] = [];
  walk(data.enterprise, [], leaves, fresh);
  const masked = new Set(extensions.access?.masked);
  const isMasked = ({ coordinate }: Leaf) => masked.has(coordinate);
  const given = leaves.filter(({ value }) => value !== 'null');
  say(
    `明文 Clear\n${table(
      ['item', 'value'],
      given
        .filter((leaf) => !isMasked(leaf))
        .slice(0, SHOWN_LEAVES)
        .map(({ place, value }) => [place, value]),
    )}`,
  );
  say(
    `脱敏 Masked\n${table(
      ['item', 'value'],
      given.filter(isMasked).map(({ place, value }) => [place, value]),
    )}`,
  );
  const reasons = errors.map(({ extensions: told }) => [String(told?.coordinate), String(told?.reason), String(told?.remedy)]);
  say(`拒绝 Denied\n${table(['coordinate', 'reason', '可以怎么做 remedy'], reasons)}`);
  const ages = fresh.map(({ category, provider, dataTime, dueBy, freshness }) => [
    category,
    provider,
    dataTime.slice(0, 10),
    dueBy?.slice(0, 10) ?? '-',
    freshness,
  ]);
  say(`新鲜度 Freshness\n${table(['category', 'provider', 'data time', 'due by', ''], ages)}`);
  const { id, time, leafHash } = extensions.receipt;
  say(`回执 Receipt  ${id}\n  ${time}  policy version ${extensions.access?.policyVersion}\n  leaf hash ${leafHash}`);
}

function walk(value: unknown, place: string[], leaves: Leaf[], fresh: Freshness[], coordinate = ''): void {
  if (Array.isArray(value)) {
    for (const [position, row] of value.entries()) walk(row, [...place.slice(0, -1), `${place.at(-1)}[${position}]`], leaves, position === 0 ? fresh : []);
  } else if (typeof value === 'object' && value !== null) {
    const { __typename: type, provenance, ...fields } = value as Record<string, unknown>;
    if (provenance) fresh.push({ category: place.join('.').replace(/\[0\]$/, ''), ...(provenance as Omit<Freshness, 'category'>) });
    for (const [key, inner] of Object.entries(fields)) walk(inner, [...place, key], leaves, fresh, `${type}.${key}`);
  } else {
    leaves.push({ coordinate, place: place.join('.'), value: String(value) });
  }
}
