/** Statements as chance makes them: true ones hold, and whatever is done to one is found. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import { extractsOf } from '../../src/audit/extract.js';
import { checkpointText, type NoteKey, signNote, verifierKeyOf } from '../../src/audit/note.js';
import { type ItemRow, type ProofItem, proofText, startOf } from '../../src/audit/statementProof.js';
import { type Chain, dayOf, digestOf, extractHashOf, keyOf, linked, NO_CHAIN, pathBelow, type SubjectLeaf, subtreeHash } from '../../src/audit/subjectTree.js';
import { verifyStatement } from '../../src/verify/statement.js';
import { openSubjectChains, verifySubjects } from '../../src/verify/subjects.js';

const key: NoteKey = { name: 'zone.example/audit', secret: generateKeyPairSync('ed25519').privateKey };
const KEYS = `${verifierKeyOf(key)}\n`;
const code = (index: number) => `9111${String(index).padStart(14, '0')}`;
const START = Date.parse('2026-11-01T00:00:00Z');
const HOUR = 3_600_000;

/** A log in which each entry asks some of ten enterprises, hours apart and now and then backwards. */
const logs = fc.array(
  fc.record({
    hours: fc.integer({ min: -2, max: 20 }),
    asked: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }),
    caseNumber: fc.string({ unit: 'binary', maxLength: 8 }),
    operator: fc.option(fc.string({ unit: 'grapheme', maxLength: 8 }), { nil: undefined }),
    refused: fc.boolean(),
    supersedes: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);
type Log = typeof logs extends fc.Arbitrary<infer T> ? T : never;

function entriesOf(log: Log): AuditEntry[] {
  let time = START;
  return log.map(({ hours, asked, caseNumber, operator, refused, supersedes }, number): AuditEntry => {
    time += hours * HOUR;
    const idOf = (place: number) => `0199${String(place).padStart(4, '0')}-0000-7000-8000-000000000000`;
    const positions = asked.map((_, position) => position);
    return {
      v: 1,
      id: idOf(number),
      time: new Date(Math.max(time, START)).toISOString(),
      institution: 'bank-01',
      client: null,
      caseNumber,
      ...(operator === undefined ? {} : { operator }),
      purpose: 'LOAN_APPROVAL',
      reads: [
        {
          field: 'enterprises',
          enterprises: asked.map(code),
          categories: [
            { category: 'registration.basic', clear: ['name'], denied: { NO_GRANT: ['capital'], GRADE_TOO_HIGH: ['b', 'a'] } },
            { category: 'tax.valueAddedTaxReturn', masked: ['x'], enterprises: positions.filter((position) => position % 2 === 0) },
          ],
          consents: positions.filter((position) => position % 3 === 0).map((enterprise) => ({ id: `c${enterprise}`, enterprise })),
          unknown: positions.filter((position) => position % 4 === 3),
        },
      ],
      durationMs: 1.5,
      ...(supersedes && number > 0 ? { supersedes: idOf(number - 1) } : {}),
      ...(refused ? { outcome: 'REFUSED', code: 'OVERLOADED' } : { outcome: 'ANSWERED' }),
    };
  });
}

interface World {
  readonly rows: ReadonlyMap<string, readonly ItemRow[]>;
  readonly leaves: readonly SubjectLeaf[];
  readonly note: string;
  readonly line: string;
}
function worldOf(entries: readonly AuditEntry[]): World {
  const chains = new Map<string, Chain>();
  const rows = new Map<string, ItemRow[]>();
  for (const entry of entries) {
    for (const { uscc, time, text } of extractsOf(entry, leafHash(canonical(entry)))) {
      const extractHash = extractHashOf(text);
      const chain = linked(chains.get(uscc) ?? NO_CHAIN, time, digestOf(time, extractHash));
      chains.set(uscc, chain);
      rows.set(uscc, [
        ...(rows.get(uscc) ?? []),
        { ordinal: chain.count, time: new Date(time), latest: chain.latest, extractHash, head: chain.head, extract: text },
      ]);
    }
  }
  const leaves = [...chains].map(([uscc, chain]) => ({ key: keyOf(uscc), ...chain })).sort((left, right) => left.key.compare(right.key));
  const line = `enterprises ${chains.size} ${subtreeHash(leaves, 0).toString('base64')}`;
  const note = signNote(
    checkpointText({ origin: key.name, size: entries.length, root: Buffer.alloc(32), time: new Date(START), lines: ['other 1', line] }),
    key,
  );
  return { rows, leaves, note, line };
}

