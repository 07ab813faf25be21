/**
 * The policy of the synthetic zone: institutions, agreements, grants, and which firm consents to what. Everything stands
 * in `seeds/institutions.yaml` and `seeds/policy.yaml`; this room reads them and refuses what no database would hold.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { parse } from 'yaml';
import { Fault } from '../faults.js';
import { PURPOSES, type Purpose, type Uscc } from '../terms.js';
import { arrayField } from './copy.js';
import { hashText, Random, weighted } from './random.js';

export interface InstitutionSeed {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly kind: string;
  readonly active: boolean;
}
interface Window {
  readonly from: string;
  readonly until: string;
}
interface AgreementSeed extends Window {
  readonly institution: string;
  readonly id: string;
  readonly purposes: Purpose[];
  readonly highestGrade: number;
}
interface GrantSeed extends Window {
  readonly institution: string;
  readonly id: string;
  readonly purposes: Purpose[];
  readonly scope: string[];
  readonly effect: 'CLEAR' | 'MASKED';
}
type ConsentState = 'LIVE' | 'EXPIRED' | 'WITHDRAWN';
interface ConsentTerms {
  readonly institution: string;
  readonly state: ConsentState;
  readonly purposes: readonly Purpose[];
  readonly scope: readonly string[];
  readonly personal: 'CLEAR' | 'MASKED';
}
interface PolicyFile {
  agreements: AgreementSeed[];
  grants: GrantSeed[];
  windows: { LIVE: Window[]; EXPIRED: Window[]; WITHDRAWN: Window[]; withdrawnAt: string };
  demo: (Partial<ConsentTerms> & { firms: string; institution: string })[];
  rule: {
    fromFirm: number;
    asks: number[];
    institutions: Record<string, number>;
    states: Record<ConsentState, number>;
    personalClear: number;
    scopes: { weight: number; scope: string[] }[];
    purposes: { weight: number; purposes: Purpose[] }[];
  };
}
export interface PolicySeed {
  readonly institutions: readonly InstitutionSeed[];
  readonly agreements: readonly AgreementSeed[];
  readonly grants: readonly GrantSeed[];
  /** Lines of COPY for the table consent: what the firm with this number agreed to. */
  consentLines(seed: number, index: number, uscc: Uscc, recordedAt: Date): string;
}

const TOPIC = hashText('consent');

/** @throws Fault CONFIG_FAULTY when a file names what does not exist. */
export function readPolicy(seedsFolder: string): PolicySeed {
  const institutions = read<{ institutions: InstitutionSeed[] }>(seedsFolder, 'institutions.yaml').institutions;
  const file = read<PolicyFile>(seedsFolder, 'policy.yaml');
  const codes = new Set(institutions.map(({ code }) => code));
  for (const { institution } of [...file.agreements, ...file.grants, ...file.demo]) refuseUnknown(codes, institution);
  for (const institution of Object.keys(file.rule.institutions)) refuseUnknown(codes, institution);
  for (const { id, purposes } of [...file.agreements, ...file.grants]) {
    for (const purpose of purposes) if (!PURPOSES.includes(purpose)) throw fault(`${id} names the purpose ${purpose}`);
  }
  return { institutions, agreements: file.agreements, grants: file.grants, consentLines: compileConsents(file) };
}

