/** The sequencer on a real log: what is committed gets its leaf, in order, once; the root is that of RFC 6962. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openEvidence } from '../../src/zone/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone.close());

const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
/** RFC 6962 as its text says it. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] ?? sha();
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha(Buffer.from([1]), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

async function add(count: number): Promise<void> {
  await zone.owner.query({
    text: `select append_audit(array_agg(least_audit_id(now()) || n), array_agg(now()), array_agg(null::text), array_agg('{}'::text), array_agg(sha256(n::text::bytea)))
      from (select 'x' || $1 || '-' || generate_series(1, $2::int) as n) numbers`,
    values: [Math.random().toString(36), count],
  });
}

test('each step adds what was committed since, and signs the root over all leaves', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  expect(await sequencer.step()).toBeNull();
  let size = 0;
  for (const count of [1, 2, 253, 1, 700, 5, 6000]) {
    await add(count);
    await sequencer.step();
    if (count > 5000) await sequencer.step();
    size += count;
    const leaves = await zone.owner.query<{ hash: Buffer }>({ text: 'select leaf_hash as hash from audit_entry order by sequence' });
    const [last] = await zone.owner.query<{ size: number; root: Buffer; note: string }>({
      text: 'select size, root, note from audit_checkpoint order by number desc limit 1',
    });
    expect(last?.size).toBe(size);
    expect(last?.root.toString('hex')).toBe(rootOf(leaves.map(({ hash }) => hash)).toString('hex'));
    expect(last?.note).toMatch(new RegExp(`^zone.example/audit\n${size}\n`));
  }
  expect(await sequencer.step()).toBeNull();
}, 60_000);
