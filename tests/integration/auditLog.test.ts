/** The audit log on a real database: durable before it answers, in order, together where it can, and never half. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AuditEntry, ENTRY_VERSION } from '../../src/audit/entry.js';
import { type AuditLog, openAuditLog } from '../../src/audit/log.js';
import { Fault } from '../../src/faults.js';
import type { Postgres } from '../../src/postgres.js';
import { openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let postgres: Postgres;
let log: AuditLog;
const LIMIT_MS = 900;

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 0 });
  postgres = zone.database.open('zone_gateway', { poolSize: 2, limitMs: LIMIT_MS });
  log = openAuditLog({ postgres, limitMs: LIMIT_MS });
}, 120_000);
afterAll(() => zone?.close());
beforeEach(async () => {
  await zone.owner.query({ text: 'truncate audit_entry' });
});

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry =>
  ({
    v: ENTRY_VERSION,
    id: randomUUID(),
    time: '2026-11-22T08:00:00.123Z',
    institution: 'bank-01',
    client: 'bank-01-sandbox',
    caseNumber: '案件-1',
    durationMs: 1.5,
    outcome: 'ANSWERED',
    ...changes,
  }) as AuditEntry;
const entries = (count: number) => Array.from({ length: count }, () => entry());
const logged = () =>
  zone.owner.query<{ id: string; time: Date; institution: string | null; entry: string; hash: string }>({
    text: "select id, time, institution, entry, encode(leaf_hash, 'hex') as hash from audit_entry order by sequence",
  });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'APPENDED',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

/** After a silence of the server the log is open again within a second. */
async function appendedSoon(): Promise<void> {
  const deadline = performance.now() + 1_000;
  while ((await codeOf(log.append(entry()))) !== 'APPENDED') {
    if (performance.now() > deadline) throw new Error('the log stays closed');
    await sleep(20);
  }
}

describe('an entry', () => {
  test('is stored as canonical JSON with the leaf hash of RFC 6962, which the receipt repeats', async () => {
    const written = entry({ operator: '张三 "quoted" \u2028', operationName: 'Profile' });
    const { receipt } = await log.append(written);
    const [row] = await logged();
    expect(JSON.parse(row?.entry ?? '')).toEqual(written);
    const keys = Object.keys(JSON.parse(row?.entry ?? ''));
    expect(keys).toEqual([...keys].sort());
    const hash = createHash('sha256')
      .update(Buffer.concat([Buffer.from([0]), Buffer.from(row?.entry ?? '')]))
      .digest('hex');
    expect(row).toMatchObject({ id: written.id, institution: 'bank-01', hash });
    expect(row?.time.toISOString()).toBe(written.time);
    expect(receipt).toEqual({ id: written.id, time: written.time, leafHash: hash });
  });

  test('of a caller that nobody knows has no institution', async () => {
    await log.append(entry({ institution: null, client: null, outcome: 'REFUSED', code: 'TOKEN_MISSING' } as Partial<AuditEntry>));
    expect((await logged()).map(({ institution }) => institution)).toEqual([null]);
  });

  test('is durable when the promise resolves, and not a moment before', async () => {
    // The commit itself takes long: a trigger that the server runs only then.
    await zone.owner.query({ text: 'create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.4); return null; end $$' });
    await zone.owner.query({
      text: 'create constraint trigger linger after insert on audit_entry deferrable initially deferred for each row execute function linger()',
    });
    try {
      const [first, second] = entries(2) as [AuditEntry, AuditEntry];
      let resolved = false;
      const appending = log.append(first).then((appended) => {
        resolved = true;
        return appended;
      });
      const visible = async (id: string) => (await zone.owner.query({ text: 'select from audit_entry where id = $1', values: [id] })).length === 1;
      let waited = 0;
      for (; ; waited++) {
        // Read before the look: the entry may become durable, and the promise resolve, while the look is under way.
        const resolvedBefore = resolved;
        if (await visible(first.id)) break;
        expect(resolvedBefore).toBe(false);
        await sleep(5);
      }
      expect(waited).toBeGreaterThan(10);
      await appending;
      // Another connection sees it at the very moment of resolution.
      expect(await log.append(second).then(() => visible(second.id))).toBe(true);
    } finally {
      await zone.owner.query({ text: 'drop trigger linger on audit_entry' });
      await zone.owner.query({ text: 'drop function linger' });
    }
  });
});