function compileConsents(file: PolicyFile): PolicySeed['consentLines'] {
  const { rule, windows } = file;
  const demo = new Map<number, ConsentTerms[]>();
  for (const entry of file.demo) {
    const [first, last = first] = entry.firms.split('..').map(Number) as [number, number?];
    for (let index = first; index <= last; index++) {
      const terms: ConsentTerms = { state: 'LIVE', purposes: PURPOSES, scope: ['*'], personal: 'MASKED', ...entry };
      demo.set(index, [...(demo.get(index) ?? []), terms]);
    }
  }
  const drawAsks = weighted(rule.asks.map((weight, asks) => [asks, weight] as const));
  const drawInstitution = weighted(Object.entries(rule.institutions));
  const drawState = weighted(Object.entries(rule.states) as [ConsentState, number][]);
  const drawScope = weighted(rule.scopes.map(({ scope, weight }) => [scope, weight] as const));
  const drawPurposes = weighted(rule.purposes.map(({ purposes, weight }) => [purposes, weight] as const));
  const random = new Random();

  const byRule = (seed: number, index: number): ConsentTerms[] => {
    random.begin(seed, index, TOPIC);
    const asked = new Set<string>();
    for (let asks = drawAsks(random); asks > 0; asks--) asked.add(drawInstitution(random));
    return [...asked].map((institution) => ({
      institution,
      state: drawState(random),
      purposes: drawPurposes(random),
      scope: drawScope(random),
      personal: random.chance(rule.personalClear) ? 'CLEAR' : 'MASKED',
    }));
  };
  return (seed, index, uscc, recordedAt) => {
    const recorded = recordedAt.toISOString();
    const terms = [...(demo.get(index) ?? []), ...(index >= rule.fromFirm ? byRule(seed, index) : [])];
    let lines = '';
    let number = 0;
    for (const { institution, state, purposes, scope, personal } of terms) {
      for (const { from, until } of windows[state]) {
        number++;
        const id = `C-${String(number).padStart(3, '0')}`;
        const evidence = createHash('sha256')
          .update(`synthetic authorisation ${uscc} ${id} ${institution} ${from} ${until} ${purposes.join()} ${scope.join()} ${personal}`)
          .digest('hex');
        const withdrawn = state === 'WITHDRAWN' ? windows.withdrawnAt : '\\N';
        lines += `${uscc}\t${id}\t${institution}\t${arrayField(purposes)}\t${arrayField(scope)}\t${personal}\t${from}\t${until}\t${withdrawn}\t${evidence}\t${recorded}\n`;
      }
    }
    return lines;
  };
}

/** Writes institutions; without a residence none of them is resident, and nobody may see anything. Raises every policy epoch. */
export async function writeInstitutions(client: pg.PoolClient, { institutions }: PolicySeed): Promise<void> {
  for (const { code, zh, en, kind } of institutions) {
    await client.query(
      `insert into institution (code, name_zh, name_en, kind) values ($1, $2, $3, $4)
       on conflict (code) do update set name_zh = excluded.name_zh, name_en = excluded.name_en, kind = excluded.kind`,
      [code, zh, en, kind],
    );
  }
  await raiseEpochs(client);
}

/** Writes residences, agreements and grants as one policy version, and raises every policy epoch. */
export async function writePolicy(client: pg.PoolClient, policy: PolicySeed, version: number): Promise<void> {
  for (const { code, active } of policy.institutions) {
    await client.query('insert into residence (institution, version, active) values ($1, $2, $3)', [code, version, active]);
  }
  for (const { institution, id, purposes, highestGrade, from, until } of policy.agreements) {
    await client.query(
      'insert into agreement (institution, id, version, purposes, highest_grade, valid_from, valid_until) values ($1, $2, $3, $4, $5, $6, $7)',
      [institution, id, version, purposes, highestGrade, from, until],
    );
  }
  for (const { institution, id, purposes, scope, effect, from, until } of policy.grants) {
    await client.query(
      "insert into access_grant (institution, id, version, purposes, scope, effect, valid_from, valid_until, reason) values ($1, $2, $3, $4, $5, $6, $7, $8, 'seed')",
      [institution, id, version, purposes, scope, effect, from, until],
    );
  }
  await raiseEpochs(client);
}

async function raiseEpochs(client: pg.PoolClient): Promise<void> {
  await client.query('update policy_epoch set epoch = epoch + 1');
  await client.query('insert into policy_epoch select code, 1 from institution on conflict do nothing');
}

function read<T>(folder: string, name: string): T {
  try {
    return parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (cause) {
    throw new Fault('CONFIG_FAULTY', { detail: `${name} cannot be read: ${(cause as Error).message}`, cause });
  }
}
function refuseUnknown(codes: ReadonlySet<string>, institution: string): void {
  if (!codes.has(institution)) throw fault(`it names the institution ${institution}, which institutions.yaml does not`);
}
function fault(what: string): Fault {
  return new Fault('CONFIG_FAULTY', { detail: `seeds/policy.yaml: ${what}; mend the file` });
}
