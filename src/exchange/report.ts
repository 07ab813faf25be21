/**
 * What the decision came to for what was asked: for the caller (errors, `extensions.access`) and for the audit log. Made
 * from permit and inquiry alone, never from what was read, so it cannot tell anything about a value.
 */
import type { Outcomes } from '../access/compile.js';
import { NAME_ITEM, type Permit } from '../access/decide.js';
import { REMEDIES } from '../access/explain.js';
import { fromByte, isGiven, type Outcome, REASONS, type Reason } from '../access/outcome.js';
import type { CategoryOutcome, ConsentUse, ReadEntry } from '../audit/entry.js';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { recordsTypeName } from '../catalogue/naming.js';
import { FAULTS } from '../faults.js';
import type { AskedRead } from './inquiryOf.js';

/** Outcomes of one category of one read, by groups of enterprises that share them. */
interface Group {
  readonly category: Category;
  readonly asked: readonly Item[];
  readonly outcomes: Outcomes;
  /** Positions in the read's list of enterprises. */
  readonly positions: number[];
}
interface Coordinate {
  readonly coordinate: string;
  /** Code of the item, or of the category where nothing but its provenance is asked. */
  readonly code: string;
  masked: number;
  readonly denied: Map<Reason, string[]>;
  asked: number;
}

export interface AccessReport {
  /** One error for each denied schema coordinate, however many enterprises it was denied of. */
  readonly errors: readonly { message: string; extensions: Record<string, unknown> }[];
  readonly access: {
    readonly policyVersion: number;
    readonly masked: readonly string[];
    readonly denied: readonly { coordinate: string; reason: Reason; enterprises?: readonly string[] }[];
  };
  readonly reads: readonly ReadEntry[];
}

export function reportOf(permit: Permit, reads: readonly AskedRead[], unknown: ReadonlyMap<string, ReadonlySet<string>>, catalogue: Catalogue): AccessReport {
  const coordinates = new Map<string, Coordinate>();
  const entries = reads.map((read): ReadEntry => {
    const groups = groupsOf(permit, read, catalogue);
    for (const group of groups) noteCoordinates(coordinates, group, read);
    const missing = unknown.get(read.key);
    const consents = consentsUsed(permit, read, catalogue);
    return {
      field: read.field,
      enterprises: read.usccs,
      categories: groups.map((group) => categoryOutcome(group, read)),
      ...(consents.length > 0 ? { consents } : {}),
      ...(read.invalid > 0 ? { invalid: read.invalid } : {}),
      ...(missing ? { unknown: read.usccs.flatMap((uscc, position) => (missing.has(uscc) ? [position] : [])) } : {}),
    };
  });
  const found = [...coordinates.values()];
  return {
    errors: found.filter(({ denied }) => denied.size > 0).map(errorOf),
    access: {
      policyVersion: permit.policyVersion,
      masked: found.filter(({ masked }) => masked > 0).map(({ coordinate }) => coordinate),
      denied: found.flatMap(({ coordinate, denied, asked }) =>
        [...denied].map(([reason, enterprises]) => ({ coordinate, reason, ...(enterprises.length < asked ? { enterprises } : {}) })),
      ),
    },
    reads: entries,
  };
}

function groupsOf(permit: Permit, read: AskedRead, catalogue: Catalogue): Group[] {
  const categories = [...askedWithName(read, catalogue)];
  const groups = categories.map(() => new Map<Outcomes, Group>());
  read.usccs.forEach((uscc, position) => {
    for (let place = 0; place < categories.length; place++) {
      const [category, asked] = categories[place] as (typeof categories)[number];
      const known = groups[place] as Map<Outcomes, Group>;
      const { outcomes } = permit.of(uscc, category);
      const group = known.get(outcomes);
      if (group) group.positions.push(position);
      else known.set(outcomes, { category, asked, outcomes, positions: [position] });
    }
  });
  return groups.flatMap((known) => [...known.values()]);
}

