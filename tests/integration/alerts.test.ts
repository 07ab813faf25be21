/** Alerts on a real log: from the answer of a gateway through the sequencer to the feed and the webhook. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import { newRequestId } from '../../src/http/requestId.js';
import { openEvidence, openWatch } from '../../src/zone/evidence.js';
import { entryOf, NOW, openWatchedGateway, type WatchedGateway } from '../harness/watched.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

const OFFICER = { login: 'li.wei', roles: ['GOVERNANCE_OFFICER'] };
const OTHER = { login: 'zhao.min', roles: ['GOVERNANCE_OFFICER'] };
const AUDITOR = { login: 'chen.yu', roles: ['AUDITOR'] };

let zone: TestZone;
let gateway: WatchedGateway;
beforeAll(async () => {
  zone = await openTestZone({ enterprises: 12 });
  gateway = await openWatchedGateway(zone);
}, 120_000);
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const key = () => randomUUID();
const read = (uscc: string, { caseNumber = 'A-1', purpose = 'PRE_LOAN_REVIEW', operator = '王审', institution = 'bank-01' } = {}) =>
  gateway.ask(`query Read($uscc: USCC!, $inquiry: InquiryInput!) { enterprise(uscc: $uscc, inquiry: $inquiry) { registration { basic { industry } } } }`, {
    institution,
    variables: { uscc, inquiry: { purpose, caseNumber, operator } },
  });

/** Puts what is in the log through sequencer and watch, at the gateway's time. */
async function watchAt(time: Date = NOW): Promise<void> {
  const sequencer = openEvidence(zone.config, zone.database, undefined, () => time);
  const watch = openWatch(zone.config, zone.database, undefined, () => time);
  while ((await sequencer.step()) !== null);
  while ((await watch.evaluate())?.more);
}
const FEED = `query Feed($filter: AlertFilterInput) { alerts(filter: $filter, first: 100) { nodes { id kind ruleVersion state count receipts
  subject { institution operator caseNumber topic } text { zh en } figures { name value } thresholds { name value } events { event actor reason } } pageInfo { hasNextPage } } }`;
async function feed(filter: object = {}, staff = OFFICER) {
  const { body } = await gateway.ask(FEED, { staff, variables: { filter } });
  expect(body.errors).toBeUndefined();
  return body.data.alerts.nodes;
}
/** Adds entries as gateways do. */
async function append(entries: readonly Partial<AuditEntry>[]): Promise<void> {
  const whole = entries.map((entry) => ({
    v: 1,
    id: newRequestId(Date.parse(entry.time as string)),
    institution: 'bank-02',
    client: 'bank-02-core',
    durationMs: 1,
    outcome: 'ANSWERED',
    ...entry,
  })) as AuditEntry[];
  const texts = whole.map(canonical);
  await zone.owner.query({
    text: 'select count(*) from append_audit($1, $2, $3, $4, $5)',
    values: [whole.map(({ id }) => id), whole.map(({ time }) => time), whole.map(({ institution }) => institution), texts, texts.map(leafHash)],
  });
}

