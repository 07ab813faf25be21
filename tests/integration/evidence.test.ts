/** What remains of a request: the audit log, which nobody who serves can change, and which holds no value of any item. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEntry, ReadEntry } from '../../src/audit/entry.js';
import type { Postgres, Role } from '../../src/postgres.js';
import { entriesSince, entryOf, lastSequence, openWatchedGateway, payloadOf, type WatchedGateway } from '../harness/watched.js';
import { type Answered, firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let gateway: WatchedGateway;
const roles = new Map<Role, Postgres>();
beforeAll(async () => {
  zone = await openTestZone();
  gateway = await openWatchedGateway(zone);
  for (const role of ['zone_gateway', 'zone_delivery', 'zone_console', 'zone_sequencer'] as const) roles.set(role, zone.database.open(role));
  await gateway.ask('{ catalogue { version } }');
});
afterAll(async () => {
  await gateway?.close();
  await zone?.close();
});

const INQUIRY = 'inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "T-1", operator: "tester" }';
const UNKNOWN = '91350100M000100Y43';
const as = (role: Role) => roles.get(role) as Postgres;
const INSERT_ENTRY =
  "insert into audit_entry (id, time, institution, entry, leaf_hash) values (gen_random_uuid()::text, now(), null, '{}', decode(repeat('00', 32), 'hex'))";

describe('The roles of the database repeat the law', () => {
  test.each<[Role, string]>([
    ['zone_gateway', "update audit_entry set entry = '{}'"],
    ['zone_gateway', "update audit_entry set time = now() where institution = 'bank-01'"],
    ['zone_gateway', 'delete from audit_entry'],
    ['zone_gateway', 'truncate audit_entry'],
    ['zone_gateway', 'alter table audit_entry add column forged text'],
    ['zone_gateway', 'drop table audit_entry'],
    ['zone_gateway', 'create trigger forged before insert on audit_entry for each row execute function suppress_redundant_updates_trigger()'],
    ['zone_gateway', INSERT_ENTRY],
    ['zone_gateway', `insert into audit_entry (sequence, id, time, entry, leaf_hash) values (1, 'x', now(), '{}', '')`],
    ['zone_gateway', "select nextval('audit_place')"],
    ['zone_gateway', "select append_audit_within('x', now(), null, '{}', decode(repeat('00', 32), 'hex'))"],
    ['zone_gateway', 'select create_audit_months(now(), now())'],
    ['zone_gateway', "update audit_tile set hashes = ''"],
    ['zone_gateway', 'delete from audit_block'],
    ['zone_gateway', "insert into audit_checkpoint (size, time, last_sequence, root, note) values (1, now(), 1, '', '')"],
    ['zone_gateway', "update audit_key set verifier = ''"],
    ['zone_sequencer', INSERT_ENTRY],
    ['zone_sequencer', "update audit_entry set entry = '{}'"],
    ['zone_sequencer', 'delete from audit_entry'],
    ['zone_sequencer', "update audit_checkpoint set note = ''"],
    ['zone_sequencer', 'delete from audit_checkpoint'],
    ['zone_sequencer', 'delete from audit_tile'],
    ['zone_sequencer', 'select * from record'],
    ['zone_sequencer', 'select * from consent'],
    ['zone_gateway', "insert into record (uscc, category, payload, data_time, received_at, delivery, version) values ('x', 1, '{}', now(), now(), 1, 1)"],
    ['zone_gateway', "update record set payload = '{}'"],
    ['zone_gateway', 'delete from record'],
    ['zone_gateway', 'truncate record'],
    ['zone_gateway', "update enterprise set name = 'x'"],
    ['zone_gateway', 'update category set generation = generation + 1'],
    ['zone_gateway', 'update residence set active = true'],
    ['zone_gateway', "update access_grant set effect = 'CLEAR'"],
    ['zone_gateway', 'update consent set withdrawn_at = null'],
    ['zone_gateway', 'update policy_epoch set epoch = 0'],
    ['zone_gateway', 'update agreement set highest_grade = 4'],
    ['zone_gateway', 'select value from quarantine'],
    ['zone_gateway', 'create table public.copied as select * from record'],
    ['zone_delivery', 'select * from institution'],
    ['zone_delivery', 'select * from agreement'],
    ['zone_delivery', 'select * from access_grant'],
    ['zone_delivery', 'select * from consent'],
    ['zone_delivery', 'select * from policy_version'],
    ['zone_delivery', 'select * from policy_epoch'],
    ['zone_delivery', 'select * from audit_entry'],
    ['zone_delivery', INSERT_ENTRY],
    ['zone_delivery', 'delete from audit_entry'],
    ['zone_delivery', 'delete from record'],
    ['zone_delivery', 'update delivery set changed = 0'],
    ['zone_delivery', 'delete from quarantine'],
    ['zone_console', 'select * from record'],
    ['zone_console', 'select payload from record limit 1'],
    ['zone_console', 'select count(*) from record'],
    ['zone_console', 'select value from quarantine'],
    ['zone_console', "copy record to program 'cat'"],
    ['zone_console', INSERT_ENTRY],
    ['zone_console', 'update audit_entry set institution = null'],
    ['zone_console', 'delete from audit_entry'],
  ])('%s may not: %s', async (role, text) => {
    const refused = await as(role)
      .query({ text })
      .then(
        () => 'allowed',
        (error: { code?: string }) => error.code,
      );

    // Insufficient privilege.
    expect(refused).toBe('42501');
  });

  test.each<Role>(['zone_gateway', 'zone_delivery', 'zone_console', 'zone_sequencer'])('%s cannot become another role', async (role) => {
    const [owner] = await zone.owner.query<{ name: string }>({ text: "select tableowner as name from pg_tables where tablename = 'audit_entry'" });
    for (const other of [
      String(owner?.name),
      ...(['zone_gateway', 'zone_delivery', 'zone_console', 'zone_sequencer'] as Role[]).filter((name) => name !== role),
    ]) {
      await expect(as(role).query({ text: `set role "${other}"` })).rejects.toMatchObject({ code: '42501' });
    }
    await as(role).query({ text: 'reset role' });
    const [session] = await as(role).query<{ name: string; mighty: boolean }>({
      text: 'select current_user as name, (select rolsuper or rolcreaterole or rolbypassrls from pg_roles where rolname = session_user) as mighty',
    });
    expect([session?.name, session?.mighty]).toEqual([expect.not.stringMatching(String(owner?.name)), false]);
  });

  test.each<[Role, string]>([
    ['zone_gateway', 'select payload from record limit 1'],
    ['zone_gateway', 'select entry from audit_entry limit 1'],
    ['zone_sequencer', 'select entry from audit_entry limit 1'],
    ['zone_delivery', 'select payload from record limit 1'],
    ['zone_delivery', 'select id from delivery limit 1'],
    ['zone_console', 'select entry from audit_entry limit 1'],
    ['zone_console', 'select id from consent limit 1'],
  ])('%s may: %s', async (role, text) => {
    expect(await as(role).query({ text })).toHaveLength(1);
  });
});

const asked = (entry: AuditEntry): ReadEntry => {
  expect(entry.reads).toHaveLength(1);
  return entry.reads?.[0] as ReadEntry;
};
const entryFor = ({ body }: Answered) => entryOf(zone, body.extensions.receipt.id);
const consentsOf = async (uscc: string, institution = 'bank-01') =>
  (
    await zone.owner.query<{ id: string }>({
      text: "select id from consent where uscc = $1 and institution = $2 and withdrawn_at is null and valid_from <= '2026-11-22' and valid_until > '2026-11-22' order by id",
      values: [uscc, institution],
    })
  ).map(({ id }) => id);

describe('An entry', () => {
  const DOCUMENT = `query Profile($uscc: USCC!) { enterprise(uscc: $uscc, ${INQUIRY}) { registration { basic { industry legalRepresentative legalRepresentativeIdNumber contactPhone } } tax { valueAddedTaxReturns { taxPayable filer } } } }`;
  const profile = (index: number, institution = 'bank-01') => gateway.ask(DOCUMENT, { institution, variables: { uscc: firm(index) } });

  test('says who asked what of whom, for what, when, under which policy, by which document', async () => {
    const answered = await profile(1);
    const entry = await entryFor(answered);
    const [policy] = await zone.owner.query<{ version: number }>({ text: 'select max(version) as version from policy_version' });
    expect(entry).toMatchObject({
      v: 1,
      id: answered.body.extensions.receipt.id,
      time: answered.body.extensions.receipt.time,
      institution: 'bank-01',
      client: 'bank-01-sandbox',
      operator: 'tester',
      caseNumber: 'T-1',
      purpose: 'PRE_LOAN_REVIEW',
      operation: createHash('sha256').update(DOCUMENT).digest('hex'),
      operationName: 'Profile',
      policyVersion: policy?.version,
      fields: ['enterprise'],
      outcome: 'ANSWERED',
    });
    expect(entry.durationMs).toBeGreaterThan(0);
    expect(asked(entry).enterprises).toEqual([firm(1)]);
    expect(answered.body.extensions.access.policyVersion).toBe(policy?.version);
  });

  test('has the leaf hash of RFC 6962 over its stored bytes, which the receipt repeats', async () => {
    const { body } = await profile(1);
    const [row] = await zone.owner.query<{ entry: string; hash: string; institution: string }>({
      text: "select entry, encode(leaf_hash, 'hex') as hash, institution from audit_entry where id = $1",
      values: [body.extensions.receipt.id],
    });
    const leaf = createHash('sha256')
      .update(Buffer.concat([Buffer.from([0]), Buffer.from(String(row?.entry))]))
      .digest('hex');
    expect([row?.hash, body.extensions.receipt.leafHash, row?.institution]).toEqual([leaf, leaf, 'bank-01']);
  });

  test('of clear items names them and the consent they rest on', async () => {
    const read = asked(await entryFor(await profile(11)));
    expect(read.categories).toEqual([
      { category: 'registration.basic', clear: ['industry', 'legalRepresentative', 'contactPhone'], masked: ['legalRepresentativeIdNumber'] },
      { category: 'tax.valueAddedTaxReturn', clear: ['taxPayable', 'filer'] },
    ]);
    expect(read.consents?.map(({ id, enterprise }) => [id, enterprise])).toEqual((await consentsOf(firm(11))).map((id) => [id, 0]));
  });

  test('of masked items names them', async () => {
    expect(asked(await entryFor(await profile(1))).categories).toEqual([
      { category: 'registration.basic', clear: ['industry'], masked: ['legalRepresentative', 'legalRepresentativeIdNumber', 'contactPhone'] },
      { category: 'tax.valueAddedTaxReturn', clear: ['taxPayable'], masked: ['filer'] },
    ]);
  });

  test.each([
    [2, 'CONSENT_WITHDRAWN'],
    [3, 'CONSENT_EXPIRED'],
    [4, 'CONSENT_REQUIRED'],
  ])('of denied items names them with the reason: firm %i, %s', async (index, reason) => {
    const read = asked(await entryFor(await profile(index)));
    expect(read.categories).toEqual([
      {
        category: 'registration.basic',
        clear: ['industry'],
        masked: ['legalRepresentative'],
        denied: { [reason]: ['legalRepresentativeIdNumber', 'contactPhone'] },
      },
      { category: 'tax.valueAddedTaxReturn', denied: { [reason]: ['taxPayable', 'filer'] } },
    ]);
    expect(read).not.toHaveProperty('consents');
  });

  test('of a batch tells which enterprises fared how, which are unknown, and how many codes were bad', async () => {
    const usccs = [firm(11), firm(4), 'garbage', UNKNOWN, firm(2), firm(11), firm(12)];
    const answered = await gateway.ask(
      `query ($usccs: [USCC!]!) { enterprises(usccs: $usccs, ${INQUIRY}) { ... on Enterprise { tax { valueAddedTaxReturns { taxPayable } } registration { basic { industry } } } } }`,
      { variables: { usccs } },
    );
    const entry = await entryFor(answered);
    const read = asked(entry);
    expect(read).toMatchObject({ field: 'enterprises', enterprises: [firm(11), firm(4), UNKNOWN, firm(2), firm(12)], invalid: 1, unknown: [2] });
    expect(JSON.stringify(entry)).not.toContain('garbage');
    const outcomes = (category: string) =>
      read.categories
        .filter((outcome) => outcome.category === category)
        .flatMap(({ enterprises = [0, 1, 2, 3, 4], clear, denied }) =>
          enterprises.map((position) => [position, clear ? 'CLEAR' : Object.keys(denied ?? {})[0]]),
        );
    expect(outcomes('tax.valueAddedTaxReturn').sort()).toEqual([
      [0, 'CLEAR'],
      [1, 'CONSENT_REQUIRED'],
      [2, 'CONSENT_REQUIRED'],
      [3, 'CONSENT_WITHDRAWN'],
      [4, 'CLEAR'],
    ]);
    expect(outcomes('registration.basic').sort()).toEqual([0, 1, 2, 3, 4].map((position) => [position, 'CLEAR']));
    const used = (read.consents ?? []).map(({ id, enterprise }) => `${enterprise} ${id}`).sort();
    const live = [...(await consentsOf(firm(11))).map((id) => `0 ${id}`), ...(await consentsOf(firm(12))).map((id) => `4 ${id}`)];
    expect(used).toEqual(live.sort());
  });

  test('of the catalogue, of access and of searches says what was asked', async () => {
    const { body } = await gateway.ask(
      `{ catalogue { version } myAccess(purpose: PRE_LOAN_REVIEW, category: "registration.basic", uscc: "${firm(0)}") { item } searchEnterprises(name: "北京", first: 1) { nodes { uscc } } }`,
    );
    const entry = await entryOf(zone, body.extensions.receipt.id);
    expect(entry).toMatchObject({ outcome: 'ANSWERED', fields: ['catalogue', 'myAccess', 'searchEnterprises'] });
    expect(entry).not.toHaveProperty('reads');
    expect(JSON.stringify(entry)).toContain(firm(0));
  });

  test.each<[string, string, string, number, object]>([
    ['a document that does not parse', '{', 'GRAPHQL_PARSE_FAILED', 400, {}],
    ['a document that does not fit', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED', 400, {}],
    ['a bad code', `{ enterprise(uscc: "123", ${INQUIRY}) { uscc } }`, 'INVALID_USCC', 400, {}],
    ['a bad case', `{ enterprise(uscc: "${UNKNOWN}", inquiry: { purpose: PRE_LOAN_REVIEW, caseNumber: "" }) { uscc } }`, 'INVALID_INQUIRY', 400, {}],
  ])('of a refusal keeps its code: %s', async (_what, query, code, status) => {
    const sequence = await lastSequence(zone);
    const answered = await gateway.ask(query);
    expect(answered.status).toBe(status);
    const entries = await entriesSince(zone, sequence);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ outcome: 'REFUSED', code, institution: 'bank-01', operation: createHash('sha256').update(query).digest('hex') });
    expect(entries[0]?.id).toBe(answered.body.extensions.receipt.id);
  });

  test('stands for each request, one for each, however many come at once', async () => {
    const sequence = await lastSequence(zone);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        index % 4 === 0
          ? gateway.ask('{ nothing }')
          : gateway.ask(`{ enterprise(uscc: "${firm(index % 10)}", ${INQUIRY}) { registration { basic { industry } } } }`),
      ),
    );
    const entries = await entriesSince(zone, sequence);
    const ids = answers.map(({ body }) => body.extensions.receipt.id);
    expect(entries).toHaveLength(40);
    expect(new Set(entries.map(({ id }) => id))).toEqual(new Set(ids));
    expect(entries.filter(({ outcome }) => outcome === 'REFUSED')).toHaveLength(10);
  });
});

describe('No value of any item', () => {
  /** What stands in an entry but comes from no record: ids, times, hashes, and the codes of the enterprises that were asked. */
  function rest(entry: AuditEntry): string {
    const { id, time, operation, durationMs, reads = [], ...others } = entry;
    return JSON.stringify({ ...others, reads: reads.map(({ enterprises, ...read }) => ({ ...read, many: enterprises.length })) });
  }

  test.each(['bank-01', 'bank-22'])('stands in the entry of a full profile for %s, or in the log', async (institution) => {
    const usccs = [0, 1, 12, 14].map(firm);
    const selection = zone.catalogue.categories.map(
      ({ domain, field, items }) => `...{ ${domain} { ${field} { ${items.map(({ name }) => name).join(' ')} } } }`,
    );
    const query = `query ($uscc: USCC!) { enterprise(uscc: $uscc, ${INQUIRY}) { name ${selection.join(' ')} } }`;
    const found = new Set<string>();
    let compared = 0;
    for (const uscc of usccs) {
      const answered = await gateway.ask(query, { institution, variables: { uscc } });
      expect(answered.status).toBe(200);
      const entry = rest(await entryFor(answered));
      const logged = gateway.logged();
      for (const { code } of zone.catalogue.categories) {
        for (const row of (await payloadOf(zone, uscc, code)) ?? []) {
          for (const [name, value] of Object.entries(row)) {
            // A code of a list or a USCC may stand there for other reasons, and short words by accident.
            if (typeof value !== 'string' || value.length <= 5 || value === uscc) continue;
            compared++;
            if (entry.includes(value) || logged.includes(value)) found.add(`${code}.${name}: ${value}`);
          }
        }
      }
    }
    expect([...found]).toEqual([]);
    expect(compared).toBeGreaterThan(1_000);
  });
});