describe('entries that arrive together', () => {
  test('share statements, keep their order, and get a receipt each', async () => {
    const written = entries(200);
    const before = postgres.statements;
    const receipts = await Promise.all(written.map((one) => log.append(one)));
    // The first goes at once and alone; all that came meanwhile share the next.
    expect(postgres.statements - before).toBe(2);
    expect((await logged()).map(({ id }) => id)).toEqual(written.map(({ id }) => id));
    expect(receipts.map(({ receipt }) => receipt.id)).toEqual(written.map(({ id }) => id));
    expect(new Set(receipts.map(({ receipt }) => receipt.leafHash)).size).toBe(200);
  });

  test('of 16 callers in a row take far fewer statements than there are entries', async () => {
    const before = postgres.statements;
    const callers = Array.from({ length: 16 }, async () => {
      for (let round = 0; round < 25; round++) await log.append(entry());
    });
    await Promise.all(callers);
    expect(await logged()).toHaveLength(400);
    expect(postgres.statements - before).toBeLessThan(200);
  });

  test('of one caller in order of asking, of several logs all of them', async () => {
    const logs = [log, openAuditLog({ postgres, limitMs: LIMIT_MS }), openAuditLog({ postgres, limitMs: LIMIT_MS })];
    const written = logs.map(() => entries(60));
    await Promise.all(logs.map((one, index) => Promise.all((written[index] as AuditEntry[]).map((each) => one.append(each)))));
    const ids = (await logged()).map(({ id }) => id);
    expect(ids).toHaveLength(180);
    for (const own of written) {
      const wanted = new Set(own.map(({ id }) => id));
      expect(ids.filter((id) => wanted.has(id))).toEqual(own.map(({ id }) => id));
    }
  });

  test('an entry alone waits for nothing: ten in turn take ten statements', async () => {
    const before = postgres.statements;
    for (const one of entries(10)) await log.append(one);
    expect(postgres.statements - before).toBe(10);
  });
});

describe('when a statement fails', () => {
  afterEach(async () => {
    await zone.owner.query({ text: 'alter table audit_entry drop constraint if exists never' });
    await zone.owner.query({ text: 'grant execute on function append_audit to zone_gateway' });
  });

  test('for one entry, that one is refused; those that shared its statement are appended, in order', async () => {
    const known = entry();
    await log.append(known);
    // The first goes alone, so that the others share one statement, in which the known id comes again.
    const bad = entry({ id: known.id });
    const written = [entry(), ...entries(10), bad, ...entries(10)];
    const codes = await Promise.all(written.map((one) => codeOf(log.append(one))));
    expect(codes).toEqual(written.map((one) => (one === bad ? 'AUDIT_UNAVAILABLE' : 'APPENDED')));
    expect((await logged()).map(({ id }) => id)).toEqual([known.id, ...written.filter((one) => one !== bad).map(({ id }) => id)]);
  });

  test('because the disk is full, all of its entries are refused, none is kept, and no entry is tried by itself', async () => {
    await zone.owner.query({
      text: "create function no_room() returns trigger language plpgsql as $$ begin raise exception 'no space left' using errcode = 'disk_full'; end $$",
    });
    await zone.owner.query({ text: 'create trigger no_room before insert on audit_entry for each statement execute function no_room()' });
    try {
      const before = postgres.statements;
      const codes = await Promise.all(entries(100).map((one) => codeOf(log.append(one))));
      expect(new Set(codes)).toEqual(new Set(['AUDIT_UNAVAILABLE']));
      expect(postgres.statements - before).toBe(2);
      expect([await logged(), log.state]).toEqual([[], 'AWAY']);
    } finally {
      await zone.owner.query({ text: 'drop trigger no_room on audit_entry' });
      await zone.owner.query({ text: 'drop function no_room' });
    }
    await log.append(entry());
    expect([(await logged()).length, log.state]).toEqual([1, 'READY']);
  });

  test.each([
    ['the right to append is taken away', 'revoke execute on function append_audit from zone_gateway'],
    ['a row is not accepted', 'alter table audit_entry add constraint never check (false) not valid'],
  ])('%s: each entry is refused, as long as it lasts', async (_, spoil) => {
    await zone.owner.query({ text: spoil });
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all(entries(5).map((one) => codeOf(log.append(one))))).toEqual(Array(5).fill('AUDIT_UNAVAILABLE'));
    }
    expect(await logged()).toEqual([]);
  });

  test('an entry that waits too long is refused in time, behind others too', async () => {
    const durations: number[] = [];
    await zone.owner.transaction(async (client) => {
      await client.query('lock table audit_entry in exclusive mode');
      const appending = Array.from({ length: 8 }, async (_, place) => {
        await sleep(place * 100);
        const began = performance.now();
        expect(await codeOf(log.append(entry()))).toBe('AUDIT_UNAVAILABLE');
        durations.push(performance.now() - began);
      });
      await Promise.all(appending);
    });
    expect(Math.max(...durations)).toBeLessThan(LIMIT_MS + 300);
    await appendedSoon();
  });

  test('so many may wait and no more: beyond that the log refuses at once', async () => {
    const written = entries(20_600);
    const appending: Promise<string>[] = [];
    await zone.owner.transaction(async (client) => {
      await client.query('lock table audit_entry in exclusive mode');
      for (const one of written) appending.push(codeOf(log.append(one)));
      // Filling the queue takes its time; being refused does not.
      const began = performance.now();
      expect(await codeOf(log.append(entry()))).toBe('AUDIT_UNAVAILABLE');
      expect(performance.now() - began).toBeLessThan(LIMIT_MS / 2);
      expect(new Set(await Promise.all(appending))).toEqual(new Set(['AUDIT_UNAVAILABLE']));
    });
    // What was given up is not written later, but for what was under way just then; the next entry does not wait for it.
    await appendedSoon();
    expect((await logged()).length).toBeLessThan(written.length / 4);
  });
});

