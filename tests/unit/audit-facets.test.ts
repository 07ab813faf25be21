/** Postings as pure functions: nothing that fits a filter is ever left out by its facets, and places survive their packing. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { facetHash, facetsIn, facetsOf } from '../../src/audit/facets.js';
import type { TrailFilter } from '../../src/audit/filter.js';
import { matches } from '../../src/audit/matches.js';
import { addPacked, addPlace, keepShared, noPlaces, packed, placesIn } from '../../src/audit/places.js';
import { postingsOf } from '../../src/audit/postings.js';
import { loadCatalogue } from '../../src/catalogue/load.js';
import { anyEntry, chance, WORLD } from '../harness/manyEntries.js';

const catalogue = loadCatalogue('schema');
const [category, other] = catalogue.categories.slice(0, 2) as [(typeof catalogue.categories)[number], (typeof catalogue.categories)[number]];
const setOf = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { maxLength: max + 1 });
const placesOf = (numbers: readonly number[]) => {
  const places = noPlaces();
  for (const place of numbers) addPlace(places, place);
  return places;
};

describe('Places', () => {
  test('are the same after packing, and packed they are short', () => {
    fc.assert(
      fc.property(setOf(255), (numbers) => {
        const kept = packed(placesOf(numbers));
        const read = noPlaces();
        addPacked(read, kept);
        expect(placesIn(read)).toEqual([...numbers].sort((left, right) => right - left));
        expect(kept.length).toBe(Math.min(32, numbers.length));
      }),
    );
  });
  test('are joined and intersected as sets are', () => {
    fc.assert(
      fc.property(setOf(255), setOf(255), (left, right) => {
        const both = placesOf(left);
        addPacked(both, packed(placesOf(right)));
        expect(new Set(placesIn(both))).toEqual(new Set([...left, ...right]));
        const shared = placesOf(left);
        keepShared(shared, placesOf(right));
        expect(new Set(placesIn(shared))).toEqual(new Set(left.filter((place) => right.includes(place))));
      }),
    );
  });
});

describe('Facets', () => {
  test('leave out nothing that fits', () => {
    const random = chance(3);
    const of = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    let met = 0;
    for (let count = 0; count < 3_000; count++) {
      const entry = anyEntry(random, { id: `id-${count}`, time: new Date(0), catalogue });
      const parts: TrailFilter = {
        institution: of(WORLD.institutions) as never,
        client: of(WORLD.clients),
        staff: of(WORLD.staff),
        operator: of(WORLD.operators),
        caseNumber: of(WORLD.caseNumbers),
        purpose: of(WORLD.purposes),
        enterprise: of(WORLD.enterprises) as never,
        provider: category.provider,
        category: of([category, other]).code,
        item: of(category.items.slice(0, 4)).code,
        outcome: of(['ANSWERED', 'REFUSED'] as const),
        reason: of(WORLD.reasons),
        consent: of(WORLD.consents),
        policyVersion: of(WORLD.policyVersions),
      };
      const names = (Object.keys(parts) as (keyof TrailFilter)[]).filter(() => random() < 0.12);
      const filter = Object.fromEntries(names.map((name) => [name, parts[name]])) as TrailFilter;
      if (!matches(entry, filter, catalogue)) continue;
      met++;
      const facets = facetsOf(entry);
      for (const group of facetsIn(filter, catalogue)) expect(group.some((facet) => facets.has(facet))).toBe(true);
    }
    expect(met).toBeGreaterThan(300);
  });
  test('of a provider that the catalogue does not have fit nothing', () => {
    expect(facetsIn({ provider: 'nobody' }, catalogue)).toEqual([[]]);
  });
  test('are kept block by block, each once, at their leaves', () => {
    const random = chance(9);
    const entries = Array.from({ length: 600 }, (_, at) => ({ leaf: 100 + at, entry: anyEntry(random, { id: `${at}`, time: new Date(0), catalogue }) }));
    const postings = [...postingsOf(entries)];
    expect(new Set(postings.map(({ facet, block }) => `${facet} ${block}`)).size).toBe(postings.length);
    const found = new Map<string, number[]>();
    for (const { facet, block, places } of postings) for (const place of placesIn(places)) found.set(facet, [...(found.get(facet) ?? []), 256 * block + place]);
    const wanted = new Map<string, number[]>();
    for (const { leaf, entry } of entries) for (const facet of facetsOf(entry)) wanted.set(facetHash(facet), [...(wanted.get(facetHash(facet)) ?? []), leaf]);
    const sorted = (map: Map<string, number[]>) => [...map].map(([facet, leaves]) => [facet, [...leaves].sort((left, right) => left - right)]).sort();
    expect(sorted(found)).toEqual(sorted(wanted));
  });
});

describe('What is asked of enterprise, item and reason', () => {
  const [first, second] = WORLD.enterprises;
  const name = category.items[0]?.name as string;
  const entry = {
    v: 1 as const,
    id: 'x',
    time: '2026-01-01T00:00:00.000Z',
    institution: 'bank-01',
    client: 'core',
    durationMs: 1,
    outcome: 'ANSWERED' as const,
    reads: [
      {
        field: 'enterprises',
        enterprises: [first, second],
        categories: [
          { category: category.code, enterprises: [0], clear: [name] },
          { category: category.code, enterprises: [1], denied: { CONSENT_REQUIRED: [name] } },
        ],
        consents: [{ id: 'C-1', enterprise: 0 }],
      },
    ],
  };
  const fits = (filter: object) => matches(entry, filter as TrailFilter, catalogue);
  test('must be true together', () => {
    const item = `${category.code}.${name}`;
    expect(fits({ enterprise: second, item, reason: 'CONSENT_REQUIRED' })).toBe(true);
    expect(fits({ enterprise: first, item, reason: 'CONSENT_REQUIRED' })).toBe(false);
    expect(fits({ enterprise: first, consent: 'C-1' })).toBe(true);
    expect(fits({ enterprise: second, consent: 'C-1' })).toBe(false);
    expect(fits({ consent: 'C-1', reason: 'CONSENT_REQUIRED' })).toBe(false);
    expect(fits({ category: other.code, enterprise: first })).toBe(false);
    expect(fits({ provider: category.provider, reason: 'CONSENT_REQUIRED' })).toBe(true);
  });
});
