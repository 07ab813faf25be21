/** Tampering as the owner of the tables is found and called by its name; a log that nobody touched is clean. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FINDING_KINDS } from '../../src/verify/findings.js';
import { openTestZone, type TestZone } from '../harness/zone.js';
import { runCampaign } from './campaign.js';
import { sealLog } from './sealedLog.js';

let zone: TestZone;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
}, 60_000);
afterAll(() => zone.close());

test('75 tamperings are found, 8 clean runs are silent', async () => {
  const log = await sealLog(zone, { entries: 600, seed: 7 });
  const tally = await runCampaign(zone.owner, log, { tamperings: 75, clean: 8, seed: 7 });
  expect(tally.failures).toEqual([]);
  expect(tally).toMatchObject({ clean: 8, falseAlarms: 0 });
  expect(Object.values(tally.tampered).reduce((sum, { done }) => sum + done, 0)).toBe(75);
  // `npm run tamper` meets all kinds; these few meet the most of them.
  const KINDS = ['EDITED', 'MISSING', 'DUPLICATED', 'REORDERED', 'BACKDATED', 'TRUNCATED', 'FORKED', 'WRONGLY_SIGNED', 'INDEX_WRONG'];
  expect(Object.keys(FINDING_KINDS)).toEqual(expect.arrayContaining(KINDS));
  expect(Object.keys(tally.found)).toEqual(expect.arrayContaining(KINDS));
}, 600_000);
