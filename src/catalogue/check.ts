/**
 * The law of the catalogue, as one ordered list of rules. Each rule names what is wrong, in which file, so that the
 * author can mend it; `catalogue check` and the tests run them all.
 */
import type { CatalogueFiles, CategoryFile, ItemFile } from './files.js';

/** The product's figures: the zone is these, exactly. */
export const PROMISED = { providers: 27, categories: 256, items: 3158 } as const;

const MASK_OF_TYPE: Record<string, string> = {
  personName: 'name',
  idNumber: 'idNumber',
  phone: 'phone',
  accountNumber: 'accountNumber',
  address: 'address',
  email: 'email',
};
const MASKS_FITTING: Record<string, readonly string[]> = {
  string: ['redact'],
  text: ['redact'],
  integer: ['round', 'withhold'],
  decimal: ['round', 'withhold'],
  date: ['year', 'withhold'],
  datetime: ['year', 'withhold'],
  boolean: ['withhold'],
  code: ['withhold'],
  uscc: ['uscc'],
};
const SAYS_NOTHING =
  /^(field|value|item|data|info|information|content|other|others|misc|remark|remarks|note|notes|extra|attribute|property|details?|other(Information|Info|Data|Content|Remarks?))$/i;
const RESERVED_TYPES =
  /^(Query|Mutation|Subscription|Enterprise|Item|Category|Provider|Provenance|Catalogue|Inquiry|Access|ItemAccess|Purpose|Reason|Effect|Freshness|Cardinality|SharingType|UpdateCycle|DataType|MaskRule|Code|CodeList|BilingualText|EnterpriseEntry|PageInfo|Date|DateTime|Decimal|USCC|String|Int|Float|Boolean|ID|Moment|Governance|Consent|Proposal|AccessRequest|UserError|RateLimit|Remedy|Simulation|RegisteredOperation|UserErrorCode|GrantEffect|AgreementEntry|GrantEntry|AllowanceEntry|ItemSettingEntry|ConsentStanding|RemedyAction|SourcePlace|QueryCost|DeniedCoordinate|MissingConsent|ConsentGap|StaleCategory|AffectedItem|CategoryChange|Sight|ItemChange|Subject|AffectedReads|LeastPrivilegeReport|UnusedItem|Checkpoint|ProvenReceipt|InclusionProof|ConsistencyProof|AuditKey|EnterpriseStatement|DisclosureDelayEntry|Alert|AlertFigure|AlertSubject|AlertEvent|AlertRule|CaseReport)$|^Past|^Policy|^Institution|^Audit|^Statement|^Usage|(Records|Connection|Edge|Input|Result|Problem|Page|Payload|State|Kind|Role|Preview|Decision)$/;
/** Names that rows have beside their items, and those that every object has from birth. */
const RESERVED_FIELDS = new Set(['provenance', 'cursor', ...Object.getOwnPropertyNames(Object.prototype)]);

type Rule = (files: CatalogueFiles) => Iterable<string>;

const eachCategory = (check: (category: CategoryFile, path: string) => Iterable<string>): Rule =>
  function* (files) {
    for (const { path, content } of files.categories) for (const fault of check(content, path)) yield `${path}: ${fault}`;
  };
const eachItem = (check: (item: ItemFile, category: CategoryFile) => string | false | undefined): Rule =>
  eachCategory(function* (category) {
    for (const item of category.items) {
      const fault = check(item, category);
      if (fault) yield `item ${item.name} ${fault}`;
    }
  });

