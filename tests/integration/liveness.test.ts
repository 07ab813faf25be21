/** A log that stands still, or was cut, looks like it: to health, to the watch, and to what signs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { evidenceWords, openEvidenceWatch } from '../../src/audit/evidenceState.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { addEntries } from '../harness/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone?.close());

const count = async (table: string) => (await zone.owner.query<{ count: number }>({ text: `select count(*) from ${table}` }))[0]?.count as number;
const staleAlerts = () =>
  zone.owner.query<{ first: Date; count: number }>({ text: "select first_time as first, count from alert where kind = 'STALE_CHECKPOINT' order by id" });

test('while somebody holds the lock of those who append, no sign of life is given, and health says who it is', async () => {
  const errors: unknown[] = [];
  const log = { error: (what: unknown) => errors.push(what) } as never;
  let ahead = 0;
  const sequencer = openEvidence(zone.config, zone.database, log, () => new Date(Date.now() + ahead));
  await addEntries(zone, 2);
  await sequencer.step();
  const signed = await count('audit_checkpoint');
  ahead = 61_000;
  await zone.database.open('zone_console').withClient(async (client) => {
    await client.query('select pg_advisory_lock_shared(7203160)');
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    try {
      await addEntries(zone, 1);
      expect(await sequencer.step()).toBeNull();
      expect(await count('audit_checkpoint')).toBe(signed);
      expect(JSON.stringify(errors)).toContain(`pid ${rows[0]?.pid} `);
      await zone.owner.query({ text: "update audit_checkpoint set time = time - interval '20 seconds'" });
      const words = evidenceWords(await openEvidenceWatch({ postgres: zone.database.open('zone_gateway') }).read());
      expect(words).toMatchObject({ sequencing: 'late', sequencingWaitsFor: expect.stringContaining(`pid ${rows[0]?.pid} `) });
    } finally {
      await client.query('select pg_advisory_unlock_all()');
    }
  });
  expect(await sequencer.step()).not.toBeNull();
  expect(await count('audit_checkpoint')).toBe(signed + 1);
  await sequencer.close();
}, 60_000);

test('entries that wait are told although checkpoints are young, and entries that say an old time are not', async () => {
  let at = Date.now();
  const watch = openWatch(zone.config, zone.database, undefined, () => new Date(at));
  const sequencer = openEvidence(zone.config, zone.database);
  await sequencer.step();
  await zone.owner.query({
    text: "select append_audit(array[least_audit_id(now())], array[now() - interval '1 day'], array[null], array['{}'], array[sha256('z')])",
  });
  await watch.evaluate();
  at += 100_000;
  await zone.owner.query({ text: 'update audit_checkpoint set time = $1', values: [new Date(at)] });
  await watch.evaluate();
  expect(await staleAlerts()).toEqual([]);
  at += 30_000;
  await zone.owner.query({ text: 'update audit_checkpoint set time = $1', values: [new Date(at)] });
  await watch.evaluate();
  expect(await staleAlerts()).toEqual([{ first: new Date(at - 130_000), count: 130 }]);
  await zone.owner.query({ text: 'update audit_checkpoint set time = now()' });
  await sequencer.step();
  await watch.evaluate();
  expect(await staleAlerts()).toHaveLength(1);
  await sequencer.close();
});

test('a witness that refuses is an alert', async () => {
  await zone.owner.query({
    text: "insert into audit_witness values ('url', 'REFUSED', 3, now(), now(), 'it answers 409') on conflict (name) do update set state = 'REFUSED'",
  });
  const watch = openWatch(zone.config, zone.database);
  await watch.evaluate();
  await watch.evaluate();
  expect(await zone.owner.query({ text: "select subject, count from alert where kind = 'VERIFIER_FINDING'" })).toEqual([
    { subject: '[null,null,null,"url"]', count: 1 },
  ]);
});

test.each([
  ['cut', /it has \d+$/],
  ['cut and grown again beyond', /its beginning is another/],
])('a log that was %s is not signed, until whoever keeps the key decides', async (how, why) => {
  const sequencer = openEvidence(zone.config, zone.database);
  await addEntries(zone, 3);
  await sequencer.step();
  await addEntries(zone, 5);
  await sequencer.step();
  const memory = `${zone.config.auditKeyFile}.signed`;
  const held = readFileSync(memory, 'utf8');
  const signed = await count('audit_checkpoint');
  await zone.owner.query({ text: 'delete from audit_checkpoint where number = (select max(number) from audit_checkpoint)' });
  await zone.owner.query({ text: 'delete from audit_entry where sequence > (select max(last_sequence) from audit_checkpoint)' });
  await addEntries(zone, how === 'cut' ? 1 : 7);
  await expect(sequencer.step()).rejects.toThrow(why);
  expect(await count('audit_checkpoint')).toBe(signed - 1);
  expect(readFileSync(memory, 'utf8')).toBe(held);
  // A file that says nothing is not taken for none.
  writeFileSync(memory, '');
  await expect(sequencer.step()).rejects.toThrow(/does not say/);
  rmSync(memory);
  await sequencer.step();
  expect(await count('audit_checkpoint')).toBe(signed);
  await sequencer.close();
});

test('what is lost between memory and commit is made again', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  await addEntries(zone, 4);
  await zone.owner.query({
    text: `create function lose() returns trigger language plpgsql as $$ begin raise exception 'lost'; end $$;
      create constraint trigger lose after insert on audit_checkpoint deferrable initially deferred for each row execute function lose()`,
  });
  await expect(sequencer.step()).rejects.toThrow('lost');
  await zone.owner.query({ text: 'drop trigger lose on audit_checkpoint; drop function lose()' });
  await addEntries(zone, 2);
  expect(await sequencer.step()).not.toBeNull();
  await sequencer.close();
});