describe('the policy epoch that comes back', () => {
  test('is the one of the institution and the one of everybody together, as of the entry', async () => {
    await zone.owner.query({ text: "insert into institution values ('bank-01', '甲', 'A', 'BANK'), ('bank-02', '乙', 'B', 'BANK')" });
    await zone.owner.query({ text: "update policy_epoch set epoch = 10 where institution = '*'" });
    await zone.owner.query({ text: "insert into policy_epoch values ('bank-01', 5)" });
    const seen = async () => {
      const { epochOf } = await log.append(entry());
      return [epochOf('bank-01'), epochOf('bank-02')];
    };
    expect(await seen()).toEqual([15, 10]);
    await zone.owner.query({ text: "update policy_epoch set epoch = 6 where institution = 'bank-01'" });
    expect(await seen()).toEqual([16, 10]);
    await zone.owner.query({ text: "update policy_epoch set epoch = 11 where institution = '*'" });
    expect(await seen()).toEqual([17, 11]);
  });

  test('is not the one of a change that is not committed, and is the one of a change that the entry waited for', async () => {
    const [before] = await zone.owner.query<{ epoch: number }>({ text: "select epoch from policy_epoch where institution = '*'" });
    const epoch = before?.epoch as number;
    let waiting: Promise<number> | null = null;
    await zone.owner.transaction(async (client) => {
      await client.query("update policy_epoch set epoch = epoch + 1 where institution = '*'");
      expect((await log.append(entry())).epochOf('*')).toBe(2 * epoch);
      await client.query('lock table audit_entry in exclusive mode');
      waiting = log.append(entry()).then(({ epochOf }) => epochOf('bank-99'));
      await sleep(200);
    });
    expect(await waiting).toBe(epoch + 1);
  });
});

describe('the role of the gateway', () => {
  test.each([
    ['update', "update audit_entry set entry = '{}'"],
    ['delete', 'delete from audit_entry'],
    ['truncate', 'truncate audit_entry'],
    ['raise the epoch in', "update policy_epoch set epoch = 0 where institution = '*'"],
    ['take from', 'alter table audit_entry disable trigger all'],
  ])('may not %s what the log stands on', async (_, text) => {
    await log.append(entry());
    await expect(postgres.query({ text })).rejects.toMatchObject({ code: '42501' });
    expect(await logged()).toHaveLength(1);
  });
});
