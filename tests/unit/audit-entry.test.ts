import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AuditEntry, canonical, ENTRY_VERSION, leafHash } from '../../src/audit/entry.js';

const ENTRY: AuditEntry = {
  v: ENTRY_VERSION,
  time: '2026-11-22T02:00:00.000Z',
  id: '0193-…',
  institution: 'bank-01',
  client: 'bank-01-loans',
  purpose: 'PRE_LOAN_REVIEW',
  caseNumber: '案件 "1"\\\u0007',
  durationMs: 12.5,
  outcome: 'ANSWERED',
  policyVersion: 7,
  reads: [
    {
      field: 'enterprise',
      enterprises: ['91350100M000100Y43'],
      categories: [{ category: 'registration.basic', masked: ['legalRepresentative'], clear: ['enterpriseName'], denied: { NO_GRANT: ['contactPhone'] } }],
    },
  ],
};

/** Canonical JSON once more, written from RFC 8785 alone: members sorted by UTF-16 units, no blanks, undefined left out. */
function canonicalByHand(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalByHand).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalByHand(member)}`)
    .join(',')}}`;
}

describe('the canonical text of an entry', () => {
  test('is the one text of RFC 8785: sorted members, no blanks, plain numbers', () => {
    expect(canonical(ENTRY)).toBe(
      '{"caseNumber":"案件 \\"1\\"\\\\\\u0007","client":"bank-01-loans","durationMs":12.5,"id":"0193-…","institution":"bank-01","outcome":"ANSWERED","policyVersion":7,' +
        '"purpose":"PRE_LOAN_REVIEW","reads":[{"categories":[{"category":"registration.basic","clear":["enterpriseName"],"denied":{"NO_GRANT":["contactPhone"]},' +
        '"masked":["legalRepresentative"]}],"enterprises":["91350100M000100Y43"],"field":"enterprise"}],"time":"2026-11-22T02:00:00.000Z","v":1}',
    );
  });

  test('is read back as the entry it was made of', () => {
    expect(JSON.parse(canonical(ENTRY))).toEqual(ENTRY);
  });

  test('does not depend on the order in which the entry was put together', () => {
    const entries = Object.entries(ENTRY);
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        expect(canonical(Object.fromEntries(shuffled) as unknown as AuditEntry)).toBe(canonical(ENTRY));
      }),
    );
  });

  test('keeps the order of lists, which has a meaning', () => {
    const [read] = ENTRY.reads ?? [];
    const withEnterprises = (...enterprises: string[]) =>
      canonical({ ...ENTRY, reads: [{ ...read, enterprises } as NonNullable<AuditEntry['reads']>[number]] });
    expect(withEnterprises('A', 'B')).not.toBe(withEnterprises('B', 'A'));
  });

  test('is what somebody who knows only the standard would write', () => {
    const words = fc.string({ unit: 'grapheme' });
    const entries = fc.record({
      id: words,
      institution: fc.option(words),
      caseNumber: words,
      durationMs: fc.double({ noNaN: true, noDefaultInfinity: true }),
      fields: fc.array(words),
    });
    fc.assert(
      fc.property(entries, (part) => {
        const entry = { ...ENTRY, ...part } as AuditEntry;
        expect(canonical(entry)).toBe(canonicalByHand(entry));
      }),
    );
  });

  test('leaves out what is not there, rather than write nothing in its place', () => {
    const { reads: _reads, ...rest } = ENTRY;
    expect(canonical({ ...ENTRY, reads: undefined } as unknown as AuditEntry)).toBe(canonical(rest as AuditEntry));
  });
});

describe('the hash of a leaf', () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

  test('of nothing is that of RFC 6962', () => {
    expect(leafHash('').toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  });

  test('is SHA-256 over a nought and the UTF-8 bytes of the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(leafHash(text).toString('hex')).toBe(sha256(Buffer.concat([Buffer.from([0]), Buffer.from(text, 'utf8')])));
      }),
    );
  });

  test('is not the hash of the text alone, so that a leaf is never taken for a node', () => {
    expect(leafHash(canonical(ENTRY)).toString('hex')).not.toBe(sha256(Buffer.from(canonical(ENTRY), 'utf8')));
  });

  test('changes with any character of the entry', () => {
    const text = canonical(ENTRY);
    const hashes = new Set([...Array(text.length).keys()].map((place) => leafHash(`${text.slice(0, place)}~${text.slice(place + 1)}`).toString('hex')));
    expect(hashes.size).toBe(text.length);
    expect(hashes.has(leafHash(text).toString('hex'))).toBe(false);
  });
});
