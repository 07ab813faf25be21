/** A log of a few hundred entries over two months, sequenced and signed by the real writer, with a witness beside it. */
import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, canonical, ENTRY_VERSION, leafHash } from '../../src/audit/entry.js';
import type { NoteKey } from '../../src/audit/note.js';
import { openSequencer } from '../../src/audit/sequencer.js';
import { openSigner } from '../../src/audit/signer.js';
import { keepSubjects } from '../../src/audit/subjects.js';
import type { Postgres } from '../../src/postgres.js';
import { parseKeys, type VerifierKey } from '../../src/verify/note.js';
import type { TestZone } from '../harness/zone.js';

export const ORIGIN = 'zone.example/audit';

export interface SealedLog {
  readonly keys: readonly VerifierKey[];
  readonly witnesses: readonly string[];
  /** The key that signed it. */
  readonly key: NoteKey;
  /** Of the same name, and nobody's. */
  readonly otherKey: NoteKey;
  readonly size: number;
}

/** A number in [0, 1), the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An entry as a query of a bank leaves it; its id is of its time. */
export function entryAt(time: Date, random: () => number): { id: string; institution: string; text: string; hash: Buffer; time: string } {
  const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  const moment = time.getTime().toString(16).padStart(12, '0');
  const id = `${moment.slice(0, 8)}-${moment.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
  const institution = `bank-${String(1 + Math.floor(random() * 22)).padStart(2, '0')}`;
  const entry: AuditEntry = {
    v: ENTRY_VERSION,
    id,
    time: time.toISOString(),
    institution,
    client: `${institution}-core`,
    operator: `员工-${hex(4)}`,
    caseNumber: `LN-2026-${hex(6)}`,
    purpose: 'PRE_LOAN_REVIEW',
    operation: hex(64),
    policyVersion: 3,
    decidedAt: time.toISOString(),
    fields: ['enterprise'],
    reads: [
      {
        field: 'enterprise',
        enterprises: [`91110113MA0${hex(7).toUpperCase()}`],
        categories: [
          { category: 'registration.basic', clear: ['registeredCapital', 'establishedOn', 'status'], masked: ['legalRepresentative'] },
          { category: 'tax.arrears', denied: { CONSENT_REQUIRED: ['amount', 'taxPeriodStart'] } },
        ],
      },
    ],
    durationMs: Math.round(random() * 900) / 10,
    outcome: 'ANSWERED',
  };
  const text = canonical(entry);
  return { id, institution, text, hash: leafHash(text), time: time.toISOString() };
}

export async function append(postgres: Postgres, entries: readonly ReturnType<typeof entryAt>[]): Promise<void> {
  await postgres.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [
      entries.map(({ id }) => id),
      entries.map(({ time }) => time),
      entries.map(({ institution }) => institution),
      entries.map(({ text }) => text),
      entries.map(({ hash }) => hash),
    ],
  });
}

/** Fills an empty log; batches half an hour apart, some quiet hours with heartbeats, places with gaps, a few entries not sealed yet. */
export async function sealLog(zone: TestZone, { entries, seed }: { entries: number; seed: number }): Promise<SealedLog> {
  const random = chance(seed);
  const folder = mkdtempSync(join(tmpdir(), 'zone-keys-'));
  const secret = createPrivateKey({ key: pkcs8(createHash('sha256').update(`key ${seed}`).digest()), format: 'der', type: 'pkcs8' });
  const file = join(folder, 'signing.pem');
  writeFileSync(file, secret.export({ format: 'pem', type: 'pkcs8' }));
  const signer = openSigner({ file, origin: ORIGIN });
  const witnesses: string[] = [];
  let now = Date.parse('2026-09-29T20:00:00.000Z');
  const postgres = zone.database.open('zone_sequencer');
  const sequencer = openSequencer({ postgres, signer, integrations: [keepSubjects()], now: () => new Date(now), told: ({ note }) => witnesses.push(note) });
  await zone.owner.query({ text: 'select create_audit_months($1, $2)', values: [new Date(now), new Date(now + 86_400_000 * 7)] });
  let size = 0;
  const add = async (count: number) => {
    const batch = Array.from({ length: count }, () => {
      now += 200 + Math.floor(random() * 3_000);
      return entryAt(new Date(now), random);
    });
    await append(zone.owner, batch);
    if (random() < 0.5) await zone.owner.query({ text: "select nextval('audit_place')" });
    now += 500;
  };
  while (size < entries) {
    const count = Math.min(entries - size, 1 + Math.floor(random() * 40));
    await add(count);
    size += count;
    await sequencer.step();
    // Nothing happens for a while, and the log says so.
    while (random() < 0.2) {
      now += 61_000 + Math.floor(random() * 600_000);
      await sequencer.step();
    }
    now += 1_800_000 + Math.floor(random() * 1_800_000);
  }
  await add(5);
  await sequencer.close();
  rmSync(folder, { recursive: true });
  return {
    keys: parseKeys(signer.verifierKey),
    witnesses,
    key: { name: ORIGIN, secret },
    otherKey: { name: ORIGIN, secret: generateKeyPairSync('ed25519').privateKey },
    size,
  };
}

/** An Ed25519 key in the form that is read, from its 32 bytes. */
function pkcs8(seed: Buffer): Buffer {
  return Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
}
