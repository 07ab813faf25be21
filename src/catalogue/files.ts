/** The catalogue as it lies on disk: one YAML file a category, one a code list. Reads and shape-checks; judges nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import type { Bilingual, Grade, SharingType, UpdateCycle } from '../terms.js';
import type { MaskRule } from './model.js';

export interface ItemFile {
  name: string;
  title: string;
  type: string;
  unit?: string;
  note?: string;
  en?: string;
  grade?: Grade;
  personal?: boolean;
  sharing?: SharingType;
  mask?: MaskRule;
  required?: boolean;
  inForce?: string;
  example?: string;
  typical?: string;
}
export interface CategoryFile {
  code: string;
  title: Bilingual;
  type: string;
  field: string;
  provider: string;
  cardinality: 'ONE' | 'MANY';
  identifiedBy?: string[];
  orderedBy?: string;
  updateCycle: UpdateCycle;
  sharing: { type: SharingType; condition?: Bilingual };
  basis: string;
  description: Bilingual;
  grade: Grade;
  version: number;
  released: string;
  typical: { coverage: number; rows?: string; period?: 'MONTHLY' | 'QUARTERLY' | 'YEARLY'; industries?: string[] };
  items: ItemFile[];
}
export interface CodeListFile {
  name: string;
  title: Bilingual;
  codes: { code: string; zh: string; en: string; parent?: string }[];
}
export interface CatalogueFiles {
  categories: { path: string; content: CategoryFile }[];
  codeLists: { path: string; content: CodeListFile }[];
  /** What could not be read or has not the shape of `catalogue.schema.json`. */
  faults: string[];
}

/** Reads every file below `schema/`; a file that is not of the right shape becomes a fault and is left out. */
export function readCatalogueFiles(schemaFolder: string): CatalogueFiles {
  const shape = JSON.parse(readFileSync(join(schemaFolder, 'catalogue.schema.json'), 'utf8'));
  const hasShape = new Ajv({ allErrors: true, strict: false }).compile<CategoryFile>(shape);
  const found: CatalogueFiles = { categories: [], codeLists: [], faults: [] };

  for (const path of yamlFilesBelow(schemaFolder, 'catalogue')) {
    const content = readYaml(schemaFolder, path, found.faults);
    if (content === undefined) continue;
    if (hasShape(content)) found.categories.push({ path, content });
    else found.faults.push(...(hasShape.errors ?? []).map((error) => `${path}: ${told(error, content)}`));
  }
  for (const path of yamlFilesBelow(schemaFolder, 'codes')) {
    const content = readYaml(schemaFolder, path, found.faults);
    if (content === undefined) continue;
    const fault = codeListFault(content, path);
    if (fault) found.faults.push(`${path}: ${fault}`);
    else found.codeLists.push({ path, content: content as CodeListFile });
  }
  return found;
}

function yamlFilesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name))
    .sort();
}

function readYaml(root: string, path: string, faults: string[]): unknown {
  try {
    return parse(readFileSync(join(root, path), 'utf8'));
  } catch (error) {
    faults.push(`${path}: not readable as YAML: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

function told(error: ErrorObject, content: unknown): string {
  const steps = error.instancePath.split('/').slice(1);
  const item = steps[0] === 'items' ? (content as CategoryFile).items?.[Number(steps[1])]?.name : undefined;
  const where = item ? `item ${item} ${steps.slice(2).join('.')}` : steps.join('.');
  const extra = 'additionalProperty' in error.params ? ` (${error.params.additionalProperty})` : '';
  return `${where} ${error.message}${extra}`.trim();
}

function codeListFault(content: unknown, path: string): string | null {
  const list = content as Partial<CodeListFile> | null;
  if (!list?.name || !list.title?.zh || !list.title.en || !Array.isArray(list.codes)) return 'needs name, title {zh, en} and codes';
  if (!path.endsWith(`/${list.name}.yaml`)) return `name ${list.name} is not the file's name`;
  const seen = new Set<string>();
  for (const { code, zh, en, parent, ...rest } of list.codes) {
    // An unquoted comma inside a flow mapping ends the text and starts a key of its own.
    if (Object.keys(rest).length > 0) return `code ${code} has "${Object.keys(rest).join(', ')}" (quote a text that holds a comma)`;
    if (parent !== undefined && typeof parent !== 'string') return `code ${code} has a parent that is no text`;
    if (typeof code !== 'string' || !zh || !en) return `code ${JSON.stringify(code)} needs a quoted code, zh and en`;
    if (seen.has(code)) return `code ${code} occurs twice`;
    seen.add(code);
  }
  return list.codes.length > 0 ? null : 'has no codes';
}
