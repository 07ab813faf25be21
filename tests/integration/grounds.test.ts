/** Where the evidence comes from: one statement, one snapshot, remembered until the policy is seen to have moved. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Consent } from '../../src/access/evidence.js';
import { type GroundsStore, openGrounds } from '../../src/grounds/grounds.js';
import type { Postgres } from '../../src/postgres.js';
import type { InstitutionId, Uscc } from '../../src/terms.js';
import { firm, openTestZone, type TestZone } from '../harness/zone.js';

let zone: TestZone;
let postgres: Postgres;
let grounds: GroundsStore;

beforeAll(async () => {
  zone = await openTestZone({ enterprises: 12 });
  postgres = zone.database.open('zone_gateway', { poolSize: 4, limitMs: 5_000 });
}, 120_000);
afterAll(() => zone?.close());
beforeEach(() => {
  grounds = openGrounds({ postgres });
});

const BANK = 'bank-01' as InstitutionId;
const OTHER = 'bank-02' as InstitutionId;
const uscc = (index: number) => firm(index) as Uscc;

async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const before = postgres.statements;
  await work();
  return postgres.statements - before;
}
async function epochOf(institution: string): Promise<number> {
  const [row] = (await zone.owner.query<{ epoch: number }>({
    text: "select sum(epoch)::bigint as epoch from policy_epoch where institution in ($1, '*')",
    values: [institution],
  })) as [{ epoch: number }];
  return row.epoch;
}
const raise = (institution: string) => zone.owner.query({ text: 'update policy_epoch set epoch = epoch + 1 where institution = $1', values: [institution] });
const idsOf = (consents: readonly Consent[]) => consents.map(({ id }) => id).sort();

describe('what is gathered', () => {
  test('is the evidence as the database holds it, in one statement', async () => {
    let gathered: Awaited<ReturnType<GroundsStore['of']>> | null = null;
    expect(
      await statementsOf(async () => {
        gathered = await grounds.of(BANK, [uscc(0), uscc(2), uscc(4)]);
      }),
    ).toBe(1);
    const { standing, consentsOf } = gathered as unknown as Awaited<ReturnType<GroundsStore['of']>>;
    expect(standing).toMatchObject({ institution: BANK, active: true, epoch: await epochOf(BANK) });

    const agreements = await zone.owner.query<Record<string, unknown>>({ text: 'select * from agreement where institution = $1', values: [BANK] });
    expect(standing.agreements).toEqual(
      agreements.map((row) => ({
        id: row.id,
        purposes: row.purposes,
        highestGrade: row.highest_grade,
        validFrom: row.valid_from,
        validUntil: row.valid_until,
      })),
    );
    const grants = await zone.owner.query<Record<string, unknown>>({ text: 'select * from access_grant where institution = $1 order by id', values: [BANK] });
    expect(standing.grants).toEqual(
      grants.map((row) => ({
        id: row.id,
        purposes: row.purposes,
        scope: row.scope,
        effect: row.effect,
        validFrom: row.valid_from,
        validUntil: row.valid_until,
      })),
    );
    const [version] = await zone.owner.query<{ version: number }>({ text: 'select max(version) as version from policy_version' });
    expect(standing.policyVersion).toBe(version?.version);

    const [consent] = consentsOf(uscc(0)) as [Consent];
    const [row] = await zone.owner.query<Record<string, unknown>>({ text: 'select * from consent where id = $1 and uscc = $2', values: [consent.id, uscc(0)] });
    expect(consent).toEqual({
      id: row?.id,
      purposes: row?.purposes,
      scope: row?.scope,
      struck: [],
      personal: row?.personal,
      validFrom: row?.valid_from,
      validUntil: row?.valid_until,
      withdrawnAt: null,
    });
    // Whatever their state: what an ended or withdrawn one means is for the rules to say.
    expect(consentsOf(uscc(2)).map(({ withdrawnAt }) => withdrawnAt)).not.toContain(null);
    expect(consentsOf(uscc(4))).toEqual([]);
  });

  test('holds no consent that was given to somebody else, and none of an enterprise that was not named', async () => {
    const mine = await grounds.of(BANK, [uscc(0)]);
    const theirs = await grounds.of(OTHER, [uscc(0)]);
    const rows = await zone.owner.query<{ id: string; institution: string }>({
      text: 'select id, institution from consent where uscc = $1',
      values: [uscc(0)],
    });
    const given = (institution: string) => rows.filter((row) => row.institution === institution).map(({ id }) => id);
    expect(new Set(rows.map(({ institution }) => institution)).size).toBeGreaterThan(2);
    expect(idsOf(mine.consentsOf(uscc(0)))).toEqual(given(BANK).sort());
    expect(idsOf(theirs.consentsOf(uscc(0)))).toEqual(given(OTHER).sort());
    // Firm 1 consented, but nobody asked about it here: fail closed, though the store may know it.
    await grounds.of(BANK, [uscc(1)]);
    expect((await grounds.of(BANK, [uscc(0)])).consentsOf(uscc(1))).toEqual([]);
  });

  test('of a code that is no resident institution is a refusal, which is not remembered', async () => {
    const newcomer = 'bank-99' as InstitutionId;
    for (let round = 0; round < 2; round++) {
      await expect(grounds.of(newcomer, [uscc(0)])).rejects.toMatchObject({ code: 'CALLER_UNKNOWN' });
    }
    await zone.owner.query({ text: "insert into institution values ($1, '新', 'New', 'BANK')", values: [newcomer] });
    await zone.owner.query({ text: 'insert into residence (institution, version, active) values ($1, 0, true)', values: [newcomer] });
    const { standing, consentsOf } = await grounds.of(newcomer, [uscc(0)]);
    expect(standing).toMatchObject({ institution: newcomer, active: true, agreements: [], grants: [] });
    expect(consentsOf(uscc(0))).toEqual([]);
  });
});

describe('what is remembered', () => {
  test('takes no statement: the same enterprises, fewer, or none; one more takes one', async () => {
    await grounds.of(BANK, [uscc(0), uscc(1)]);
    for (const known of [[uscc(0), uscc(1)], [uscc(1)], []]) expect(await statementsOf(() => grounds.of(BANK, known))).toBe(0);
    expect(await statementsOf(() => grounds.of(BANK, [uscc(1), uscc(2)]))).toBe(1);
    expect(await statementsOf(() => grounds.of(BANK, [uscc(0), uscc(1), uscc(2)]))).toBe(0);
    expect(await statementsOf(() => grounds.of(OTHER, [uscc(0)]))).toBe(1);
  });

  test('an enterprise that consented to nothing is remembered too', async () => {
    await grounds.of(BANK, [uscc(4)]);
    expect(await statementsOf(() => grounds.of(BANK, [uscc(4)]))).toBe(0);
  });

  test.each([BANK, '*'])('is used until another epoch of %s is seen, and then gathered anew', async (raised) => {
    const before = await grounds.of(BANK, [uscc(0)]);
    const { epoch } = before.standing;
    expect(grounds.isCurrent(BANK, epoch, epoch)).toBe(true);
    expect(await statementsOf(() => grounds.of(BANK, [uscc(0)]))).toBe(0);

    await raise(raised);
    const seen = await epochOf(BANK);
    expect(seen).toBe(epoch + 1);
    expect(grounds.isCurrent(BANK, epoch, seen)).toBe(false);
    let after = before;
    expect(
      await statementsOf(async () => {
        after = await grounds.of(BANK, [uscc(0)]);
      }),
    ).toBe(1);
    expect(after.standing.epoch).toBe(seen);
    expect(grounds.isCurrent(BANK, after.standing.epoch, seen)).toBe(true);
    // What somebody still holds is as it was: a decision under way is of one policy.
    expect(before.standing.epoch).toBe(epoch);
  });

  test('of one institution stays when another one changes', async () => {
    const { standing } = await grounds.of(BANK, [uscc(0)]);
    await grounds.of(OTHER, [uscc(0)]);
    await raise(OTHER);
    expect(grounds.isCurrent(OTHER, 0, await epochOf(OTHER))).toBe(false);
    expect(grounds.isCurrent(BANK, standing.epoch, await epochOf(BANK))).toBe(true);
    expect(await statementsOf(() => grounds.of(BANK, [uscc(0)]))).toBe(0);
  });

  test('an answer that was on its way when the policy moved on does not come back as the present', async () => {
    const slow = openGrounds({ postgres: delayed(postgres) });
    const early = slow.of(BANK, [uscc(0)]);
    await sleep(50);
    await raise(BANK);
    const late = await slow.of(BANK, [uscc(1)]);
    const old = await early;
    expect(late.standing.epoch).toBe(old.standing.epoch + 1);
    // Both enterprises are now asked about: the old answer about the first one says nothing of this epoch.
    const both = await slow.of(BANK, [uscc(0), uscc(1)]);
    expect(both.standing.epoch).toBe(await epochOf(BANK));
  });
});

/** The first answer arrives late, as over a slow connection: after those that were asked for later. */
function delayed(inner: Postgres): Postgres {
  let first = true;
  return {
    ...inner,
    get statements() {
      return inner.statements;
    },
    async query(statement) {
      const late = first;
      first = false;
      const rows = await inner.query(statement);
      if (late) await sleep(400);
      return rows as never;
    },
  };
}

