/** Whether a row says what its text says: only the entry's own members count, and what is no entry is told. */
import { describe, expect, test } from '@jest/globals';
import { type AuditEntry, canonical } from '../../src/audit/entry.js';
import { formFlawOf } from '../../src/verify/entryForm.js';
import { disagreementOf } from '../../src/verify/entryText.js';
import type { RowView } from '../../src/verify/rows.js';

const TIME = '2026-11-22T10:00:00.000Z';
const [OWN, OTHER] = ['0193531e-0000-7000-8000-000000000001', '0193531e-0000-7000-8000-000000000002'];
const ENTRY: AuditEntry = {
  v: 1,
  id: OWN,
  time: TIME,
  institution: 'bank-01',
  client: 'bank-01-core',
  operator: '张"三\\',
  outcome: 'ANSWERED',
  durationMs: 1.5,
  reads: [
    {
      field: 'enterprise',
      enterprises: ['91110302562134916R'],
      categories: [{ category: 'tax.arrears', clear: ['amount'], denied: { NO_GRANT: ['taxPeriodStart'] } }],
      consents: [{ id: OTHER, enterprise: 0 }],
    },
  ],
};

function rowOf(text: string, id: string, institution: string | null): RowView {
  const parts = [id, institution ?? '', text].map((part) => Buffer.from(part));
  const [idEnd, institutionEnd, textEnd] = parts.map((_, at) => Buffer.concat(parts.slice(0, at + 1)).length) as [number, number, number];
  return {
    bytes: Buffer.concat(parts),
    place: 1,
    micros: Date.parse(TIME) * 1_000,
    id: 0,
    idEnd,
    institution: institution === null ? -1 : idEnd,
    institutionEnd,
    text: institutionEnd,
    textEnd,
    hash: 0,
    hashEnd: 0,
  };
}

describe('columns beside the text', () => {
  const nested: AuditEntry = { ...ENTRY, changes: [{ mutation: 'x', state: 'DONE', detail: { id: OTHER, institution: 'bank-02' } }] };
  const nobodys: AuditEntry = { ...ENTRY, institution: null, changes: [{ mutation: 'x', state: 'DONE', detail: { id: OTHER, institution: null, more: 1 } }] };
  test.each<[string, string, string, string | null, boolean]>([
    ['its own names', canonical(ENTRY), OWN, 'bank-01', true],
    ['its own, beside others within', canonical(nested), OWN, 'bank-01', true],
    ['those of a detail', canonical(nested), OTHER, 'bank-02', false],
    ['those of a detail without an institution', canonical(nobodys), OTHER, null, false],
    ['its own twice', canonical({ ...ENTRY, changes: [{ mutation: 'x', state: 'DONE', detail: { id: OWN, institution: 'bank-01' } }] }), OWN, 'bank-01', true],
    ['another institution', canonical(ENTRY), OWN, 'bank-02', false],
  ])('%s', (_, text, id, institution, agrees) => {
    expect(disagreementOf(rowOf(text, id, institution))?.kind ?? null).toBe(agrees ? null : 'EDITED');
  });
});

describe('the form of an entry', () => {
  test('what the zone writes is of it', () => {
    expect(formFlawOf(JSON.parse(canonical(ENTRY)))).toBeNull();
    expect(formFlawOf({ ...ENTRY, outcome: 'REFUSED', code: 'TOKEN_INVALID', institution: null, client: null })).toBeNull();
  });
  test.each<[string, unknown]>([
    ['no JSON', undefined],
    ['no object', [ENTRY]],
    ['of another version', { ...ENTRY, v: 2 }],
    ['a time that is none', { ...ENTRY, time: '2026-11-22' }],
    ['lookups that are a number', { ...ENTRY, lookups: 5 }],
    ['a lookup that is nothing', { ...ENTRY, lookups: [null] }],
    ['reads that are nothing', { ...ENTRY, reads: [null] }],
    ['an enterprise that is no code', { ...ENTRY, reads: [{ ...ENTRY.reads?.[0], enterprises: ['acme'] }] }],
    ['outcomes that are no names', { ...ENTRY, reads: [{ ...ENTRY.reads?.[0], categories: [{ category: 'tax', clear: [5] }] }] }],
    ['refused for no reason', { ...ENTRY, outcome: 'REFUSED' }],
    ['an id that is none', { ...ENTRY, id: 'x' }],
  ])('%s', (_, entry) => expect(formFlawOf(entry)).toEqual(expect.any(String)));
});
