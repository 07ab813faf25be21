/**
 * Races of reads against what takes the item away: a grant revoked, a consent withdrawn or narrowed, an institution
 * suspended, an agreement ended, a term that runs out. Several gateway processes with warm caches, and nothing that tells
 * one of another. What is begun after the acknowledgement must not hold the item.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestZone } from '../harness/zone.js';
import type { Policy } from '../oracle/policy.js';
import { BASE, EVER, FIRMS, INSTITUTIONS, PURPOSES } from './place.js';
import type { Change } from './policies.js';
import { openWorld } from './world.js';

export interface RaceOptions {
  readonly races: number;
  readonly seed: number;
  /** Folder of the compiled project, whose gateways run as processes of their own. */
  readonly compiled: string;
  readonly processes: number;
  readonly progress?: (done: RaceTally) => void;
}
export interface RaceTally {
  races: number;
  /** Begun after the acknowledgement and holding the item: there must be none. */
  late: string[];
  begunAfter: number;
  inFlight: number;
  /** Of those in flight: how many still held the item, and how many of them came in after the acknowledgement. */
  inFlightHolding: number;
  holdingAfterAcknowledgement: number;
  /** The longest that one of these came in after it, in ms. */
  longestDelayMs: number;
  seconds: number;
}

const INSTITUTION = INSTITUTIONS[0].code;
const FIRM = FIRMS[0] as string;
const BOUNDARY = new Date(BASE + 60_000).toISOString();
/** The consent, the grant and the agreement that everything rests on. */
const SOUND: Policy = {
  residence: [{ institution: INSTITUTION, version: 0, active: true }],
  agreements: [{ institution: INSTITUTION, id: 'A', version: 0, ...EVER, purposes: [...PURPOSES], highestGrade: 4, ended: false }],
  grants: [
    { institution: INSTITUTION, institutionKind: null, id: 'G', version: 0, ...EVER, purposes: [...PURPOSES], scope: ['*'], effect: 'CLEAR', revoked: false },
  ],
  settings: [],
  consents: [
    {
      uscc: FIRM,
      id: 'C',
      institution: INSTITUTION,
      revision: 1,
      ...EVER,
      purposes: [...PURPOSES],
      scope: ['*'],
      struck: [],
      personal: 'CLEAR',
      withdrawnAt: null,
    },
  ],
};
const ENDING: Policy = { ...SOUND, grants: SOUND.grants.map((grant) => ({ ...grant, validUntil: BOUNDARY })) };

type Taking = { readonly name: string; readonly policy: Policy; readonly change: Change };
const TAKINGS: readonly Taking[] = [
  { name: 'a grant is revoked', policy: SOUND, change: { change: 'GRANT', index: 0, content: 'REVOKE' } },
  { name: 'a consent is withdrawn', policy: SOUND, change: { change: 'CONSENT', index: 0, narrowing: { withdrawnAt: '2026-01-01T00:00:00.000Z' } } },
  { name: 'a category is struck', policy: SOUND, change: { change: 'CONSENT', index: 0, narrowing: { struck: ['tax.valueAddedTaxReturn'] } } },
  { name: 'an institution is suspended', policy: SOUND, change: { change: 'RESIDENCE', index: 0, active: false } },
  { name: 'an agreement is ended', policy: SOUND, change: { change: 'AGREEMENT', index: 0, content: 'END' } },
  {
    name: 'an item is no longer shared',
    policy: SOUND,
    change: { change: 'SETTING', setting: { item: 'tax.valueAddedTaxReturn.taxableSales', grade: null, sharing: 'NOT_SHARED', inForceFrom: null } },
  },
  { name: 'a term runs out', policy: ENDING, change: { change: 'CLOCK', time: Date.parse(BOUNDARY) } },
];

const QUERY = JSON.stringify({
  query: `{ enterprise(uscc: "${FIRM}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "R-1" }) { tax { valueAddedTaxReturns { taxableSales } } } }`,
});

interface Racer {
  ask(token: string): Promise<{ text: string; status: number; at: number }>;
  turn(time: number): Promise<void>;
  end(): void;
}

