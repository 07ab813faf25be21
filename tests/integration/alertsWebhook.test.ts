/** The feed to the webhook, with real timers; and what the watch tells of the log itself. */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { waitAfter } from '../../src/alerts/outbox.js';
import { openVerifications } from '../../src/alerts/verifications.js';
import { headersOf } from '../../src/alerts/webhook.js';
import type { Config } from '../../src/config.js';
import { newRequestId } from '../../src/http/requestId.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { firm, openTestZone, type TestGateway, type TestZone } from '../harness/zone.js';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
const SECRET = `whsec_${Buffer.from('a secret of alerts, thirty-two bytes').toString('base64')}`;
let zone: TestZone;
let gateway: TestGateway;
let server: Server;
let config: Config;
let answer: { status: number; headers?: Record<string, string> } = { status: 204 };
let refuses: (body: string) => boolean = () => false;
const received: Received[] = [];
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 5 });
  gateway = await zone.openGateway();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(refuses(body) ? 500 : answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const secretFile = join(zone.config.zoneHome, 'webhook.secret');
  writeFileSync(secretFile, `${SECRET}\n`);
  config = { ...zone.config, alertWebhook: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, secretFile } };
  await zone.owner.query({ text: "insert into canary_enterprise (uscc, reason) values ($1, 'test')", values: [firm(3)] });
}, 120_000);
afterAll(async () => {
  server?.close();
  server?.closeAllConnections();
  await zone?.close();
});

const touch = (operator: string) =>
  gateway.ask(
    `query Read($uscc: USCC!) { enterprise(uscc: $uscc, inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "W", operator: "${operator}" }) { registration { basic { industry } } } }`,
    { variables: { uscc: firm(3) } },
  );
const kindsOf = async () => (await zone.owner.query<{ kind: string }>({ text: 'select kind from alert order by id' })).map(({ kind }) => kind);

test('what an answer gives rise to is at the webhook within sixty seconds, signed', async () => {
  const sequencer = openEvidence(config, zone.database);
  const watch = openWatch(config, zone.database);
  sequencer.start();
  watch.start();
  try {
    const { body } = await touch('timely');
    const began = performance.now();
    while (received.length === 0 && performance.now() - began < 60_000) await sleep(100);
    expect(performance.now() - began).toBeLessThan(60_000);
    const [message] = received as [Received];
    expect(JSON.parse(message.body)).toMatchObject({
      type: 'alert.opened',
      data: { kind: 'CANARY_TOUCHED', subject: { institution: 'bank-01', operator: 'timely' }, receipts: [body.extensions.receipt.id] },
    });
    expect(message.body).not.toContain(firm(3));
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = message.headers;
    const key = Buffer.from(SECRET.slice(6), 'base64');
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${message.body}`).digest('base64')}`);
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
  } finally {
    await watch.close();
    await sequencer.close();
  }
}, 90_000);

test('a message that is not taken is sent again, later and later, by whoever comes next; no redirect is followed', async () => {
  let time = new Date();
  const clock = () => time;
  const sequencer = openEvidence(config, zone.database);
  let watch = openWatch(config, zone.database, undefined, clock);
  await watch.send();
  received.length = 0;
  answer = { status: 302, headers: { location: '/elsewhere' } };
  await touch('late');
  await sequencer.step();
  time = new Date();
  await watch.evaluate();
  expect(await watch.send()).toBe(0);
  expect(await watch.send()).toBe(0);
  expect(received).toHaveLength(1);
  expect(received.map(({ body }) => JSON.parse(body).data.subject.operator)).toEqual(['late']);
  time = new Date(time.getTime() + 6_000);
  answer = { status: 500 };
  expect(await watch.send()).toBe(0);
  expect(received).toHaveLength(2);
  time = new Date(time.getTime() + 6_000);
  await watch.send();
  expect(received).toHaveLength(2);
  // Another process, after a restart.
  watch = openWatch(config, zone.database, undefined, clock);
  answer = { status: 200 };
  time = new Date(time.getTime() + 6_000);
  expect(await watch.send()).toBe(1);
  expect(await watch.send()).toBe(0);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  const [last] = await zone.owner.query<{ attempts: number; outcome: string }>({
    text: 'select attempts, last_outcome as outcome from alert_delivery order by event desc limit 1',
  });
  expect(last).toEqual({ attempts: 3, outcome: '200' });
  expect([0, 1, 2, 30].map(waitAfter)).toEqual([5_000, 10_000, 20_000, 3_600_000]);
});

