/**
 * Stories, as files: what was asked (`<name>.graphql`), what came back (`<name>.answer.json`), what remains in the audit
 * log (`<name>.trail.json`). Whoever changes what a client sees changes these files, and a reviewer reads the difference.
 * `UPDATE_JOURNEYS=1` writes them anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCanaries } from '../../src/alerts/canaries.js';
import type { Watch } from '../../src/alerts/watch.js';
import type { Sequencer } from '../../src/audit/sequencer.js';
import { readUscc } from '../../src/terms.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { entriesSince, lastSequence, NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const FOLDER = 'tests/journeys';
const update = process.env.UPDATE_JOURNEYS === '1';
const files = () => readdirSync(FOLDER).filter((name) => !name.endsWith('.ts'));
const names = files()
  .filter((file) => file.endsWith('.graphql'))
  .map((file) => file.slice(0, -'.graphql'.length));

let zone: TestZone;
let gateway: WatchedGateway;
let sequencer: Sequencer;
let watch: Watch;
/** Read in one story only, and by nobody else. */
const CANARY = 57;
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  sequencer = openEvidence(zone.config, zone.database, undefined, () => NOW);
  watch = openWatch(zone.config, zone.database, undefined, () => NOW);
  const canary = readUscc(firm(CANARY));
  if (canary.ok) await openCanaries({ postgres: zone.owner }).add({ uscc: canary.uscc, reason: 'planted' });
});
afterAll(async () => {
  await gateway?.close();
  await watch?.close();
  await sequencer?.close();
  await zone?.close();
});

type Asking = NonNullable<Parameters<WatchedGateway['ask']>[1]>;
interface Story {
  readonly title: string;
  /** The story that is told first; its receipt may be asked about. */
  readonly after: string | undefined;
  /** Whether the log is signed and the watch has looked before it is asked. */
  readonly sealed: boolean;
  readonly who: Pick<Asking, 'institution' | 'staff' | 'enterprise'>;
  readonly variables: string;
  readonly query: string;
}

/**
 * The head of a file tells the story, who asks (`institution: bank-01`, `staff: li.wei AUDITOR`, `enterprise: firm 3`), and
 * the variables, in which `firm 3` stands for the third demo firm's code and `its receipt` for the one of
 * the story that was told first. `# sealed` says that a checkpoint covers what was told before, and that the watch has looked.
 */
function readStory(name: string): Story {
  const query = readFileSync(join(FOLDER, `${name}.graphql`), 'utf8');
  const [, title, after, sealed, kind, caller, variables] =
    /^# (.+)\n(?:# after: (\S+)\n)?(# sealed\n)?# (institution|staff|enterprise): (.+)\n# variables: (.+)\n/.exec(query) ?? [];
  if (!title || !kind || !caller || !variables) throw new Error(`${name}.graphql does not begin with a story, who asks, and variables`);
  return { title, after, sealed: sealed !== undefined, who: whoIs(kind, caller), variables, query };
}

function whoIs(kind: string, caller: string): Story['who'] {
  if (kind === 'institution') return { institution: caller };
  if (kind === 'enterprise') return { enterprise: firm(Number(/^firm (\d+)$/.exec(caller)?.[1])) };
  const [login = '', ...roles] = caller.split(' ');
  return { staff: { login, roles } };
}

function ask({ query, who, variables }: Story, receipt: string | null = null) {
  const filled = variables.replace(/"firm (\d+)(?=\\?")/g, (_all, index) => `"${firm(Number(index))}`).replaceAll('"its receipt"', JSON.stringify(receipt));
  return gateway.ask(query, { ...who, variables: JSON.parse(filled) });
}

const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/"(id|receipt)":"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}"/g, '"$1":"<id>"'],
  [/"time":"[^"]+"/g, '"time":"<time>"'],
  [/"(leafHash|operation|nameHash)":"[0-9a-f]{64}"/g, '"$1":"<hash>"'],
  [/"durationMs":[\d.]+/g, '"durationMs":"<duration>"'],
  [/"receipts":\[[^\]]*\]/g, '"receipts":"<ids>"'],
  // How long the log is depends on what was told before.
  [/"leaf":\d+/g, '"leaf":"<leaf>"'],
  [/"path":\["[0-9a-f]{64}"[^\]]*\]/g, '"path":"<path>"'],
  [/"(document|proof|note)":"(?:[^"\\]|\\.)*"/g, '"$1":"<$1>"'],
  [/"size":\d+/g, '"size":"<size>"'],
  // Where records came from depends on what was asked before.
  [/"sources":\{[^{}]*\}/g, '"sources":"<sources>"'],
];
const settled = (value: unknown): unknown => JSON.parse(VOLATILE.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), JSON.stringify(value)));

function compare(name: string, kind: 'answer' | 'trail', found: unknown): void {
  const file = join(FOLDER, `${name}.${kind}.json`);
  if (update) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}

describe('The journey', () => {
  test.each(names)('%s ends as it is written down', async (name) => {
    const story = readStory(name);
    const before = story.after === undefined ? null : await ask(readStory(story.after));
    if (story.sealed) {
      await sequencer.step();
      await watch.evaluate();
    }
    const sequence = await lastSequence(zone);
    const { status, body } = await ask(story, before?.body.extensions.receipt.id);
    const entries = (await entriesSince(zone, sequence)).map(({ text }) => JSON.parse(text));
    compare(name, 'answer', settled({ status, body }));
    compare(name, 'trail', settled(entries));
    expect(entries.map(({ id }) => id)).toEqual([body.extensions.receipt.id]);
  });

  test('has all its files, and no file is of none', () => {
    const wanted = names.flatMap((name) => [`${name}.graphql`, `${name}.answer.json`, `${name}.trail.json`]);
    expect(files().sort()).toEqual(wanted.sort());
  });
});
