/** Commands about exports of the trail: through a running gateway, and the check of what came, without any. */
import { createHash } from 'node:crypto';
import { createWriteStream, writeFileSync } from 'node:fs';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../faults.js';
import { verifyExport } from '../verify/verifyExport.js';
import { progress, say } from './paper.js';
import { sandboxToken } from './query.js';

export interface ExportOptions {
  readonly out: string;
  readonly format: string;
  readonly filter: string;
  readonly bom: boolean;
  readonly staff: string;
  readonly roles: string;
  readonly url: string;
}

/** The sequencer signs within seconds; who waits longer asks again later. */
const PATIENCE_MS = 20_000;
const MEGABYTE = 1024 * 1024;

export async function exportTrail({ out, format, filter, bom, url, ...who }: ExportOptions): Promise<void> {
  const query = new URLSearchParams({ format, filter, ...(bom ? { bom: 'true' } : {}) });
  const response = await asked(`${url}/audit/export?${query}`, who);
  const id = response.headers.get('x-request-id') ?? '';
  const archived = response.headers.get('x-audit-archived');
  if (archived) say(`不含已归档的月份 / Without months that are archived: ${archived}`);
  const digest = createHash('sha256');
  const bar = progress('导出 MiB', null);
  let bytes = 0;
  const watched = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      digest.update(chunk);
      bytes += chunk.length;
      bar.update(Math.floor(bytes / MEGABYTE));
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body as ReadableStream), watched, createWriteStream(out))
    .catch((error: Error) => {
      throw new Fault('ZONE_UNAVAILABLE', { detail: `${id}: ${error.message}` });
    })
    .finally(() => bar.end());
  const sha256 = digest.digest('hex');
  say(`${out}: ${bytes} 字节 / bytes, SHA-256 ${sha256}\n导出编号 / export ${id}`);
  const note = await noteOf(`${url}/audit/exports/${id}`, who);
  if (note === null) return say('尚未签名，稍后以导出编号查询 / Not signed yet: ask again by the id of the export');
  if (note.sha256 !== sha256) throw new Fault('ZONE_UNAVAILABLE', { detail: `${id}: what came is not what was signed` });
  writeFileSync(`${out}.note`, note.note);
  say(`${out}.note: ${note.rows} 条 / rows`);
}

async function noteOf(url: string, who: Pick<ExportOptions, 'staff' | 'roles'>): Promise<{ note: string; sha256: string; rows: number } | null> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(1_000)) {
    const response = await asked(url, who);
    const body = (await response.json()) as { state: string; note: string; sha256: string; rows: number };
    if (body.state === 'SIGNED') return body;
  }
  return null;
}

/** @throws Fault ZONE_UNAVAILABLE, BAD_USER_INPUT with what the gateway says */
async function asked(url: string, who: Pick<ExportOptions, 'staff' | 'roles'>): Promise<Response> {
  const authorization = `Bearer ${await sandboxToken(who)}`;
  const response = await fetch(url, { headers: { authorization } }).catch((error: Error) => {
    throw new Fault('ZONE_UNAVAILABLE', { detail: `${url}: ${String((error.cause as Error | undefined)?.message ?? error.message)}` });
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { errors?: { message: string; extensions?: { code?: string } }[] };
  throw new Fault('BAD_USER_INPUT', { detail: `${body.errors?.[0]?.extensions?.code ?? response.status}: ${body.errors?.[0]?.message ?? url}` });
}

const WORDS = {
  GOOD: '与签名一致 / it is what was exported',
  NOT_A_NOTE: '签名文件格式不正确 / the note is not of its form',
  UNKNOWN_KEY: '不是由所给公钥签名 / none of the keys signed the note',
  WRONGLY_SIGNED: '签名不成立：内容被改动或签名系伪造 / the signature does not fit: the note was changed or made up',
  OTHER_FILE: '文件与签名不符：被改动或不是同一文件 / the file was changed, or is another',
};

export async function verifyExported({ file, note = `${file}.note`, keys }: { file: string; note?: string; keys: string }): Promise<void> {
  const verdict = await verifyExport({ file, note, keys }).catch((error: NodeJS.ErrnoException) => {
    throw new Fault('BAD_USER_INPUT', { detail: `${error.path ?? ''} ${error.code ?? error.message}` });
  });
  say(`${verdict.verdict}: ${WORDS[verdict.verdict]}`);
  if (verdict.verdict === 'GOOD') {
    for (const [word, value] of Object.entries({ ...verdict.says, 'signed by': verdict.signedBy })) say(`  ${word} ${value}`);
    return;
  }
  const { verdict: _word, ...facts } = verdict;
  for (const [word, value] of Object.entries(facts)) say(`  ${word} ${String(value)}`);
  process.exitCode = 1;
}
