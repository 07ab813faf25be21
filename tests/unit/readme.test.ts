import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { REASONS } from '../../src/access/outcome.js';
import { loadCatalogue } from '../../src/catalogue/load.js';
import type { Category } from '../../src/catalogue/model.js';
import { readConfig } from '../../src/config.js';

const { schemaFolder } = readConfig({});
const catalogue = loadCatalogue(schemaFolder);
const readme = readFileSync('README.md', 'utf8');
const lines = readme.split('\n');

function row(name: string, categories: readonly Category[]): string {
  const items = categories.flatMap((category) => category.items);
  const count = (wanted: (item: (typeof items)[number]) => boolean) => items.filter(wanted).length;
  const sharing = ['UNCONDITIONAL', 'CONDITIONAL', 'NOT_SHARED'].map((type) => count((item) => item.sharing === type)).join(' / ');
  const grades = [1, 2, 3, 4].map((grade) => count((item) => item.grade === grade)).join(' / ');
  const providers = new Set(categories.map(({ provider }) => provider)).size;
  return `| ${name} | ${providers} | ${categories.length} | ${items.length} | ${sharing} | ${grades} | ${count(({ personal }) => personal)} |`;
}

test('the table of the zone says what the catalogue holds, domain by domain', () => {
  for (const { code, zh } of catalogue.domains) {
    expect(lines).toContain(
      row(
        `${code} ${zh}`,
        catalogue.categories.filter(({ domain }) => domain === code),
      ),
    );
  }
  expect(lines).toContain(row('**all**', catalogue.categories));
});

test('every reason of a denial stands in the table of institutions', () => {
  for (const reason of REASONS) expect(lines.some((line) => line.startsWith(`| ${reason} |`))).toBe(true);
});

test('every path the map and the text name exists', () => {
  const named = [...readme.matchAll(/`((?:src|tests|schema|seeds)\/[\w./-]+)`/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((path) => !existsSync(join('.', path)))).toEqual([]);
  const rooms = [...readme.matchAll(/^ {2}([\w.]+?\/?) {2,}/gm)].map(([, room]) => room as string);
  expect(rooms.filter((room) => !existsSync(join('src', room)))).toEqual([]);
});
