/**
 * A walk as a new auditor would go, against a running gateway of the sandbox: something alarming happens, an alert tells of
 * it, the trail behind it is looked up, one decision explained, and everything that is handed out is verified by others
 * than the gateway. What each step brings lies in a folder, and each has its receipt.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCanaries } from '../alerts/canaries.js';
import { dayInBeijing } from '../beijing.js';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import type { Postgres } from '../postgres.js';
import { withDatabase } from './filling.js';
import { indented, say } from './paper.js';
import { command, standalone } from './programs.js';
import { ask, at, sandboxToken, type Who } from './query.js';
import { whileTampered } from './tampering.js';

export interface WalkOptions {
  readonly url: string;
  readonly institution: string;
  /** Where what is handed out goes; a new folder of the zone where absent. */
  readonly folder?: string;
  /** Whether a byte of the log is changed and put back. */
  readonly tamper: boolean;
}
interface AlertSeen {
  readonly id: string;
  readonly subject: { readonly operator: string | null };
}
interface EntrySeen {
  readonly id: string;
  readonly time: string;
  readonly leafHash: string;
  readonly sealed: boolean;
  readonly entry: string;
}

const AUDITOR: Who = { staff: 'pei.zhaoning', roles: 'AUDITOR' };
const OFFICER: Who = { staff: 'shen.yuhe', roles: 'GOVERNANCE_OFFICER' };
/** What the zone promises from a read to its alert. */
const PATIENCE_MS = 60_000;
const DAY_MS = 86_400_000;

export async function walk({ url, institution, folder: wanted, tamper }: WalkOptions): Promise<void> {
  const config = readConfig();
  if (config.production) throw new Fault('CONFIG_FAULTY', { detail: 'audit walk: 仅限沙箱 / in the sandbox only' });
  const began = performance.now();
  const mark = randomUUID().slice(0, 8);
  const folder = resolve(wanted ?? join(config.zoneHome, 'walks', `${new Date().toISOString().slice(0, 10)}-${mark}`));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await withDatabase(async ({ database }) => {
    const postgres = database.open('owner');
    await walkThrough({ url: url.replace(/\/+$/, ''), institution, folder, mark, postgres, tamper });
  });
  say(`\n${((performance.now() - began) / 1000).toFixed(0)} s  ${folder}\n  ${readdirSync(folder).sort().join('  ')}`);
}

interface Walking extends Pick<WalkOptions, 'url' | 'institution' | 'tamper'> {
  readonly folder: string;
  readonly mark: string;
  readonly postgres: Postgres;
}

async function walkThrough({ url, institution, folder, mark, postgres, tamper }: Walking): Promise<void> {
  const { step, send, asked } = openSteps(url);
  const file = (name: string) => join(folder, name);
  const keep = (name: string, text: string) => writeFileSync(file(name), text, { mode: 0o600 });
  const [operator, caseNumber] = [`walk-${mark}`, `WALK-${mark}`];
  const uscc = await someCanary(postgres);
  const from = new Date(Date.now() - DAY_MS).toISOString();

  const { receipt } = await asked('1-touch', { institution }, { uscc, operator, caseNumber });
  keep('receipt.json', JSON.stringify(receipt, null, 2));
  const happened = performance.now();

  const found = await until('alert', async () => {
    const sent = await send('2-alerts', AUDITOR, { kind: 'CANARY_TOUCHED', institution });
    const alert = (at(sent.data, 'alerts.nodes') as AlertSeen[]).find(({ subject }) => subject.operator === operator);
    return alert ? { alert, sent } : null;
  });
  const alert = found.alert.id;
  found.sent.tell({ alerts: [found.alert] });
  say(`  ${((performance.now() - happened) / 1000).toFixed(1)} s 后告警 / from the read to its alert`);
  await asked('3-acknowledge', OFFICER, { alert, key: randomUUID() });

  const trail = await until('checkpoint', async () => {
    const sent = await send('4-trail', AUDITOR, { institution, operator });
    const entry = (at(sent.data, 'auditTrail.nodes') as EntrySeen[]).find(({ id, sealed }) => id === receipt.id && sealed);
    return entry ? { entry, sent } : null;
  });
  trail.sent.tell();
  keep('entry.json', trail.entry.entry);
  await asked('5-explain', AUDITOR, { receipt: receipt.id });

  step('取包含证明，由独立核验程序离线核验 / The inclusion proof, verified offline by the standalone verifier');
  keep('keys.txt', await fetchedKeys(url));
  await command(['audit', 'proof', receipt.id, '--url', url, '--out', file('proof.json')]);
  const files = ['--receipt', 'receipt.json', '--proof', 'proof.json', '--keys', 'keys.txt'];
  await standalone(['receipt', ...files], folder, { stdout: /PROVEN/ });
  say('  日志所示条目与回执一致 / The entry that the trail showed is the one of the receipt:');
  await standalone(['receipt', ...files, '--entry', 'entry.json'], folder, { stdout: /PROVEN/ });

  const untilNow = new Date(Date.now() + 1_000).toISOString();
  const statement = await asked('6-statement', { enterprise: uscc }, { uscc, from, until: untilNow });
  keep('statement.json', String(at(statement.data, 'enterpriseStatement.proof')));
  await command(['audit', 'verify-statement', '--statement', file('statement.json'), '--keys', file('keys.txt')], { stdout: new RegExp(receipt.id) });

  const day = String(dayInBeijing(new Date()));
  await asked('7-usage', AUDITOR, { institution, day });

  step('导出该段日志，核验签名 / The trail is exported, and its signature verified');
  const filter = JSON.stringify({ institution, operator });
  for (const format of ['csv', 'xlsx']) {
    const out = file(`trail.${format}`);
    await command(['audit', 'export', '--format', format, '--filter', filter, '--out', out, '--staff', 'pei.zhaoning', '--url', url]);
    await command(['audit', 'verify-export', '--file', out, '--keys', file('keys.txt')], { stdout: /^GOOD/ });
  }

  step('该机构月报 / Monthly report of that institution');
  await command(['audit', 'report', '--institution', institution, '--month', day.slice(0, 7), '--out', file('report.html')]);

  step('核验整个日志 / The whole log is verified');
  await command(['audit', 'verify'], { stdout: /CLEAN/ });
  if (tamper) {
    step('以表所有者身份改动一个字节，核验，复原，再核验 / One byte is changed as owner of the table, found, put back');
    const tampering = { postgres, receipt: receipt.id, within: caseNumber, kept: file('entry-before-tampering.json') };
    await whileTampered(tampering, () => command(['audit', 'verify'], { code: 2, stdout: new RegExp(`EDITED.*${receipt.id}`) }));
    await command(['audit', 'verify'], { stdout: /CLEAN/ });
  }

  const reason = `哨兵企业由演练触碰（${mark}） / The canary was touched by a walk (${mark})`;
  await asked('8-close', OFFICER, { alert, reason, key: randomUUID() });
}