/** A span in days from the start, and ordinals that are delayed. */
interface Asked {
  readonly uscc: string;
  readonly days: readonly [number, number];
  readonly delayed?: readonly number[];
}
function statementOf({ rows, leaves, note }: World, { uscc, days: [first, last], delayed = [] }: Asked): string {
  const [from, until] = [new Date(START + first * 24 * HOUR), new Date(START + last * 24 * HOUR)];
  const own = rows.get(uscc) ?? [];
  const { start, items } = startOf(own, dayOf(from.getTime()));
  const shown = items.map((row): ProofItem => {
    if (delayed.includes(row.ordinal)) return { kind: 'DELAYED', row, until: new Date(START) };
    return { kind: row.time >= from && row.time < until ? 'WITHIN' : 'OUTSIDE', row };
  });
  return proofText({ uscc, from, until, count: own.length, start, items: shown, path: pathBelow(keyOf(uscc), leaves, 0), note });
}

const asked = fc
  .record({
    index: fc.integer({ min: 0, max: 6 }),
    first: fc.integer({ min: 0, max: 12 }),
    length: fc.integer({ min: 1, max: 12 }),
    delayed: fc.array(fc.nat(20)),
  })
  .map(({ index, first, length, delayed }): Asked => ({ uscc: code(index), days: [first, first + length], delayed }));

describe('A true statement', () => {
  test('holds, and says what the log says, whatever the span', () => {
    fc.assert(
      fc.property(logs, asked, (log, question) => {
        const entries = entriesOf(log);
        const verdict = verifyStatement(statementOf(worldOf(entries), question), KEYS);
        const [from, until] = question.days.map((days) => START + days * 24 * HOUR) as [number, number];
        const about = entries.filter(({ reads }) => reads?.some(({ enterprises }) => enterprises.includes(question.uscc)));
        const within = about.filter(({ time }, place) => !question.delayed?.includes(place + 1) && Date.parse(time) >= from && Date.parse(time) < until);
        expect(verdict).toMatchObject({ ok: true, proven: { count: about.length } });
        if (!verdict.ok) return;
        expect(verdict.proven.reads.map(({ content }) => content.receipt)).toEqual(within.map(({ id }) => id));
        expect(verdict.proven.outside + verdict.proven.delayed.length + within.length).toBe(about.length);
      }),
      { numRuns: 100 },
    );
  });

  test('is canonical JSON, names nobody else, and the chains made anew from the entries have the same root', async () => {
    await fc.assert(
      fc.asyncProperty(logs, async (log) => {
        const entries = entriesOf(log);
        const world = worldOf(entries);
        for (const [uscc, rows] of world.rows) {
          for (const { extract } of rows) {
            expect(canonicalize(JSON.parse(extract as string))).toBe(extract);
            expect((extract as string).match(/9111\d{14}/g)?.every((met) => met === uscc)).toBe(true);
          }
        }
        const texts = entries.map(canonical).map((text) => ({ text, leafHash: leafHash(text) }));
        const streamed = async function* () {
          yield* texts;
        };
        expect(await verifySubjects(streamed(), world.line)).toMatchObject({ ok: true, enterprises: world.rows.size });
        // An entry more or less is another root, unless it is about nobody.
        expect(await verifySubjects(streamed(), world.line.replace(/ \d+/, ' 99'))).toMatchObject({ ok: false });
        const chains = openSubjectChains();
        for (const one of texts.slice(1)) chains.add(one);
        expect(chains.line()).not.toBe(world.line);
      }),
      { numRuns: 30 },
    );
  });
});