test('one process sends at a time', async () => {
  await touch('raced');
  await openEvidence(config, zone.database).step();
  const watches = [1, 2, 3].map(() => openWatch(config, zone.database));
  await watches[0]?.evaluate();
  received.length = 0;
  const taken = await Promise.all(watches.map((watch) => watch.send()));
  expect(taken.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(1);
  expect(received).toHaveLength(1);
});

test('many subjects of one kind are told together; the gravest is sent first, and one that is not taken holds up no other', async () => {
  const [sequencer, watch] = [openEvidence(config, zone.database), openWatch(config, zone.database)];
  await watch.send();
  received.length = 0;
  const flood = Array.from({ length: 30 }, (_, n) => `flood ${n}`);
  await Promise.all(flood.map((operator) => touch(operator)));
  await sequencer.step();
  await watch.evaluate();
  const opened = await zone.owner.query<{ subject: string; count: number }>({
    text: `select subject, count from alert where kind = 'CANARY_TOUCHED' and institution = 'bank-01' order by id`,
  });
  // Those of the tests before are of this day, too.
  expect(opened).toHaveLength(21);
  const merged = opened.find(({ subject }) => subject.includes('MANY_SUBJECTS'));
  const own = opened.filter(({ subject }) => subject.includes('flood'));
  expect([own.length > 0, merged?.count]).toEqual([true, 30 - own.length]);

  await openVerifications({ postgres: zone.database.open('owner') }).record({
    startedAt: new Date(),
    finishedAt: new Date(Date.now() - 1_000),
    entries: 5,
    kinds: { EDITED: 1 },
  });
  await watch.evaluate();
  refuses = (body) => JSON.parse(body).data.subject.operator === JSON.parse(own[0]?.subject as string)[1];
  const told = () => received.map(({ body }) => JSON.parse(body).data);
  while ((await watch.send()) !== 0);
  refuses = () => false;
  expect(told()[0].kind).toBe('VERIFIER_FINDING');
  expect(new Set(told().map(({ alert }) => alert)).size).toBe(own.length + 2);
  const waiting = await zone.owner.query<{ attempts: number }>({ text: 'select attempts from alert_delivery where delivered_at is null' });
  expect(waiting).toEqual([{ attempts: 1 }]);
  expect(told().find(({ subject }) => subject.topic === 'MANY_SUBJECTS').text.en).toMatch(/^bank-01 met the rule CANARY_TOUCHED/);
}, 60_000);

test('where nothing is taken, three attempts are enough for a round', async () => {
  const watch = openWatch(config, zone.database);
  while ((await watch.send()) !== 0);
  await zone.owner.query({
    text: "update alert_delivery set delivered_at = null, due = now() where event in (select number from alert_event where event = 'OPENED')",
  });
  received.length = 0;
  refuses = () => true;
  expect(await watch.send()).toBe(0);
  refuses = () => false;
  expect(received).toHaveLength(3);
  await zone.owner.query({ text: 'update alert_delivery set delivered_at = now()' });
});

test('a secret in other words is taken as it is', () => {
  const headers = headersOf({ secret: 'plain words' }, { id: 'm', body: '{}' }, new Date(1_700_000_000_999));
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', 'plain words').update('m.1700000000.{}').digest('base64')}`);
});

test('a checkpoint that grows old is told once, and what a verification found', async () => {
  const late = new Date(Date.now() + 300_000);
  const watch = openWatch(zone.config, zone.database, undefined, () => late);
  await watch.evaluate();
  await watch.evaluate();
  expect((await kindsOf()).filter((kind) => kind === 'STALE_CHECKPOINT')).toHaveLength(1);
  const verifications = openVerifications({ postgres: zone.database.open('owner') });
  const summary = { startedAt: new Date(), finishedAt: new Date(), entries: 5 };
  await verifications.record({ ...summary, kinds: {} });
  await watch.evaluate();
  const [known] = await zone.owner.query<{ count: number }>({ text: "select count from alert where kind = 'VERIFIER_FINDING'" });
  const before = known?.count ?? 0;
  expect(before).toBe(1);
  await verifications.record({ ...summary, finishedAt: new Date(), kinds: { EDITED: 2, MISSING: 1 } });
  await watch.evaluate();
  const [found] = await zone.owner.query<{ count: number }>({ text: "select count from alert where kind = 'VERIFIER_FINDING'" });
  expect((found?.count ?? 0) - before).toBe(3);
});

test('entries that no gateway wrote stop neither the sequencer nor the watch', async () => {
  const time = new Date().toISOString();
  const strange = [
    '{"reads":7}',
    '{"id":"x","time":"never"}',
    JSON.stringify({
      id: newRequestId(),
      time: new Date().toISOString(),
      institution: 'bank-01',
      outcome: 'ANSWERED',
      reads: [{ enterprises: [{}], categories: [] }],
    }),
    JSON.stringify({
      id: newRequestId(),
      v: 1,
      time,
      institution: 'bank-01',
      operator: 'a\u0000\ud800',
      caseNumber: '\u0000',
      purpose: 'PRE_LOAN_REVIEW',
      outcome: 'ANSWERED',
      reads: [{ field: 'enterprise', enterprises: [firm(3)], categories: [] }],
    }),
  ];
  await zone.owner.query({
    text: "insert into case_report (uscc, institution, case_number, revision, state, client, reported_at) values ($1, 'bank-01', 'S', 1, 'OPEN', 'x', now())",
    values: [firm(1)],
  });
  await zone.owner.query({
    text: "select count(*) from append_audit($1, array_fill($3::timestamptz, array[4]), array_fill(null::text, array[4]), $2, array_fill(sha256(''), array[4]))",
    values: [strange.map(() => newRequestId()), strange, time],
  });
  const sequencer = openEvidence(config, zone.database);
  const before = (await zone.owner.query<{ size: number }>({ text: 'select max(size) as size from audit_checkpoint' }))[0]?.size as number;
  expect((await sequencer.step())?.size).toBe(before + 4);
  expect(await openWatch(config, zone.database).evaluate()).toMatchObject({ raised: 1 });
});
