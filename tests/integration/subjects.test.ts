/** The index over enterprises on a real log, against its definition written down once more and slowly. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import { extractsOf } from '../../src/audit/extract.js';
import { pathOf } from '../../src/audit/subjectMap.js';
import { openEvidence } from '../../src/zone/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone.close());

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const long = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const tag = (value: number) => Buffer.from([value]);
const code = (index: number) => `9111${String(index).padStart(14, '0')}`;

/** The root as its definition says it: every node, to the bottom. */
function rootOver(leaves: readonly { bits: string; bytes: Buffer }[], depth = 0): Buffer {
  if (depth === 64) return sha(tag(5), ...leaves.map(({ bytes }) => bytes));
  if (leaves.length === 0) return emptyAt(depth);
  const side = (bit: string) =>
    rootOver(
      leaves.filter(({ bits }) => bits[depth] === bit),
      depth + 1,
    );
  return sha(tag(6), side('0'), side('1'));
}
const empty: Buffer[] = [];
function emptyAt(depth: number): Buffer {
  return (empty[depth] ??= depth === 64 ? sha(tag(5)) : sha(tag(6), emptyAt(depth + 1), emptyAt(depth + 1)));
}

const START = Date.parse('2026-11-20T00:00:00Z');
let made = 0;
function entryAbout(usccs: readonly string[], more: Partial<AuditEntry> = {}): AuditEntry {
  const number = made++;
  const time = new Date(START + number * 7_000_000 - (number % 3) * 9_000_000);
  return {
    v: 1,
    id: `0199${String(number).padStart(4, '0')}-0000-7000-8000-000000000000`,
    time: time.toISOString(),
    institution: 'bank-01',
    client: 'core "1"',
    purpose: 'LOAN_APPROVAL',
    caseNumber: `C-${number}\n`,
    reads: [{ field: 'enterprises', enterprises: usccs, categories: [{ category: 'registration.basic', clear: ['name'] }] }],
    durationMs: 1,
    outcome: 'ANSWERED',
    ...more,
  } as AuditEntry;
}
async function add(entries: readonly AuditEntry[]): Promise<void> {
  const texts = entries.map(canonical);
  await zone.owner.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [entries.map(({ id }) => id), entries.map(({ time }) => time), entries.map(() => 'bank-01'), texts, texts.map((text) => leafHash(text))],
  });
}

test('each checkpoint carries the root over the chains of all enterprises', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  const chains = new Map<string, { count: number; day: number; head: Buffer }>();
  for (const batch of [
    [[1]],
    [[1], [2, 3]],
    [Array.from({ length: 300 }, (_, index) => index)],
    [
      [7, 7, 7],
      [1, 400],
    ],
    [[]],
  ]) {
    const entries = batch.map((numbers) => entryAbout(numbers.map(code)));
    await add(entries);
    await sequencer.step();
    for (const entry of entries) {
      for (const uscc of new Set(entry.reads?.[0]?.enterprises)) {
        const [item] = await zone.owner.query<{ extractHash: Buffer; head: Buffer; ordinal: number }>({
          text: `select extract_hash as "extractHash", head, ordinal from audit_subject_item
                 where uscc = $1 and place = (select sequence from audit_entry where id = $2)`,
          values: [uscc, entry.id],
        });
        const [extract, ...others] = extractsOf(entry, leafHash(canonical(entry)), uscc);
        expect([extract?.uscc, others]).toEqual([uscc, []]);
        const known = chains.get(uscc) ?? { count: 0, day: 0, head: Buffer.alloc(32) };
        const time = Date.parse(entry.time);
        const digest = sha(tag(4), long(time), item?.extractHash as Buffer);
        expect(item?.extractHash).toEqual(sha(Buffer.from(extract?.text as string)));
        const day = Math.max(known.day, Math.floor(time / 86_400_000));
        const head = sha(tag(3), known.head, long(day), digest);
        expect([item?.ordinal, item?.head.toString('hex')]).toEqual([known.count + 1, head.toString('hex')]);
        chains.set(uscc, { count: known.count + 1, day, head });
      }
    }
    const leaves = [...chains].map(([uscc, { count, head }]) => {
      const key = sha(Buffer.from(uscc));
      return {
        bits: BigInt(`0x${key.toString('hex').slice(0, 16)}`)
          .toString(2)
          .padStart(64, '0'),
        bytes: Buffer.concat([key, long(count), head]),
      };
    });
    const [last] = await zone.owner.query<{ note: string }>({ text: 'select note from audit_checkpoint order by number desc limit 1' });
    expect(last?.note).toContain(`\nenterprises ${chains.size} ${rootOver(leaves).toString('base64')}\n`);
    for (const index of [1, 7, 299, 400, 9_999]) {
      const uscc = code(index);
      const chain = chains.get(uscc);
      const key = sha(Buffer.from(uscc));
      const bits = BigInt(`0x${key.toString('hex').slice(0, 16)}`)
        .toString(2)
        .padStart(64, '0');
      const { siblings, beside } = await pathOf((statement) => zone.owner.query(statement), uscc);
      expect([siblings.length, beside]).toEqual([64, []]);
      let reached = sha(tag(5), ...(chain ? [key, long(chain.count), chain.head] : []));
      for (const [height, sibling] of siblings.entries()) {
        reached = bits[63 - height] === '0' ? sha(tag(6), reached, sibling) : sha(tag(6), sibling, reached);
      }
      expect(reached.toString('hex')).toBe(rootOver(leaves).toString('hex'));
    }
  }
}, 60_000);
