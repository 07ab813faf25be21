/** A small month with planted abuse through the real sequencer and rules: what is plain is found, and little is raised for nothing. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openCanaries } from '../../src/alerts/canaries.js';
import { watchEntries } from '../../src/alerts/watchEntries.js';
import { canonical, leafHash } from '../../src/audit/entry.js';
import { openSequencer } from '../../src/audit/sequencer.js';
import { openSigner } from '../../src/audit/signer.js';
import { newRequestId } from '../../src/http/requestId.js';
import type { Uscc } from '../../src/terms.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
// biome-ignore lint/suspicious/noTsIgnore: the bench is JavaScript
// @ts-ignore
import { monthOf } from '../bench/month.mjs';
// @ts-expect-error
import { figuresOf, runMonth } from '../bench/monthRun.mjs';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 120 });
}, 60_000);
afterAll(() => zone?.close());

test('the synthetic zone holds canaries, and its owner adds more', async () => {
  const canaries = openCanaries({ postgres: zone.owner });
  expect((await canaries.list()).map(({ uscc }) => uscc)).toEqual([firm(117)]);
  expect(await canaries.add({ uscc: firm(118) as Uscc, reason: 'planted' })).toBe(true);
  expect(await canaries.add({ uscc: firm(118) as Uscc, reason: 'again' })).toBe(false);
  expect(await canaries.add({ uscc: firm(500) as Uscc, reason: 'not in the zone' })).toBe(false);
  expect(await canaries.list()).toHaveLength(2);
});

test('a fortnight of six institutions', async () => {
  const month = monthOf({ seed: 3, institutions: 6, days: 14, planted: 1 });
  const parts = {
    owner: zone.owner,
    canonical,
    leafHash,
    newRequestId,
    sequencerAt: (clock: () => Date) => openEvidence(zone.config, zone.database, undefined, clock),
    watchAt: (clock: () => Date) => openWatch(zone.config, zone.database, undefined, clock),
  };
  const run = await runMonth(parts, month, { tickMs: 3 * 3_600_000 });
  expect(run.entries).toBeGreaterThan(3_000);
  const plain = run.found.filter(({ intensity }: { intensity: string }) => intensity !== 'faint');
  const missed = plain
    .filter(({ own }: { own: number | null }) => own === null)
    .map(({ kind, intensity }: { kind: string; intensity: string }) => `${kind} ${intensity}`);
  // A tick of three hours meets an outage of twenty minutes by chance only.
  expect(missed.filter((one: string) => one !== 'STALE_CHECKPOINT plain')).toEqual([]);
  const all = figuresOf(run).at(-1);
  expect(all.precision).toBeGreaterThan(0.6);
}, 240_000);

test('a step that fails after it counted leaves nothing, and the next counts once', async () => {
  let fails = true;
  const failing = {
    async integrate() {
      if (fails) throw new Error('no disk');
    },
  };
  const signer = openSigner({ file: zone.config.auditKeyFile, origin: zone.config.auditOrigin });
  const sequencer = openSequencer({ postgres: zone.database.open('zone_sequencer'), signer, integrations: [watchEntries(), failing], now: () => new Date() });
  const id = newRequestId();
  const entry = {
    v: 1,
    id,
    time: new Date().toISOString(),
    institution: 'crash-01',
    client: 'x',
    durationMs: 1,
    outcome: 'REFUSED',
    code: 'INVALID_USCC',
  } as const;
  const text = canonical(entry as never);
  await zone.owner.query({
    text: 'select count(*) from append_audit($1, $2, $3, $4, $5)',
    values: [[id], [entry.time], [entry.institution], [text], [leafHash(text)]],
  });
  const counted = async () =>
    (
      await zone.owner.query<{ count: number }>({ text: "select coalesce(sum(count), 0)::bigint as count from alert_counter where subject like '%crash-01%'" })
    )[0]?.count;
  await expect(sequencer.step()).rejects.toThrow('no disk');
  expect(await counted()).toBe(0);
  fails = false;
  await sequencer.step();
  await sequencer.step();
  expect(await counted()).toBe(1);
});