test('a canary that is read is told, with the receipt, to those who oversee; and only the watch sees which it is', async () => {
  await zone.owner.query({ text: "insert into canary_enterprise (uscc, reason) values ($1, 'test')", values: [firm(3)] });
  const { body } = await read(firm(3));
  await watchAt();
  const [alert] = await feed({ kind: 'CANARY_TOUCHED' }, AUDITOR);
  expect(alert).toMatchObject({ state: 'OPEN', count: 1, receipts: [body.extensions.receipt.id], subject: { institution: 'bank-01', operator: '王审' } });
  expect(JSON.stringify(alert)).not.toContain(firm(3));
  for (const role of ['zone_gateway', 'zone_governance', 'zone_console'] as const) {
    await expect(zone.database.open(role).query({ text: 'select from canary_enterprise' })).rejects.toThrow(/permission denied/);
  }
  const asBank = await gateway.ask('{ alerts { nodes { id } } }');
  expect(asBank.body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
});

test('an alert gathers what comes later, and goes through its states; a look at it is in the log', async () => {
  await read(firm(3));
  await watchAt();
  const [alert] = await feed({ kind: 'CANARY_TOUCHED' });
  expect(alert.count).toBe(2);
  expect(alert.receipts).toHaveLength(2);
  const act = (field: string, idempotencyKey = key(), staff = OFFICER) =>
    gateway.ask(
      `mutation Act($key: String!) { ${field.replace(')', ', idempotencyKey: $key)')} { alert { state events { event actor reason } } userErrors { code } } }`,
      {
        staff,
        variables: { key: idempotencyKey },
      },
    );
  const again = key();
  for (const _ of [1, 2]) expect((await act(`acknowledgeAlert(alert: "${alert.id}")`, again)).body.data.acknowledgeAlert.alert.state).toBe('ACKNOWLEDGED');
  expect((await act(`acknowledgeAlert(alert: "${alert.id}")`)).body.data.acknowledgeAlert.userErrors).toEqual([{ code: 'ALREADY_DECIDED' }]);
  expect((await act(`closeAlert(alert: "${alert.id}", reason: " ")`)).body.data.closeAlert.userErrors).toEqual([{ code: 'EMPTY' }]);
  expect((await act('closeAlert(alert: "none", reason: "x")')).body.data.closeAlert.userErrors).toEqual([{ code: 'UNKNOWN' }]);
  const closed = await act(`closeAlert(alert: "${alert.id}", reason: "a drill")`);
  expect(closed.body.data.closeAlert.alert.events.map(({ event }: { event: string }) => event)).toEqual(['OPENED', 'ACKNOWLEDGED', 'CLOSED']);
  expect((await entryOf(zone, closed.body.extensions.receipt.id)).changes).toMatchObject([
    { mutation: 'closeAlert', detail: { alert: alert.id, reason: 'a drill' } },
  ]);
  // Nothing new: it stays closed. Twice as much as was closed: it is open again.
  await watchAt();
  expect(await feed({ kind: 'CANARY_TOUCHED', state: 'CLOSED' })).toHaveLength(1);
  await read(firm(3));
  await watchAt();
  expect(await feed({ kind: 'CANARY_TOUCHED', state: 'OPEN' })).toHaveLength(0);
  await read(firm(3));
  await watchAt();
  const [open] = await feed({ kind: 'CANARY_TOUCHED', state: 'OPEN' });
  expect(open).toMatchObject({ id: alert.id, count: 4 });
  const look = await gateway.ask('query One($id: String!) { alert(id: $id) { id } }', { staff: AUDITOR, variables: { id: alert.id } });
  expect((await entryOf(zone, look.body.extensions.receipt.id)).lookups).toEqual([{ field: 'alert', filter: { id: alert.id }, returned: 1 }]);
  const asAuditor = await act(`closeAlert(alert: "${alert.id}", reason: "x")`, key(), AUDITOR);
  expect(asAuditor.body.data).toBeUndefined();
});

test('reads without a live case concern those who report cases, and wait for the grace', async () => {
  const report = (caseNumber: string, index: number, state: string, idempotencyKey = key()) =>
    gateway.ask(
      `mutation Report($input: CaseReportInput!, $key: String!) { reportCase(input: $input, idempotencyKey: $key) { report { state revision } userErrors { code field } } }`,
      { variables: { input: { caseNumber, uscc: firm(index), state }, key: idempotencyKey } },
    );
  await read(firm(4), { caseNumber: 'N-1' });
  await watchAt(new Date(NOW.getTime() + 48 * 3_600_000));
  expect(await feed({ kind: 'READS_WITHOUT_LIVE_CASE' })).toEqual([]);
  expect((await report('C-1', 5, 'OPEN')).body.data.reportCase).toEqual({ report: { state: 'OPEN', revision: 1 }, userErrors: [] });
  expect((await report('C-1', 5, 'OPEN')).body.data.reportCase.userErrors).toEqual([{ code: 'NOTHING_CHANGES', field: ['input', 'state'] }]);
  await read(firm(5), { caseNumber: 'C-1', operator: 'covered' });
  await read(firm(6), { caseNumber: 'C-2', operator: 'reported late' });
  await read(firm(7), { caseNumber: 'C-3', operator: 'never reported' });
  await read(firm(10), { caseNumber: 'C-4', operator: 'never reported' });
  await read(firm(11), { caseNumber: 'C-5', operator: 'one is a slip' });
  for (const index of [5, 6]) await read(firm(index), { caseNumber: 'C-1', purpose: 'POST_LOAN_MONITORING', operator: 'no loan yet' });
  await watchAt();
  expect(await feed({ kind: 'READS_WITHOUT_LIVE_CASE' })).toEqual([]);
  expect((await report('C-2', 6, 'OPEN')).body.data.reportCase.report.revision).toBe(1);
  await watchAt(new Date(NOW.getTime() + 25 * 3_600_000));
  const alerts = await feed({ kind: 'READS_WITHOUT_LIVE_CASE' });
  expect(alerts.map(({ subject }: { subject: { operator: string } }) => subject.operator).sort()).toEqual(['never reported', 'no loan yet']);
  expect(alerts.map(({ receipts }: { receipts: string[] }) => receipts.length)).toEqual([2, 2]);
});

test('reads after a decline are told once the grace is over, unless another case is under way', async () => {
  const reports = (index: number, caseNumber: string, ...states: string[]) =>
    Promise.all(
      states.map((state, place) =>
        zone.owner.query({
          text: "insert into case_report (uscc, institution, case_number, revision, state, client, reported_at) values ($1, 'bank-01', $2, $3, $4, 'x', $5)",
          values: [firm(index), caseNumber, place + 1, state, new Date(NOW.getTime() - (72 - place) * 3_600_000)],
        }),
      ),
    );
  await reports(8, 'D-1', 'OPEN', 'DECLINED');
  await reports(9, 'D-2', 'OPEN', 'DECLINED');
  await reports(9, 'D-3', 'OPEN');
  await read(firm(8), { caseNumber: 'D-1' });
  await read(firm(9), { caseNumber: 'D-2' });
  await watchAt();
  const alerts = await feed({ kind: 'READS_AFTER_DECLINE' });
  expect(alerts.map(({ subject }: { subject: { caseNumber: string } }) => subject.caseNumber)).toEqual(['D-1']);
});

test('operators with many enterprises, reads at night, bursts and volumes far above the usual', async () => {
  const codes = Array.from({ length: 400 }, (_, n) => `9111010000000${String(n).padStart(4, '0')}X`);
  const reads = (enterprises: string[], denied = false) => [
    {
      field: 'enterprises',
      enterprises,
      categories: [{ category: 'tax.payment', ...(denied ? { denied: { NO_GRANT: ['amount'] } } : { clear: ['amount'] }) }],
    },
  ];
  const at = (day: number, hour: number, minute = 0) =>
    new Date(Date.parse('2026-11-02T00:00:00+08:00') + ((day * 24 + hour) * 60 + minute) * 60_000).toISOString();
  const entries: Partial<AuditEntry>[] = [];
  // Two weeks of the usual: 40 a day at bank-02 and bank-03, by two people.
  for (let day = 0; day < 14; day++)
    for (const institution of ['bank-02', 'bank-03'] as AuditEntry['institution'][])
      for (const operator of ['a', 'b'])
        entries.push({
          time: at(day, 10),
          institution,
          operator,
          purpose: 'PRE_LOAN_REVIEW',
          caseNumber: 'x',
          reads: reads(codes.slice(0, 20)),
        } as Partial<AuditEntry>);
  const of = (more: object) => ({ purpose: 'PRE_LOAN_REVIEW', caseNumber: 'x', ...more }) as Partial<AuditEntry>;
  entries.push(
    of({ time: at(14, 10), operator: 'a', reads: reads(codes.slice(0, 100)) }),
    of({ time: at(14, 11), operator: 'a', reads: reads(codes.slice(50, 140)) }),
  );
  entries.push(of({ time: at(14, 15), reads: reads(codes.slice(0, 100)) }));
  for (let minute = 0; minute < 10; minute++)
    entries.push(of({ time: at(13, 23, minute), operator: 'owl', reads: reads([codes[minute] as string, codes[minute + 1] as string]) }));
  for (let minute = 0; minute < 9; minute++) entries.push(of({ time: at(14, 12, minute), operator: 'c', reads: reads(codes.slice(0, 4), true) }));
  await append(entries);
  await watchAt(new Date(at(14, 16)));
  const told = await feed({ institution: 'bank-02' });
  const byKind = new Map(told.map((alert: { kind: string }) => [alert.kind, alert]));
  expect([...byKind.keys()].sort()).toEqual(['DENIAL_BURST', 'ONE_OPERATOR_MANY_ENTERPRISES', 'READS_AT_NIGHT', 'UNUSUAL_VOLUME']);
  expect(byKind.get('ONE_OPERATOR_MANY_ENTERPRISES')).toMatchObject({ subject: { operator: 'a', topic: 'LENDING' } });
  const figures = (kind: string) =>
    Object.fromEntries((byKind.get(kind) as { figures: { name: string; value: number }[] }).figures.map(({ name, value }) => [name, value]));
  expect(Math.abs((figures('ONE_OPERATOR_MANY_ENTERPRISES').count as number) - 140)).toBeLessThan(8);
  expect(figures('READS_AT_NIGHT')).toEqual({ count: 20, usual: 0 });
  expect(figures('DENIAL_BURST')).toEqual({ count: 36 });
  expect(figures('UNUSUAL_VOLUME')).toMatchObject({ count: 326, usual: 40 });
  expect(await feed({ institution: 'bank-03' })).toEqual([]);
  // The same again changes nothing: nothing is counted twice.
  await watchAt(new Date(at(14, 17)));
  expect((await feed({ institution: 'bank-02' })).map(({ count }: { count: number }) => count)).toEqual(told.map(({ count }: { count: number }) => count));
});

test('a rule that is loosened is itself told, and another officer closes it; a wrong one is refused', async () => {
  const change = (input: object, staff = OFFICER) =>
    gateway.ask(
      'mutation Change($input: AlertRuleInput!, $key: String!) { changeAlertRule(input: $input, reason: "tuned", idempotencyKey: $key) { rule { version enabled thresholds { name value } } userErrors { code field } } }',
      { staff, variables: { input, key: key() } },
    );
  const errors = async (input: object) => (await change(input)).body.data.changeAlertRule.userErrors.map(({ code }: { code: string }) => code);
  expect(await errors({ kind: 'DENIAL_BURST', thresholds: [{ name: 'probes', value: 0 }] })).toEqual(['OUT_OF_RANGE']);
  expect(await errors({ kind: 'DENIAL_BURST', thresholds: [{ name: 'seconds', value: 9 }] })).toEqual(['UNKNOWN']);
  expect(await errors({ kind: 'DENIAL_BURST', thresholds: [{ name: 'probes', value: 30 }] })).toEqual(['NOTHING_CHANGES']);
  expect(await errors({ kind: 'RULE_LOOSENED', enabled: false })).toEqual(['ALWAYS_ON']);
  expect(await errors({ kind: 'DENIAL_BURST', thresholds: [{ name: 'probes', value: 20 }] })).toEqual([]);
  await watchAt();
  expect(await feed({ kind: 'RULE_LOOSENED' })).toEqual([]);
  const loosened = await change({ kind: 'DENIAL_BURST', enabled: false });
  expect(loosened.body.data.changeAlertRule.rule).toEqual({ version: 3, enabled: false, thresholds: [{ name: 'probes', value: 20 }] });
  await watchAt();
  const [alert] = await feed({ kind: 'RULE_LOOSENED' });
  expect(alert).toMatchObject({ subject: { topic: 'DENIAL_BURST' }, receipts: [loosened.body.extensions.receipt.id] });
  const close = async (staff: typeof OFFICER) =>
    (
      await gateway.ask(
        'mutation Close($id: String!, $key: String!) { closeAlert(alert: $id, reason: "seen", idempotencyKey: $key) { alert { state } userErrors { code } } }',
        {
          staff,
          variables: { id: alert.id, key: key() },
        },
      )
    ).body.data.closeAlert;
  expect((await close(OFFICER)).userErrors).toEqual([{ code: 'OWN_ALERT' }]);
  expect((await close(OTHER)).alert).toEqual({ state: 'CLOSED' });
  const rules = await gateway.ask('{ alertRules(kind: DENIAL_BURST) { version author reason } }', { staff: AUDITOR });
  expect(rules.body.data.alertRules.map(({ version, author }: { version: number; author: string }) => [version, author])).toEqual([
    [3, 'staff:li.wei'],
    [2, 'staff:li.wei'],
    [1, 'zone'],
  ]);
});