interface Sent {
  readonly data: Record<string, unknown>;
  readonly receipt: { readonly id: string; readonly time: string; readonly leafHash: string };
  /** Tells it as the next step; `shown` where not all of it is of interest. */
  tell(shown?: unknown): void;
}

/** Steps are numbered as they are told. */
function openSteps(url: string) {
  let number = 0;
  const step = (title: string) => say(`\n[${++number}] ${title}`);
  /** @throws Fault BAD_USER_INPUT where the gateway does not do what was asked */
  const send = async (name: string, who: Who, variables: unknown): Promise<Sent> => {
    const document = readFileSync(join(readConfig().seedsFolder, 'queries', 'evidence', `${name}.graphql`), 'utf8');
    const { body } = await ask({ url: `${url}/graphql`, token: await sandboxToken(who), query: document, variables });
    const { data, errors = [], extensions } = body;
    const refused = Object.values(data ?? {}).flatMap((payload) => (at(payload, 'userErrors') as { code: string }[] | undefined) ?? []);
    const receipt = extensions?.receipt;
    if (!data || !receipt || refused.length > 0)
      throw new Fault('BAD_USER_INPUT', { detail: `${name}: ${refused[0]?.code ?? errors[0]?.message ?? 'no receipt'}` });
    const tell = (shown: unknown = data) => {
      step(document.slice(2, document.indexOf('\n')));
      say(`  ${who.institution ?? who.staff ?? who.enterprise}`);
      say(indented(shown));
      for (const { message, extensions: told } of errors) say(`  ${told?.reason ?? told?.code}: ${message}`);
      say(`  回执 receipt ${receipt.id}`);
    };
    return { data, receipt, tell };
  };
  const asked = async (name: string, who: Who, variables: unknown): Promise<Sent> => {
    const sent = await send(name, who, variables);
    sent.tell();
    return sent;
  };
  return { step, send, asked };
}

/** @throws Fault ZONE_UNAVAILABLE where it does not come in time */
async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(1_000)) {
    const found = await look();
    if (found) return found;
  }
  throw new Fault('ZONE_UNAVAILABLE', { detail: `no ${what} within ${PATIENCE_MS / 1000} s: does a process sequence (AUDIT_SEQUENCER)?` });
}

/** Which one is nobody's business but the watch's: the owner of the zone may look. @throws Fault BAD_USER_INPUT where there is none */
async function someCanary(postgres: Postgres): Promise<string> {
  const canaries = await openCanaries({ postgres }).list();
  const canary = canaries[randomInt(Math.max(1, canaries.length))];
  if (!canary) throw new Fault('BAD_USER_INPUT', { detail: '尚无哨兵企业 / no canary yet: audit canary add <uscc>' });
  return canary.uscc;
}

/** In earnest they come by a way of their own, once; from the gateway alone they would vouch for themselves. */
async function fetchedKeys(url: string): Promise<string> {
  const response = await fetch(`${url}/audit/keys`);
  if (!response.ok) throw new Fault('ZONE_UNAVAILABLE', { detail: `${url}/audit/keys: ${response.status}` });
  return response.text();
}
