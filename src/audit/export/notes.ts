/**
 * Signs exports when the entry that ended them gets its leaf: the key that signs checkpoints is at hand there, and in no
 * process that serves. The text of the note, each line `word value`:
 * `zone-export/1`, `origin`, `export` (receipt of its beginning), `entry` (of its end), `leaf`, `format`, `rows`, `bytes`,
 * `sha256` (hex), `time`, `archived` (months of the span that were not in the database, or `-`), `filter` (canonical JSON).
 */
import canonicalize from 'canonicalize';
import type { Client } from '../../postgres.js';
import type { LookupEntry } from '../entry.js';
import type { IntegratedEntry, Integration } from '../sequencer.js';
import type { Signer } from '../signer.js';

export const EXPORT_FIELD = 'export';
const NOTE_KIND = 'zone-export/1';
const SIGNED = `
insert into audit_export (export, entry, leaf, rows, bytes, sha256, note, signed_at)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::timestamptz[]) on conflict do nothing`;

interface Whole {
  readonly at: IntegratedEntry;
  readonly lookup: LookupEntry;
  readonly ended: { readonly export: string; readonly bytes: number; readonly sha256: string };
}

export function openExportNotes({ signer, now }: { signer: Signer; now: () => Date }): Integration {
  return {
    async integrate(client: Client, entries) {
      const ended = entries.flatMap(endedIn);
      if (ended.length === 0) return;
      await client.query(SIGNED, [
        ended.map((one) => one.ended.export),
        ended.map(({ at }) => at.id),
        ended.map(({ at }) => at.leaf),
        ended.map(({ lookup }) => lookup.returned),
        ended.map((one) => one.ended.bytes),
        ended.map((one) => Buffer.from(one.ended.sha256, 'hex')),
        ended.map((one) => signer.signText(textOf(one, signer.origin))),
        ended.map(() => now()),
      ]);
    },
  };
}

function endedIn(at: IntegratedEntry): Whole[] {
  return (at.entry.lookups ?? []).flatMap((lookup) => {
    const { field, ended } = lookup;
    if (field !== EXPORT_FIELD || !ended?.sha256 || !/^[0-9a-f]{64}$/.test(ended.sha256) || !/^[0-9a-f-]{36}$/.test(ended.export)) return [];
    const { format, archived = [] } = lookup.filter;
    // Nothing that was not written by an export may put a line into what is signed.
    if (typeof format !== 'string' || !/^\w+$/.test(format)) return [];
    if (!Array.isArray(archived) || !archived.every((month) => /^\d{4}-\d{2}$/.test(String(month)))) return [];
    return [{ at, lookup, ended: { ...ended, sha256: ended.sha256 } }];
  });
}

function textOf({ at, lookup, ended }: Whole, origin: string): string {
  const { format, filter = {}, archived = [] } = lookup.filter as { format?: string; filter?: object; archived?: readonly string[] };
  const lines = [
    `origin ${origin}`,
    `export ${ended.export}`,
    `entry ${at.id}`,
    `leaf ${at.leaf}`,
    `format ${String(format)}`,
    `rows ${lookup.returned}`,
    `bytes ${ended.bytes}`,
    `sha256 ${ended.sha256}`,
    `time ${at.entry.time}`,
    `archived ${archived.join(' ') || '-'}`,
    `filter ${canonicalize(filter)}`,
  ];
  return [NOTE_KIND, ...lines, ''].join('\n');
}