/** Which consents the outcomes rest on, enterprise by enterprise. */
function consentsUsed(permit: Permit, read: AskedRead, catalogue: Catalogue): ConsentUse[] {
  const categories = [...askedWithName(read, catalogue)];
  const uses: ConsentUse[] = [];
  read.usccs.forEach((uscc, enterprise) => {
    const covered = new Map<string, string[]>();
    for (const [category, asked] of categories) {
      const { consents } = permit.of(uscc, category);
      // Where nothing was given, no consent was used.
      if (consents.length === 0 || !permit.fetches(uscc, category, asked)) continue;
      for (const id of consents) {
        const codes = covered.get(id);
        if (codes) codes.push(category.code);
        else covered.set(id, [category.code]);
      }
    }
    for (const [id, codes] of covered) uses.push({ id, enterprise, ...(codes.length < categories.length ? { categories: codes } : {}) });
  });
  return uses;
}

/** `Enterprise.name` is governed as an item of the registration, asked or not asked there. */
function askedWithName(read: AskedRead, catalogue: Catalogue): Map<Category, readonly Item[]> {
  const asked = new Map(read.asked);
  const item = read.name ? catalogue.item(NAME_ITEM) : undefined;
  const category = item && catalogue.category(item.code.slice(0, item.code.lastIndexOf('.')));
  if (item && category) asked.set(category, [...new Set([...(asked.get(category) ?? []), item])]);
  return asked;
}

function noteCoordinates(coordinates: Map<string, Coordinate>, { category, asked, outcomes, positions }: Group, read: AskedRead): void {
  const told =
    asked.length > 0 ? asked.map(({ coordinate, code, index }) => ({ coordinate, code, outcome: fromByte(outcomes[index]) })) : [asWhole(category, outcomes)];
  for (const { coordinate, code, outcome } of told) {
    let noted = coordinates.get(coordinate);
    if (!noted) coordinates.set(coordinate, (noted = { coordinate, code, masked: 0, denied: new Map(), asked: 0 }));
    noted.asked += positions.length;
    if (outcome.effect === 'MASKED') noted.masked += positions.length;
    if (outcome.effect !== 'DENIED') continue;
    const enterprises = noted.denied.get(outcome.reason) ?? [];
    for (const position of positions) enterprises.push(read.usccs[position] as string);
    noted.denied.set(outcome.reason, enterprises);
  }
}

/** Where only provenance is asked, the category stands for its items: denied when all of them are, for the mildest reason. */
function asWhole({ code, domain, field, items }: Category, outcomes: Outcomes): { code: string; coordinate: string; outcome: Outcome } {
  const bytes = items.map(({ index }) => outcomes[index] as number);
  const outcome: Outcome = bytes.some(isGiven) ? { effect: 'CLEAR' } : fromByte(Math.max(...bytes));
  return { code, coordinate: `${recordsTypeName(domain)}.${field}`, outcome };
}

function errorOf({ coordinate, code, denied, asked }: Coordinate) {
  // Where enterprises differ in the reason, the first of the closed list is told; `access.denied` has them all.
  const reason = REASONS.find((candidate) => denied.has(candidate)) as Reason;
  const count = [...denied.values()].reduce((sum, enterprises) => sum + enterprises.length, 0);
  const { zh, en } = FAULTS.ITEM_DENIED.message;
  const remedy = REMEDIES[reason];
  return {
    message: `${zh} / ${en}: ${coordinate}`,
    extensions: {
      code: 'ITEM_DENIED',
      reason,
      item: code,
      coordinate,
      remedy: `${remedy.zh} / ${remedy.en}`,
      ...(asked > 1 ? { enterprises: { denied: count, of: asked } } : {}),
    },
  };
}

function categoryOutcome({ category, asked, outcomes, positions }: Group, read: AskedRead): CategoryOutcome {
  const clear: string[] = [];
  const masked: string[] = [];
  const denied: Partial<Record<Reason, string[]>> = {};
  for (const { index, name } of asked) {
    const outcome = fromByte(outcomes[index]);
    if (outcome.effect === 'CLEAR') clear.push(name);
    else if (outcome.effect === 'MASKED') masked.push(name);
    else (denied[outcome.reason] ??= []).push(name);
  }
  // Of provenance alone there is no item to name, but a denial there is.
  const whole = asked.length > 0 ? null : asWhole(category, outcomes).outcome;
  if (whole?.effect === 'DENIED') denied[whole.reason] = [];
  return {
    category: category.code,
    ...(positions.length < read.usccs.length ? { enterprises: positions } : {}),
    ...(clear.length > 0 ? { clear } : {}),
    ...(masked.length > 0 ? { masked } : {}),
    ...(Object.keys(denied).length > 0 ? { denied } : {}),
  };
}
