/** Commands on the catalogue and the schema. */
import { checkCatalogue, PROMISED } from '../catalogue/check.js';
import { readCatalogueFiles } from '../catalogue/files.js';
import type { Category } from '../catalogue/model.js';
import { readConfig } from '../config.js';
import { printZoneSchema } from '../exchange/schema.js';
import { Fault } from '../faults.js';
import { openCatalogue } from '../zone.js';
import { say, table } from './paper.js';

export function checkFiles(): void {
  const { schemaFolder } = readConfig();
  const faults = checkCatalogue(readCatalogueFiles(schemaFolder));
  for (const fault of faults) say(fault);
  if (faults.length > 0) throw new Fault('CATALOGUE_FAULTY', { detail: `${faults.length}` });
  say(`目录完好 / The catalogue is sound: ${PROMISED.providers} providers, ${PROMISED.categories} categories, ${PROMISED.items} items`);
}

export function list({ domain, provider, json }: { domain?: string; provider?: string; json: boolean }): void {
  const catalogue = openCatalogue(readConfig());
  const categories = catalogue.categories.filter((category) => (!domain || category.domain === domain) && (!provider || category.provider === provider));
  if (categories.length === 0) throw new Fault('BAD_USER_INPUT', { detail: `no category has ${[domain, provider].filter(Boolean).join(' and ')}` });
  const totals = {
    providers: new Set(categories.map((category) => category.provider)).size,
    categories: categories.length,
    items: categories.reduce((sum, { items }) => sum + items.length, 0),
  };
  if (json) {
    say(JSON.stringify({ ...totals, digest: catalogue.digest, list: categories.map(inShort) }, null, 2));
    return;
  }
  const rows = categories.map(({ code, title, provider: unit, updateCycle, sharing, grade, items }) => [
    code,
    title.zh,
    unit,
    updateCycle,
    sharing,
    `L${grade}`,
    items.length,
  ]);
  say(table(['code', '信息类', 'provider', 'cycle', 'sharing', 'grade', 'items'], rows));
  say(`${totals.providers} providers, ${totals.categories} categories, ${totals.items} items`);
}

export function show(code: string, { json }: { json: boolean }): void {
  const category = openCatalogue(readConfig()).category(code);
  if (!category) throw new Fault('BAD_USER_INPUT', { detail: `${code} is no category; \`catalogue list\` has them` });
  const { itemsByName: _byName, ...told } = category;
  if (json) {
    say(JSON.stringify(told, null, 2));
    return;
  }
  say(`${category.code}  ${category.title.zh} / ${category.title.en}\n${category.description.zh}\n${category.description.en}`);
  say(`${category.provider}, ${category.updateCycle}, ${category.sharing}, ${category.cardinality}; ${category.basis}`);
  if (category.condition) say(`${category.condition.zh} / ${category.condition.en}`);
  say(`GraphQL: ${category.domain} { ${category.field} } : ${category.type}\n`);
  const rows = category.items.map((item) => [
    item.name,
    item.title.zh,
    item.codeList ? `code(${item.codeList})` : item.type,
    item.unit ?? '',
    `L${item.grade}${item.personal ? ' 个人' : ''}`,
    item.sharing,
    item.mask,
  ]);
  say(table(['item', '信息项', 'type', 'unit', 'grade', 'sharing', 'mask'], rows));
}

export function printSchema(): void {
  process.stdout.write(printZoneSchema(openCatalogue(readConfig())));
}

function inShort({ code, title, domain, provider, updateCycle, sharing, grade, cardinality, items }: Category) {
  return { code, title, domain, provider, updateCycle, sharing, grade, cardinality, items: items.length };
}
