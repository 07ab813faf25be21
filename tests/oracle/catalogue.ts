/** The oracle's own reading of the catalogue: plain facts from the YAML files, in the words of the files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface ItemFacts {
  readonly code: string;
  readonly name: string;
  readonly coordinate: string;
  readonly type: string;
  readonly grade: number;
  readonly sharing: string;
  readonly personal: boolean;
  readonly mask: string;
  readonly inForceFrom: string | null;
}
export interface CategoryFacts {
  readonly code: string;
  readonly domain: string;
  readonly provider: string;
  readonly type: string;
  readonly field: string;
  readonly many: boolean;
  readonly orderedBy: string | null;
  readonly updateCycle: string;
  readonly items: readonly ItemFacts[];
}

/** How an item is masked that names no way of its own. */
const USUAL_MASK: Readonly<Record<string, string>> = {
  string: 'redact',
  text: 'redact',
  integer: 'round',
  decimal: 'round',
  date: 'year',
  datetime: 'year',
  boolean: 'withhold',
  code: 'withhold',
  uscc: 'uscc',
};

/** The categories of these codes, from the files below `folder`. */
export function readCategories(folder: string, wanted: readonly string[]): Map<string, CategoryFacts> {
  const found = new Map<string, CategoryFacts>();
  for (const code of wanted) found.set(code, categoryOf(parse(readFileSync(join(folder, `${code.replace('.', '/')}.yaml`), 'utf8'))));
  return found;
}

// biome-ignore lint/suspicious/noExplicitAny: a YAML file as it comes
function categoryOf(file: any): CategoryFacts {
  return {
    code: file.code,
    domain: file.code.slice(0, file.code.indexOf('.')),
    provider: file.provider,
    type: file.type,
    field: file.field,
    many: file.cardinality === 'MANY',
    orderedBy: file.cardinality === 'MANY' ? file.orderedBy : null,
    updateCycle: file.updateCycle,
    // biome-ignore lint/suspicious/noExplicitAny: see above
    items: file.items.map((item: any): ItemFacts => {
      const type = String(item.type).split('(')[0] as string;
      return {
        code: `${file.code}.${item.name}`,
        name: item.name,
        coordinate: `${file.type}.${item.name}`,
        type,
        grade: item.grade === undefined ? file.grade : item.grade,
        sharing: item.sharing === undefined ? file.sharing.type : item.sharing,
        personal: item.personal === true,
        mask: item.mask === undefined ? (USUAL_MASK[type] ?? type) : item.mask,
        inForceFrom: item.inForce === undefined ? null : item.inForce,
      };
    }),
  };
}