test('no answer mixes two policies, however fast they follow each other', async () => {
  const firms = [0, 1, 5, 6, 7, 11].map(uscc);
  /** Grant and consents say the same in each policy, and the parity of the epoch says which of the two it is. */
  const turn = (effect: 'CLEAR' | 'MASKED') =>
    zone.owner.transaction(async (client) => {
      await client.query('update access_grant set effect = $1 where institution = $2', [effect, BANK]);
      await client.query('update consent set personal = $1 where institution = $2', [effect, BANK]);
      await client.query('update policy_epoch set epoch = epoch + 1 where institution = $1', [BANK]);
    });
  await turn('CLEAR');
  const parity = (await epochOf(BANK)) % 2;
  let turning = true;
  const writer = (async () => {
    for (let round = 0; turning; round++) {
      await turn(round % 2 === 0 ? 'MASKED' : 'CLEAR');
      await sleep(Math.random() * 4);
    }
  })();
  const seen = new Map<string, number>();
  const mixed: string[] = [];
  const readers = Array.from({ length: 4 }, async () => {
    for (let round = 0; round < 150; round++) {
      const asked = firms.filter(() => Math.random() < 0.5);
      const { standing, consentsOf } = await grounds.of(BANK, asked);
      const effect = standing.epoch % 2 === parity ? 'CLEAR' : 'MASKED';
      const said = [...standing.grants.map((grant) => grant.effect), ...asked.flatMap((one) => consentsOf(one).map(({ personal }) => personal))];
      if (said.some((word) => word !== effect)) mixed.push(`${standing.epoch}: ${said.join(' ')}`);
      seen.set(effect, (seen.get(effect) ?? 0) + 1);
      if (round % 3 === 0) grounds.isCurrent(BANK, standing.epoch, await epochOf(BANK));
    }
  });
  await Promise.all(readers);
  turning = false;
  await writer;
  expect(mixed).toEqual([]);
  expect(Math.min(seen.get('CLEAR') ?? 0, seen.get('MASKED') ?? 0)).toBeGreaterThan(10);
});
