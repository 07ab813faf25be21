import { describe, expect, test } from '@jest/globals';
import { REMEDIES } from '../../src/access/explain.js';
import { REASONS } from '../../src/access/outcome.js';
import { FAULTS, Fault, type FaultCode } from '../../src/faults.js';
import { readHouse } from '../harness/house.js';
import { treeOf, visit } from '../harness/syntax.js';

const CODES = Object.keys(FAULTS) as FaultCode[];

/** Codes that a source text throws, and codes that it names in any way. */
function codesIn(text: string): { thrown: string[]; named: string[] } {
  const found = { thrown: [] as string[], named: [] as string[] };
  visit(treeOf(text), (node) => {
    if (node.type === 'StringLiteral') found.named.push(node.value);
    if (node.type === 'MemberExpression' && node.object.value === 'FAULTS' && node.property.type === 'Identifier') found.named.push(node.property.value);
    if (node.type !== 'NewExpression' || node.callee.value !== 'Fault') return;
    const code = node.arguments?.[0]?.expression;
    // A choice between codes has them as its branches; what is compared to choose is not a code.
    const branches = code?.type === 'ConditionalExpression' ? [code.consequent, code.alternate] : [code];
    for (const branch of branches) if (branch?.type === 'StringLiteral') found.thrown.push(branch.value);
  });
  return found;
}

describe('the table of faults and the code', () => {
  const sources = Object.entries(readHouse()).filter(([path]) => path !== 'faults.ts');
  const found = sources.map(([, text]) => codesIn(text));

  test('every code that is thrown is in the table', () => {
    const thrown = new Set(found.flatMap(({ thrown }) => thrown));
    expect(thrown.size).toBeGreaterThan(25);
    expect([...thrown].filter((code) => !CODES.includes(code as FaultCode))).toEqual([]);
  });

  test('every code in the table is used', () => {
    const named = new Set(found.flatMap(({ named }) => named));
    expect(CODES.filter((code) => !named.has(code))).toEqual([]);
  });

  test('this search can find codes, thrown, chosen and named', () => {
    expect(codesIn("throw new Fault('NO_SUCH'); new Fault(late ? 'ONE' : 'OTHER'); FAULTS.THIRD;")).toEqual({
      thrown: ['NO_SUCH', 'ONE', 'OTHER'],
      named: ['NO_SUCH', 'ONE', 'OTHER', 'THIRD'],
    });
  });

  test('the table is closed', () => {
    expect(Object.isFrozen(FAULTS)).toBe(true);
    expect(() => Object.assign(FAULTS, { NEW: FAULTS.INTERNAL })).toThrow(TypeError);
  });
});

describe('what the outside reads', () => {
  test.each(CODES)('of %s is a sentence and a remedy in Chinese and in English, and a fitting status', (code) => {
    const { status, message, remedy } = FAULTS[code];
    for (const { zh, en } of [message, remedy]) {
      expect(zh).toMatch(/\p{Script=Han}|^[\w ]+$/u);
      expect(en).toMatch(/^[\x20-\x7e]{3,}$/);
    }
    expect(message.zh).toMatch(/\p{Script=Han}/u);
    expect([200, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503]).toContain(status);
  });

  test.each<[code: FaultCode, status: number]>([
    ['TOKEN_MISSING', 401],
    ['TOKEN_INVALID', 401],
    ['TOKEN_EXPIRED', 401],
    ['CALLER_UNKNOWN', 401],
    ['AUDIT_UNAVAILABLE', 503],
    ['ZONE_UNAVAILABLE', 503],
    ['POLICY_CHANGING', 503],
    ['OVERLOADED', 503],
    ['INVALID_USCC', 400],
    ['BODY_TOO_LARGE', 413],
    ['ITEM_DENIED', 200],
    ['ENTERPRISE_UNKNOWN', 200],
  ])('of %s has the status %i', (code, status) => {
    expect(new Fault(code).status).toBe(status);
  });

  test('comes from the table alone, and never from what failed inside', () => {
    const fault = new Fault('INTERNAL', { cause: new Error('password=geheim at 10.0.0.1') });
    expect(fault.message).toBe(`${FAULTS.INTERNAL.message.zh} / ${FAULTS.INTERNAL.message.en}`);
    expect(JSON.stringify([fault.message, fault.extensions, fault])).not.toContain('geheim');
  });

  test('names the detail after the sentence, and the facts beside code and remedy', () => {
    const fault = new Fault('INVALID_USCC', { detail: 'LENGTH', facts: { reason: 'LENGTH' } });
    expect(fault.message).toBe('统一社会信用代码不正确 / The unified social credit code is not valid: LENGTH');
    expect(fault.extensions).toEqual({
      code: 'INVALID_USCC',
      remedy: '核对 18 位代码（GB 32100-2015） / Check the 18 characters (GB 32100-2015)',
      reason: 'LENGTH',
    });
  });

  test('of a denial says for each reason what can be done, in both languages', () => {
    expect(Object.keys(REMEDIES).sort()).toEqual([...REASONS].sort());
    for (const { zh, en } of Object.values(REMEDIES)) {
      expect(zh).toMatch(/\p{Script=Han}/u);
      expect(en).toMatch(/^[\x20-\x7e]{10,}$/);
    }
  });
});
