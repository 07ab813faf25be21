/** Keys of the log change while it grows: whoever trusts the old key follows to the new one, and nothing goes back. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.js';
import { demandAuditKey, openAuditKeys, openEvidence } from '../../src/zone/evidence.js';
import { addEntries, readNote } from '../harness/evidence.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone?.close());

const keysFile = () => join(dirname(zone.config.auditKeyFile), 'keys.txt');
const listed = () => readFileSync(keysFile(), 'utf8').split('\n').filter(Boolean);
const published = () =>
  zone.owner.query<{ verifier: string; since: Date; retired: Date | null }>({
    text: 'select verifier, since, retired_at as retired from audit_key order by since',
  });
const notes = async () => (await zone.owner.query<{ note: string }>({ text: 'select note from audit_checkpoint order by number' })).map(({ note }) => note);
const lastSigners = async () => readNote((await notes()).at(-1) as string, listed()).signers;

test('a rotation is followed without a restart: one checkpoint bears both signatures, then the new key signs alone', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  const step = async () => {
    await addEntries(zone, 3);
    return sequencer.step();
  };
  await step();
  const [first] = listed() as [string];
  expect(await lastSigners()).toEqual([first]);
  expect(await published()).toMatchObject([{ verifier: first, retired: null }]);

  const { signing: second, leaving } = openAuditKeys(zone.config).rotate();
  expect(leaving).toBe(first);
  expect(listed()).toEqual([first, second]);
  const both = await step();
  expect(await lastSigners()).toEqual([first, second]);
  expect(await published()).toEqual([
    { verifier: first, since: expect.any(Date), retired: both?.time },
    { verifier: second, since: both?.time, retired: null },
  ]);
  await step();
  expect(await lastSigners()).toEqual([second]);
  await step();
  // The key that left can sign nothing any more.
  expect(existsSync(`${zone.config.auditKeyFile}.leaving`)).toBe(false);
  expect(statSync(zone.config.auditKeyFile).mode & 0o777).toBe(0o600);
  await sequencer.close();
});

test('two rotations before a checkpoint: what never signed does not sign, and the key that did signs once more', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  const [, before] = listed() as [string, string];
  const { signing: passedOver } = openAuditKeys(zone.config).rotate();
  const { signing: third } = openAuditKeys(zone.config).rotate();
  await addEntries(zone, 1);
  await sequencer.step();
  expect(await lastSigners()).toEqual([before, third]);
  expect((await published()).map(({ verifier }) => verifier)).not.toContain(passedOver);
  expect(listed()).toContain(passedOver);
  await sequencer.close();
});

test('a process that still has a retired key signs nothing, and its files can be mended while it runs', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  const elsewhere = join(zone.config.zoneHome, 'elsewhere', 'signing.pem');
  mkdirSync(dirname(elsewhere));
  copyFileSync(zone.config.auditKeyFile, elsewhere);
  const stale = openEvidence({ ...zone.config, auditKeyFile: elsewhere }, zone.database);
  openAuditKeys(zone.config).rotate();
  await addEntries(zone, 1);
  await sequencer.step();
  const count = (await notes()).length;
  await addEntries(zone, 1);
  await expect(stale.step()).rejects.toThrow(/retired/);
  expect((await notes()).length).toBe(count);
  copyFileSync(zone.config.auditKeyFile, elsewhere);
  expect(await stale.step()).not.toBeNull();
  await sequencer.close();
  await stale.close();
});

test('a key that was put in place by hand, or made anew, signs nothing: the one before has not handed over', async () => {
  const sequencer = openEvidence(zone.config, zone.database);
  const other = join(zone.config.zoneHome, 'other', 'signing.pem');
  openAuditKeys({ ...zone.config, auditKeyFile: other });
  const right = readFileSync(zone.config.auditKeyFile);
  const [before, count] = [listed(), (await notes()).length];
  writeFileSync(zone.config.auditKeyFile, readFileSync(other));
  await addEntries(zone, 1);
  await expect(sequencer.step()).rejects.toThrow(/cannot take over/);
  const elsewhere = openEvidence({ ...zone.config, auditKeyFile: join(zone.config.zoneHome, 'fresh', 'signing.pem') }, zone.database);
  await expect(elsewhere.step()).rejects.toThrow(/cannot take over/);
  expect((await notes()).length).toBe(count);
  expect(await published()).toMatchObject([{}, {}, {}, { retired: null }]);
  writeFileSync(zone.config.auditKeyFile, right);
  await sequencer.step();
  await sequencer.close();
  await elsewhere.close();
  expect(listed()).toEqual(before);
  expect(await lastSigners()).toHaveLength(1);
});

test('in production no key is made for a log that is signed already', async () => {
  const missing = { production: true, auditKeyFile: join(zone.config.zoneHome, 'none', 'signing.pem') };
  await expect(demandAuditKey(missing, zone.database)).rejects.toMatchObject({ code: 'CONFIG_FAULTY' });
  await demandAuditKey({ ...missing, auditKeyFile: zone.config.auditKeyFile }, zone.database);
  await demandAuditKey({ ...missing, production: false }, zone.database);
});

test('a home whose key is older than the list of keys gets the list', () => {
  const config = readConfig({ ZONE_HOME: join(zone.config.zoneHome, 'old') });
  const { verifiers } = openAuditKeys(config);
  const made = verifiers();
  rmSync(join(dirname(config.auditKeyFile), 'keys.txt'));
  expect(openAuditKeys(config).verifiers()).toEqual(made);
  expect(made).toHaveLength(1);
});