const gradeOf = (item: ItemFile, category: CategoryFile) => item.grade ?? category.grade;
const sharingOf = (item: ItemFile, category: CategoryFile) => item.sharing ?? category.sharing.type;
const baseType = (item: ItemFile) => item.type.replace(/\(.*/, '');

const codeIsPath: Rule = eachCategory(function* ({ code }, path) {
  if (path.replace(/\\/g, '/') !== `catalogue/${code.replace('.', '/')}.yaml`) yield `code ${code} is not the file's path`;
});
const namesKnownPlaces: Rule = (files) => {
  const codes = (list: string) => new Set(files.codeLists.find(({ content }) => content.name === list)?.content.codes.map(({ code }) => code));
  const [providers, domains, sections] = [codes('provider'), codes('domain'), codes('industry')];
  return eachCategory(function* ({ provider, code, typical }) {
    if (!providers.has(provider)) yield `provider ${provider} is not in codes/provider.yaml`;
    if (!domains.has(code.split('.')[0] as string)) yield `domain ${code.split('.')[0]} is not in codes/domain.yaml`;
    for (const section of typical.industries ?? []) if (!sections.has(section)) yield `industry ${section} is not in codes/industry.yaml`;
  })(files);
};
const typesAreUnique: Rule = (files) => repeated(files.categories.map(({ content, path }) => [`GraphQL type ${content.type}`, path]));
const fieldsAreUnique: Rule = (files) =>
  repeated(files.categories.map(({ content, path }) => [`GraphQL field ${content.code.split('.')[0]}.${content.field}`, path]));
const typesAreFree: Rule = eachCategory(function* ({ type }) {
  if (RESERVED_TYPES.test(type)) yield `GraphQL type ${type} is reserved`;
});
const categoryTitlesDiffer: Rule = function* (files) {
  const titles = files.categories.flatMap(({ content: { title }, path }) => [title.zh, title.en].map((text): [string, string] => [text, path]));
  yield* repeated(titles.map(([text, path]) => [`category title ${text}`, path]));
  for (const [text, path] of titles) if (/[0-9０-９]$/.test(text)) yield `${path}: category title ${text} is numbered`;
};
const itemNamesAreUnique: Rule = (files) =>
  repeated(files.categories.flatMap(({ content, path }) => content.items.map(({ name }) => [`item name ${name} in ${path}`, path] as [string, string])));
const itemTitlesAreUnique: Rule = (files) =>
  repeated(files.categories.flatMap(({ content, path }) => content.items.map(({ title }) => [`item title ${title} in ${path}`, path] as [string, string])));
const itemNamesSaySomething: Rule = eachItem(({ name, title }) => {
  if (RESERVED_FIELDS.has(name)) return 'has a reserved name';
  if (SAYS_NOTHING.test(name)) return 'has a name that says nothing';
  if (/\d/.test(name) || /[0-9０-９]$/.test(title)) return 'has a numbered name';
  return false;
});
const codeListsExist: Rule = (files) => {
  const lists = new Set(files.codeLists.map(({ content }) => content.name));
  return eachItem(({ type }) => {
    const list = /^code\((.+)\)$/.exec(type)?.[1];
    return list !== undefined && !lists.has(list) && `names the code list ${list}, which does not exist`;
  })(files);
};
const personalDataAreNotPublic: Rule = eachItem((item, category) => item.personal === true && gradeOf(item, category) === 1 && 'is personal and of grade 1');
const personalTypesSaySo: Rule = eachItem(
  (item) => ['personName', 'idNumber'].includes(item.type) && item.personal !== true && `is a ${item.type} without "personal: true"`,
);
const identityNumbersAreGradeFour: Rule = eachItem(
  (item, category) => item.type === 'idNumber' && gradeOf(item, category) !== 4 && 'is an identity number below grade 4',
);
const masksFit: Rule = eachItem((item, category) => {
  const wanted = MASK_OF_TYPE[item.type];
  if (wanted) return item.mask !== wanted && `is a ${item.type} and needs "mask: ${wanted}"`;
  const fitting = MASKS_FITTING[baseType(item)] ?? [];
  if (item.mask === undefined) return gradeOf(item, category) === 4 && baseType(item) !== 'uscc' && `is of grade 4 and needs a mask (${fitting.join(' or ')})`;
  return !fitting.includes(item.mask) && `cannot have "mask: ${item.mask}" (${fitting.join(' or ')})`;
});
const notSharedIsSensitive: Rule = eachItem(
  (item, category) => sharingOf(item, category) === 'NOT_SHARED' && gradeOf(item, category) < 3 && 'is NOT_SHARED below grade 3',
);
const numbersHaveUnits: Rule = eachItem((item) => ['integer', 'decimal'].includes(item.type) && !item.unit && 'is a number without a unit');
const stringsHaveExamples: Rule = eachItem((item) => ['string', 'text'].includes(item.type) && !item.example && 'is a string without an example');
const rowsAreIdentified: Rule = eachCategory(function* ({ identifiedBy = [], orderedBy, items }) {
  for (const name of identifiedBy) {
    const item = items.find((candidate) => candidate.name === name);
    if (!item) yield `identifiedBy names ${name}, which is not an item`;
    else if (!item.required) yield `identifies rows by ${name}, which is not required`;
    else if (item.personal) yield `identifies rows by ${name}, which is personal`;
  }
  const ordering = items.find((candidate) => candidate.name === orderedBy);
  if (orderedBy && !['date', 'datetime', 'integer', 'decimal'].includes(ordering?.type ?? '')) yield `orderedBy ${orderedBy} is no date or number of its items`;
});
const typicalIsReadable: Rule = eachCategory(function* ({ items, cardinality, typical }) {
  if (cardinality === 'MANY' && !typical.rows) yield 'typical.rows is missing';
  const after = new Map<string, string>();
  for (const { name, type, typical: hint } of items) {
    if (!hint) continue;
    const dated = type === 'date' || type === 'datetime';
    const read = (dated ? /^-?[\d.]+\.\.-?[\d.]+ after (\w+)$/ : /^-?[\d.]+?\.\.-?[\d.]+(?: of (\w+))?$/).exec(hint);
    if (!read) yield `item ${name} typical "${hint}" is not readable`;
    else if (read[1] && !BASES.has(read[1])) {
      if (!items.some((item) => item.name === read[1])) yield `item ${name} typical names ${read[1]}, which is neither a measure of the firm nor an item`;
      after.set(name, read[1]);
    }
  }
  for (const start of after.keys()) {
    const seen = new Set([start]);
    for (let next = after.get(start); next !== undefined; next = after.get(next)) {
      if (seen.has(next)) {
        yield `item ${start} typical runs in a circle`;
        break;
      }
      seen.add(next);
    }
  }
});
const BASES = new Set(['revenue', 'headcount', 'capital', 'assets', 'payroll', 'founding']);

const categoriesDiffer: Rule = function* (files) {
  const names = files.categories.map(({ path, content }) => ({ path, items: new Set(content.items.map(({ name }) => name)) }));
  for (const [position, left] of names.entries()) {
    for (const right of names.slice(position + 1)) {
      const shared = [...left.items].filter((name) => right.items.has(name));
      if (shared.length > Math.min(left.items.size, right.items.size) / 2) {
        yield `${left.path} and ${right.path} share more than half of their items: ${shared.join(', ')}`;
      }
    }
  }
};
const totalsAreKept: Rule = function* (files) {
  const items = files.categories.reduce((sum, { content }) => sum + content.items.length, 0);
  const providers = new Set(files.categories.map(({ content }) => content.provider)).size;
  const found = { providers, categories: files.categories.length, items };
  for (const [what, wanted] of Object.entries(PROMISED)) {
    const count = found[what as keyof typeof PROMISED];
    if (count !== wanted) yield `the zone has ${count} ${what}; it must have ${wanted}`;
  }
};

/** Rules on single files and their neighbours, in the order in which an author would mend them. */
export const CATALOGUE_RULES: readonly Rule[] = Object.freeze([
  codeIsPath,
  namesKnownPlaces,
  typesAreUnique,
  typesAreFree,
  fieldsAreUnique,
  categoryTitlesDiffer,
  itemNamesAreUnique,
  itemTitlesAreUnique,
  itemNamesSaySomething,
  codeListsExist,
  personalDataAreNotPublic,
  personalTypesSaySo,
  identityNumbersAreGradeFour,
  masksFit,
  notSharedIsSensitive,
  numbersHaveUnits,
  stringsHaveExamples,
  rowsAreIdentified,
  typicalIsReadable,
  categoriesDiffer,
  totalsAreKept,
]);

/** Every fault of the catalogue, shape first; empty when it may be served. */
export function checkCatalogue(files: CatalogueFiles): string[] {
  return [...files.faults, ...CATALOGUE_RULES.flatMap((rule) => [...rule(files)])];
}

function* repeated(entries: [what: string, path: string][]): Iterable<string> {
  const first = new Map<string, string>();
  for (const [what, path] of entries) {
    const earlier = first.get(what);
    if (earlier !== undefined) yield `${path}: ${what} occurs twice${earlier === path ? '' : ` (also in ${earlier})`}`;
    else first.set(what, path);
  }
}