export async function runRaces(zone: TestZone, { races, seed, compiled, processes, progress }: RaceOptions): Promise<RaceTally> {
  const world = await openWorld(zone.config, zone.database);
  const issuer = await world.openGateway(null);
  const racers = await Promise.all(Array.from({ length: processes }, () => openRacer(zone, compiled)));
  const secret = world.holding.records.get(`${FIRM} tax.valueAddedTaxReturn`)?.rows.find(({ taxableSales }) => String(taxableSales).length > 9)?.taxableSales;
  if (secret === undefined) throw new Error('the raced item has no value');
  const holds = (text: string) => text.includes(String(secret));
  const random = randomOf(seed);
  const tally: RaceTally = {
    races: 0,
    late: [],
    begunAfter: 0,
    inFlight: 0,
    inFlightHolding: 0,
    holdingAfterAcknowledgement: 0,
    longestDelayMs: 0,
    seconds: 0,
  };
  const startedAt = performance.now();
  let signedAt = Number.NEGATIVE_INFINITY;
  let token = '';
  try {
    for (let round = 0; tally.races < races; round++) {
      if (performance.now() - signedAt > 120_000) {
        token = String(await issuer.issuer?.tokenFor(INSTITUTION));
        signedAt = performance.now();
      }
      const { name, policy, change } = TAKINGS[round % TAKINGS.length] as Taking;
      await Promise.all(racers.map((racer) => racer.turn(BASE)));
      await world.begin(policy, BASE);
      const warm = await Promise.all(racers.map((racer) => racer.ask(token)));
      if (!warm.every(({ text }) => holds(text)))
        throw new Error(`race ${tally.races} does not begin warm: ${warm.map(({ text }) => text.slice(0, 300)).join('\n')}`);

      // Each read against the change is a race; they begin at chance moments around it.
      const under = racers.flatMap((racer) => [0, 1, 2].map(() => sleep(random() * 8).then(() => racer.ask(token))));
      await sleep(random() * 8);
      await world.apply(change);
      if (change.change === 'CLOCK') await Promise.all(racers.map((racer) => racer.turn(change.time)));
      const acknowledged = performance.now();
      for (const { text, status } of await Promise.all(racers.flatMap((racer) => [racer.ask(token), racer.ask(token)]))) {
        tally.begunAfter++;
        if (holds(text) || status !== 200) tally.late.push(`${name}: ${status} ${text.slice(0, 500)}`);
      }
      for (const { text, at } of await Promise.all(under)) {
        tally.inFlight++;
        tally.races++;
        if (!holds(text)) continue;
        tally.inFlightHolding++;
        if (at <= acknowledged) continue;
        tally.holdingAfterAcknowledgement++;
        tally.longestDelayMs = Math.max(tally.longestDelayMs, at - acknowledged);
      }
      tally.seconds = (performance.now() - startedAt) / 1000;
      progress?.(tally);
    }
  } finally {
    for (const racer of racers) racer.end();
    await world.close();
  }
  return tally;
}

async function openRacer(zone: TestZone, compiled: string): Promise<Racer> {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [join(compiled, 'tests/fuzz/racer.js')], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: zone.database.ownerUrl,
      ZONE_HOME: zone.config.zoneHome,
      LOG_LEVEL: 'silent',
      PORT: '0',
      DATABASE_POOL: '4',
      DATABASE_LIMIT_MS: '10000',
    },
  });
  let told = '';
  child.stderr.on('data', (chunk) => (told += chunk));
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  const next = () =>
    new Promise<string>((resolve, reject) => {
      waiting.push(resolve);
      child.once('exit', (code) => reject(new Error(`a gateway ended with ${code}: ${told.slice(-500)}`)));
    });
  child.setMaxListeners(0);
  const address = (await next()).replace('address ', '');
  return {
    ask: (token) => send(address, token),
    async turn(time) {
      const turned = next();
      child.stdin.write(`clock ${new Date(time).toISOString()}\n`);
      await turned;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

function send(address: string, token: string): Promise<{ text: string; status: number; at: number }> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(
      `${address}/graphql`,
      { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ text: Buffer.concat(chunks).toString('utf8'), status: response.statusCode ?? 0, at: performance.now() }));
      },
    );
    sending.on('error', reject);
    sending.end(QUERY);
  });
}

/** mulberry32: the same moments for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
