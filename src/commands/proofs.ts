/** Commands that print checkpoints and fetch proofs. */
import { writeFileSync } from 'node:fs';
import { openProofs } from '../audit/proofs.js';
import { FAULTS, Fault, type FaultCode } from '../faults.js';
import { withDatabase } from './filling.js';
import { say } from './paper.js';

const WAIT_MS = 10_000;

export async function printCheckpoint({ url }: { url?: string }): Promise<void> {
  if (url !== undefined) return say((await fetched(url, '/audit/checkpoint')).trimEnd());
  await withDatabase(async ({ database }) => {
    const latest = await openProofs({ postgres: database.open('zone_gateway') }).latest();
    if (!latest) throw new Fault('CHECKPOINT_UNKNOWN');
    say(latest.note.trimEnd());
  });
}

interface ProofOptions {
  readonly url: string;
  readonly out?: string;
  /** Of the receipt, together: what was archived is found by them. */
  readonly time?: string;
  readonly leafHash?: string;
}

export async function fetchProof(receipt: string, { url, out = `${receipt}.proof.json`, ...rest }: ProofOptions): Promise<void> {
  const given = new URLSearchParams(rest.time !== undefined || rest.leafHash !== undefined ? { time: rest.time ?? '', leafHash: rest.leafHash ?? '' } : {});
  const text = await fetched(url, `/audit/proof/${encodeURIComponent(receipt)}?${given}`);
  try {
    writeFileSync(out, text);
  } catch (error) {
    throw new Fault('BAD_USER_INPUT', { detail: `${out}: ${(error as NodeJS.ErrnoException).code}`, cause: error });
  }
  const { leaf, size } = JSON.parse(text) as { leaf: number; size: number };
  say(`${out}: 第 ${leaf} 叶，共 ${size} 条 / leaf ${leaf} of a log of ${size}`);
}

/** What a gateway answers to a plain GET. @throws Fault that of the gateway, or ZONE_UNAVAILABLE where none answers */
async function fetched(url: string, path: string): Promise<string> {
  if (!URL.canParse(path, url)) throw new Fault('BAD_USER_INPUT', { detail: '--url http://127.0.0.1:4000' });
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(WAIT_MS) }).catch((error: Error) => {
    throw new Fault('ZONE_UNAVAILABLE', { detail: `${url}: ${String((error.cause as Error | undefined)?.message ?? error.message)}` });
  });
  const text = await response.text();
  if (response.ok) return text;
  const code = codeIn(text);
  if (code) throw new Fault(code);
  throw new Fault('BAD_USER_INPUT', { detail: `${url} is no gateway: ${response.status}` });
}

function codeIn(text: string): FaultCode | null {
  try {
    const code = JSON.parse(text)?.errors?.[0]?.extensions?.code;
    return typeof code === 'string' && Object.hasOwn(FAULTS, code) ? (code as FaultCode) : null;
  } catch {
    return null;
  }
}