type Items = Record<string, unknown>[];
/** What can be done to a statement: each gives another file, or null where there is nothing to do it to. */
const TAMPERINGS: Readonly<Record<string, (file: Record<string, unknown> & { items: Items }, place: number, world: World) => unknown>> = {
  'an item left out': ({ items }, place) => items.splice(place, 1).length,
  'an item left out, and the others numbered anew': (file, place) => {
    if (file.items.splice(place, 1).length === 0) return null;
    for (const item of file.items.slice(place)) item.ordinal = (item.ordinal as number) - 1;
    file.count = (file.count as number) - 1;
    return file;
  },
  'the end left out': (file) => {
    if (file.items.pop() === undefined) return null;
    file.count = (file.count as number) - 1;
    return file;
  },
  'an item altered': ({ items }, place) => {
    const item = items[place];
    if (typeof item?.extract !== 'string') return null;
    item.extract = item.extract.replace('LOAN_APPROVAL', 'RISK_DISPOSAL');
    return item;
  },
  'an item added': (file, place) => {
    const item = file.items[place];
    if (!item) return null;
    file.items.splice(place, 0, { ...item });
    file.items.forEach((one, index) => {
      one.ordinal = (file.items[0]?.ordinal as number) + index;
    });
    file.count = (file.count as number) + 1;
    return file;
  },
  'items in another order': (file, place) => {
    const [one, other] = [file.items[place], file.items[place + 1]];
    if (!one || !other) return null;
    [one.ordinal, other.ordinal] = [other.ordinal, one.ordinal];
    file.items.splice(place, 2, other, one);
    return file;
  },
  'an item moved out of the span by its time': (file, place) => {
    const item = file.items[place];
    if (typeof item?.extract !== 'string') return null;
    item.time = file.until;
    item.extractHash = extractHashOf(item.extract).toString('hex');
    delete item.extract;
    return item;
  },
  'an item within the span told as one outside': (file, place) => {
    const item = file.items[place];
    if (typeof item?.extract !== 'string') return null;
    item.extractHash = extractHashOf(item.extract).toString('hex');
    delete item.extract;
    return item;
  },
  'the span widened over items that are not shown': (file) => {
    if (!file.items.some((item) => item.extractHash) && file.start === null) return null;
    file.from = new Date(START - 24 * HOUR).toISOString();
    file.until = new Date(START + 365 * 24 * HOUR).toISOString();
    return file;
  },
  'items told as left away': (file, place, world) => {
    const row = world.rows.get(file.uscc as string)?.[(file.items[place]?.ordinal as number) - 1];
    if (!row || dayOf(row.time.getTime()) < dayOf(Date.parse(file.from as string))) return null;
    const before = world.rows.get(file.uscc as string)?.[row.ordinal - 2]?.head ?? NO_CHAIN.head;
    const digest = digestOf(row.time.getTime(), row.extractHash);
    const latest = dayOf(Date.parse(file.from as string)) - 1;
    file.start = { ordinal: row.ordinal, latest, before: before.toString('hex'), digest: digest.toString('hex') };
    file.items.splice(0, place + 1);
    return file;
  },
  'another enterprise': (file) => {
    // Of two that are both absent, one proof may be that of the other.
    if (file.count === 0) return null;
    file.uscc = code(77);
    return file;
  },
  'the statement of another enterprise': (file, _place, world) => {
    const other = [...world.rows.keys()].find((uscc) => uscc !== file.uscc);
    if (!other) return null;
    const { uscc } = file;
    Object.assign(file, JSON.parse(statementOf(world, { uscc: other, days: [0, 365] })), { uscc });
    return file;
  },
  'all of it left out': (file) => {
    if (file.count === 0) return null;
    Object.assign(file, { count: 0, start: null, items: [] });
    return file;
  },
  'a hash beside the path': (file) => {
    const path = file.path as { siblings: (string | number)[] };
    const place = path.siblings.findIndex((step) => typeof step === 'string');
    if (place < 0) return null;
    path.siblings[place] = 'ab'.repeat(32);
    return file;
  },
  'the checkpoint altered': (file) => {
    file.checkpoint = (file.checkpoint as string).replace('other 1', 'other 2');
    return file;
  },
  'a checkpoint of another time': (file, _place, world) => {
    const later = worldOf([
      ...entriesOf([{ hours: 1, asked: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], caseNumber: 'later', operator: undefined, refused: false, supersedes: false }]),
    ]);
    if (later.line === world.line) return null;
    file.checkpoint = later.note;
    return file;
  },
};

