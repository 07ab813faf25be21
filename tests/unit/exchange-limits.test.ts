import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { loadCatalogue } from '../../src/catalogue/load.js';
import { LIMITS, openLimits } from '../../src/exchange/limits.js';
import { Fault } from '../../src/faults.js';
import { PROJECT } from '../harness/house.js';

/** Code of the fault, or null where the document is admitted. */
function refusal(document: string): string | null {
  try {
    openLimits().admit(document);
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
const times = (count: number, make: (place: number) => string) => Array.from({ length: count }, (_, place) => make(place)).join(' ');

/** Selection sets one in another, the field itself the innermost. */
const nested = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
/** The same depth, taken in steps through fragments. */
const throughFragments = (levels: number) =>
  `{ a { ...F0 } } ${times(levels - 2, (place) => `fragment F${place} on A { a { ...F${place + 1} } }`)} fragment F${levels - 2} on A { a }`;

describe('a document just within a limit is admitted, and just beyond is refused', () => {
  test.each<[what: string, document: (size: number) => string, most: number, code: string]>([
    ['levels', (size) => nested(size), LIMITS.depth + 1, 'QUERY_TOO_DEEP'],
    ['levels through fragments', throughFragments, LIMITS.depth + 1, 'QUERY_TOO_DEEP'],
    ['brackets of lists', (size) => `{ a(b: ${'['.repeat(size - 2)}${']'.repeat(size - 2)}) }`, LIMITS.nesting, 'QUERY_TOO_DEEP'],
    ['brackets of objects', (size) => `{ a(b: ${'{c:'.repeat(size - 2)}1${'}'.repeat(size - 2)}) }`, LIMITS.nesting, 'QUERY_TOO_DEEP'],
    ['brackets of inline fragments', (size) => `{${'...{'.repeat(size - 1)}a${'}'.repeat(size)}`, LIMITS.nesting, 'QUERY_TOO_DEEP'],
    ['brackets of a type', (size) => `query ($b: ${'['.repeat(size - 1)}Int${']'.repeat(size - 1)}) { a }`, LIMITS.nesting, 'QUERY_TOO_DEEP'],
    ['aliases', (size) => `{ ${times(size, (place) => `b${place}: a`)} }`, LIMITS.aliases, 'TOO_MANY_ALIASES'],
    ['aliases in fragments', (size) => `{ b: a ...F } fragment F on A { ${times(size - 1, (place) => `b${place}: a`)} }`, LIMITS.aliases, 'TOO_MANY_ALIASES'],
    [
      'aliases in a fragment that is not used',
      (size) => `{ a } fragment F on A { ${times(size, (place) => `b${place}: a`)} }`,
      LIMITS.aliases,
      'TOO_MANY_ALIASES',
    ],
    [
      'aliases over several operations',
      (size) => `query A { b: a } query B { ${times(size - 1, (place) => `b${place}: a`)} }`,
      LIMITS.aliases,
      'TOO_MANY_ALIASES',
    ],
    ['directives', (size) => `{ ${times(size, (place) => `a${place} @skip(if: true)`)} }`, LIMITS.directives, 'TOO_MANY_DIRECTIVES'],
    ['directives on one field', (size) => `{ a ${times(size, () => '@skip(if: true)')} }`, LIMITS.directives, 'TOO_MANY_DIRECTIVES'],
    [
      'directives on operation, fragment and spread',
      (size) => `query @x { ...F @x ...@x { a } } fragment F on A ${times(size - 3, () => '@x')} { a }`,
      LIMITS.directives,
      'TOO_MANY_DIRECTIVES',
    ],
    ['repeats of one field', (size) => `{ ${times(size, () => 'a')} }`, LIMITS.repeats, 'QUERY_TOO_COSTLY'],
    ['repeats of one response key', (size) => `{ ${times(size, () => 'b: a')} }`, LIMITS.repeats, 'QUERY_TOO_COSTLY'],
    ['tokens', (size) => `{ ${times(size - 2, (place) => `a${place}`)} }`, LIMITS.tokens, 'TOO_MANY_TOKENS'],
  ])('%s', (_what, document, most, code) => {
    expect(refusal(document(most))).toBeNull();
    expect(refusal(document(most + 1))).toBe(code);
  });
});

describe('a document that would exhaust the stack or the time', () => {
  const deep = 8_000;
  test.each<[what: string, document: string]>([
    ['8,000 lists in each other', `{ a(b: ${'['.repeat(deep)}${']'.repeat(deep)}) }`],
    ['8,000 lists that are never closed', `{ a(b: ${'['.repeat(deep)}`],
    ['3,000 lists in each other', `{ a(b: ${'['.repeat(3_000)}${']'.repeat(3_000)}) }`],
    ['2,000 objects in each other', `{ a(b: ${'{c:'.repeat(2_000)}1${'}'.repeat(2_000)}) }`],
    ['3,000 inline fragments in each other', `{${'...{'.repeat(3_000)}a${'}'.repeat(3_001)}`],
    ['3,000 levels', nested(3_000)],
    ['a type of 3,000 lists', `query ($b: ${'['.repeat(3_000)}Int${']'.repeat(3_000)}) { a }`],
    ['a default of 3,000 lists', `query ($b: [Int] = ${'['.repeat(3_000)}${']'.repeat(3_000)}) { a }`],
    ['lists between comments that seem to close them', `{ a(b: ${'[ # ]\n'.repeat(3_000)}`],
    ['lists between texts that seem to close them', `{ a(b: ${'["]]]", '.repeat(2_000)}`],
  ])('of %s is refused as too deep', (_what, document) => {
    expect(refusal(document)).toBe('QUERY_TOO_DEEP');
  });

  test.each<[what: string, code: string | null, document: string]>([
    ['a fragment that spreads itself', null, '{ a { ...F } } fragment F on A { a { ...F } }'],
    ['two fragments that spread each other', null, '{ a { ...F } } fragment F on A { ...G } fragment G on A { b { ...F ...G } }'],
    ['a circle of a thousand fragments', null, `{ ...F0 } ${times(1_000, (place) => `fragment F${place} on A { ...F${(place + 1) % 1_000} }`)}`],
    ['a fragment that does not exist', null, '{ ...Nowhere }'],
    [
      'a thousand fragments that each spread the next twice',
      'QUERY_TOO_COSTLY',
      `{ ...F0 } ${times(1_000, (place) => `fragment F${place} on A { ...F${place + 1} ...F${place + 1} }`)} fragment F1000 on A { a }`,
    ],
  ])('with %s is looked through at once; a circle is left to validation', (_what, code, document) => {
    const began = performance.now();
    expect(refusal(document)).toBe(code);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('of 256 KiB of brackets is refused at once', () => {
    const began = performance.now();
    expect(refusal(`{ a(b: ${'[]'.repeat(128 * 1024)}`)).toBe('TOO_MANY_TOKENS');
    expect(refusal('{'.repeat(256 * 1024))).toBe('QUERY_TOO_DEEP');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('a document that does not parse', () => {
  test.each(['', '{', '{ a ', '}', 'query', '{ a(b: "unfinished }', '{ ä }', '\u0000', '{ a } garbage', 'fragment on on A { a }', '{ }'])(
    '%j is refused as such',
    (document) => {
      expect(refusal(document)).toBe('GRAPHQL_PARSE_FAILED');
    },
  );

  test('is told where, and in few words', () => {
    const told = (document: string): Fault => {
      try {
        openLimits().admit(document);
      } catch (error) {
        if (error instanceof Fault) return error;
      }
      throw new Error('admitted');
    };
    expect(told('{ a\n  b( }').facts).toEqual({ locations: [{ line: 2, column: 6 }] });
    expect(told(`{ a(b: ${'x'.repeat(100_000)} : }`).message.length).toBeLessThan(400);
  });
});

describe('a document that is admitted', () => {
  const document = '{ catalogue { version } }';

  test('is known by the SHA-256 of its text', () => {
    expect(openLimits().admit(document).operation).toBe(createHash('sha256').update(Buffer.from(document, 'utf8')).digest('hex'));
    const chinese = '{ a(b: "企业") }';
    expect(openLimits().admit(chinese).operation).toBe(createHash('sha256').update(Buffer.from(chinese, 'utf8')).digest('hex'));
  });

  test('is looked through once, and another text, were it only by a blank, anew', () => {
    const limits = openLimits();
    const first = limits.admit(document);
    expect(limits.admit(document)).toBe(first);
    expect(limits.admit(`${document} `)).not.toBe(first);
    expect(limits.admit(`${document} `).operation).not.toBe(first.operation);
  });

  test('may list the whole catalogue, but not the catalogue of each provider of each category of the catalogue', () => {
    expect(refusal('{ catalogue { categories { code items { code title { zh en } grade } } } }')).toBeNull();
    expect(refusal('{ catalogue { categories { provider { categories { provider { categories { items { code } } } } } } } }')).toBe('QUERY_TOO_COSTLY');
  });

  test('does not make another one pass that is refused, however often it comes', () => {
    const limits = openLimits();
    limits.admit(document);
    for (let attempt = 0; attempt < 3; attempt++) expect(() => limits.admit(nested(40))).toThrow(Fault);
  });

  test("may ask GraphiQL's introspection, and every item of the zone at once", () => {
    const catalogue = loadCatalogue(join(PROJECT, 'schema'));
    const ofDomain = (domain: string) =>
      catalogue.categories
        .filter((category) => category.domain === domain)
        .map(({ field, items }) => `${field} { ${items.map(({ name }) => name).join(' ')} }`);
    const everything = `query All($u: USCC!, $i: InquiryInput!) { enterprise(uscc: $u, inquiry: $i) { ${catalogue.domains.map(({ code }) => `${code} { ${ofDomain(code).join(' ')} }`).join(' ')} } }`;
    expect(
      refusal(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, specifiedByUrl: true, schemaDescription: true, oneOf: true })),
    ).toBeNull();
    expect(refusal(everything)).toBeNull();
  });
});