describe.each(Object.entries(TAMPERINGS))('A statement with %s', (_what, tamper) => {
  test('is refused', () => {
    fc.assert(
      fc.property(logs, asked, fc.nat(6), (log, question, place) => {
        const world = worldOf(entriesOf(log));
        const file = JSON.parse(statementOf(world, question));
        // Where there is nothing to do it to, another one is made.
        fc.pre(Boolean(tamper(file, place % Math.max(1, file.items.length), world)));
        expect(verifyStatement(JSON.stringify(file), KEYS).ok).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});

test('Keys that did not sign, and files that are none, are told', () => {
  const world = worldOf(entriesOf([{ hours: 1, asked: [1], caseNumber: 'A', operator: undefined, refused: false, supersedes: false }]));
  const file = statementOf(world, { uscc: code(1), days: [0, 9] });
  const other: NoteKey = { name: key.name, secret: generateKeyPairSync('ed25519').privateKey };
  expect(verifyStatement(file, verifierKeyOf(other))).toMatchObject({ ok: false, flaw: 'NOT_SIGNED' });
  expect(verifyStatement(file, '')).toMatchObject({ ok: false, flaw: 'NOT_SIGNED' });
  expect(verifyStatement(file, `${verifierKeyOf(other)}\n${KEYS}`).ok).toBe(true);
  for (const text of ['', '[]', '{}', 'null', '{"kind":"zone-statement/1"}', file.replace('"items":[', '"items":[1,')])
    expect(verifyStatement(text, KEYS)).toMatchObject({ ok: false, flaw: 'NOT_A_STATEMENT' });
});

test('A delay ends within the longest that policy allows, and says when', () => {
  const world = worldOf(entriesOf([{ hours: 1, asked: [1], caseNumber: 'A', operator: undefined, refused: false, supersedes: false }]));
  const file = JSON.parse(statementOf(world, { uscc: code(1), days: [0, 9], delayed: [1] }));
  const delayedUntil = (until: unknown) => {
    file.items[0].until = until;
    return verifyStatement(JSON.stringify(file), KEYS);
  };
  const day = Math.floor((START + HOUR) / (24 * HOUR));
  const longest = (day + 731) * 24 * HOUR;
  expect(delayedUntil(new Date(longest).toISOString())).toMatchObject({ ok: true, proven: { delayed: [{ ordinal: 1 }] } });
  expect(delayedUntil(new Date(longest + 1).toISOString())).toMatchObject({ ok: false, flaw: 'DELAYED_TOO_LONG', place: 1 });
  expect(delayedUntil('9999-01-01T00:00:00.000Z')).toMatchObject({ ok: false, flaw: 'DELAYED_TOO_LONG' });
  for (const until of [undefined, null, 'later']) expect(delayedUntil(until)).toMatchObject({ ok: false, flaw: 'NOT_A_STATEMENT' });
});

test('Enterprises whose keys share 64 bits stand side by side', () => {
  const [one, other] = [1, 2].map((last) => ({ key: Buffer.concat([Buffer.alloc(31, 7), Buffer.of(last)]), count: last, head: Buffer.alloc(32, last) })) as [
    SubjectLeaf,
    SubjectLeaf,
  ];
  const { siblings, beside } = pathBelow(other.key, [one, other], 0);
  expect([siblings.length, beside]).toEqual([64, [one]]);
  expect(subtreeHash([one, other], 0)).not.toEqual(subtreeHash([one], 0));
});
