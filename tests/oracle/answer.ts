/**
 * The answer that must come: data as text, every error, `extensions.access`, and what it cost. Goes through the question
 * like a clerk with the rules in one hand and the records in the other.
 */
import type { CategoryFacts, ItemFacts } from './catalogue.js';
import { maskedValue, type Value } from './masks.js';
import { type Asker, type Policy, REASON_ORDER, type Verdict, verdictOn } from './policy.js';
import { fieldsOn, type Inquiry, isIncluded, type Question, type Resolved, type Root, type Selection } from './question.js';
import { readCode } from './uscc.js';

export type StoredRow = Readonly<Record<string, Value>>;
export interface StoredRecord {
  /** One row of a category of which there is one; rows in the order delivered where there are many. */
  readonly rows: readonly StoredRow[];
  readonly dataTime: string;
  readonly receivedAt: string;
  readonly delivery: number;
  readonly version: number;
}
export interface Zone {
  readonly categories: ReadonlyMap<string, CategoryFacts>;
  /** Registered names of the enterprises that the zone holds. */
  readonly names: ReadonlyMap<string, string>;
  /** By `uscc category`. */
  readonly records: ReadonlyMap<string, StoredRecord>;
  readonly policy: Policy;
  readonly kinds: ReadonlyMap<string, string>;
  readonly time: number;
  readonly databaseTime: number;
}

export type Expected =
  /** Nothing is given; one of these codes is told. */
  | { readonly refused: readonly string[] }
  | {
      readonly refused: null;
      readonly data: string;
      /** Sorted lines: one a denied coordinate, one a stale cursor. */
      readonly errors: readonly string[];
      readonly masked: readonly string[];
      readonly denied: readonly string[];
      readonly requested: number;
      readonly actual: number;
    };

const NAME = 'registration.basic.enterpriseName';

interface Read {
  readonly root: Extract<Root, { selections: readonly Selection[] }>;
  /** Distinct codes that are valid. */
  readonly usccs: readonly string[];
  readonly name: boolean;
  readonly asked: ReadonlyMap<CategoryFacts, readonly ItemFacts[]>;
}

class BadPage extends Error {}

export function expectedAnswer(zone: Zone, question: Question): Expected {
  const roots = question.roots.filter((root) => isIncluded(root.directive));
  const kind = zone.kinds.get(question.institution);
  // Who asks is looked at before what is asked.
  if (kind === undefined || !zone.policy.residence.some(({ institution }) => institution === question.institution)) return { refused: ['CALLER_UNKNOWN'] };
  const inquiries = roots.flatMap((root) => (root.field === 'myAccess' ? [] : [root.inquiry.value]));
  const refusals = refusalsOf(roots, inquiries);
  if (refusals.length > 0) return { refused: refusals };

  const clerk = new Clerk(zone, {
    institution: question.institution,
    kind,
    purpose: inquiries[0]?.purpose ?? '',
    time: zone.time,
    databaseTime: zone.databaseTime,
  });
  try {
    return clerk.answer(roots);
  } catch (error) {
    if (error instanceof BadPage) return { refused: ['INVALID_PAGE'] };
    throw error;
  }
}

function refusalsOf(roots: readonly Root[], inquiries: readonly Inquiry[]): string[] {
  const refusals: string[] = [];
  if (inquiries.some(({ caseNumber }) => caseNumber.trim() === '' || caseNumber.trim().length > 64 || /\p{C}/u.test(caseNumber.trim())))
    refusals.push('INVALID_INQUIRY');
  if (new Set(inquiries.map(({ purpose, caseNumber }) => `${purpose} ${caseNumber.trim()}`)).size > 1) refusals.push('MIXED_INQUIRIES');
  if (roots.some((root) => root.field === 'enterprise' && readCode(root.uscc.value).wrong !== null)) refusals.push('INVALID_USCC');
  return refusals;
}

class Clerk {
  readonly #fetched = new Set<string>();
  readonly #stale: string[] = [];
  readonly #verdicts = new Map<string, Verdict>();

  constructor(
    private readonly zone: Zone,
    private readonly asker: Asker,
  ) {}

  answer(roots: readonly Root[]): Expected {
    const data: Record<string, unknown> = {};
    const reads: Read[] = [];
    let requested = 0;
    for (const root of roots) {
      const key = root.alias ?? root.field;
      if (root.field === 'myAccess') {
        data[key] = this.#myAccess(root);
        continue;
      }
      const typed = root.field === 'enterprise' ? [root.uscc.value] : root.usccs.value;
      const read = this.#readOf(root, typed);
      reads.push(read);
      const answers = typed.map((code, position) => this.#enterprise(read, code, root.field === 'enterprises' ? [key, position] : [key]));
      data[key] = root.field === 'enterprise' ? answers[0] : answers;
      // Every time a category is named it is written out, and a code asked twice is written twice.
      const enterprise = fieldsOn(root.selections, ['Enterprise', 'EnterpriseProblem']);
      const named = enterprise.reduce((sum, domain) => sum + this.#categoriesOf(domain).length, 0);
      requested += typed.filter((code) => readCode(code).wrong === null).length * Math.max(1, named);
    }
    return { refused: null, data: JSON.stringify(data), ...this.#told(reads), requested, actual: this.#fetched.size };
  }

  /** Asked many times over for one answer, so remembered for as long. */
  #verdict(uscc: string, category: CategoryFacts, item: ItemFacts): Verdict {
    const key = `${uscc} ${item.code}`;
    let verdict = this.#verdicts.get(key);
    if (!verdict) this.#verdicts.set(key, (verdict = verdictOn(this.zone.policy, this.asker, uscc, category, item)));
    return verdict;
  }

  #categoriesOf(domain: Resolved): { category: CategoryFacts; selected: Resolved }[] {
    const type = recordsType(domain.field.name);
    return fieldsOn(domain.selections, [type]).flatMap((selected) => {
      const category = [...this.zone.categories.values()].find((one) => one.domain === domain.field.name && one.field === selected.field.name);
      return category ? [{ category, selected }] : [];
    });
  }

  /** All that a root field asks of each of its enterprises, wherever below it stands. */
  #readOf(root: Read['root'], typed: readonly string[]): Read {
    const asked = new Map<CategoryFacts, ItemFacts[]>();
    const enterprise = fieldsOn(root.selections, ['Enterprise']);
    for (const domain of enterprise) {
      for (const { category, selected } of this.#categoriesOf(domain)) {
        const items = asked.get(category) ?? [];
        for (const { field } of fieldsOn(selected.selections, [category.type])) {
          const item = category.items.find(({ name }) => name === field.name);
          if (item && !items.includes(item)) items.push(item);
        }
        asked.set(category, items);
      }
    }
    const usccs = [...new Set(typed.map(readCode).flatMap(({ wrong, code }) => (wrong === null ? [code] : [])))];
    return { root, usccs, asked, name: enterprise.some(({ field }) => field.name === 'name') };
  }

  /** A category is looked up where one of the items asked is given, or any item where only its source is asked. */
  #isLookedUp(read: Read, uscc: string, category: CategoryFacts): boolean {
    const asked = read.asked.get(category) ?? [];
    return (asked.length === 0 ? category.items : asked).some((item) => this.#verdict(uscc, category, item).effect !== 'DENIED');
  }

  #nameVerdict(uscc: string): Verdict {
    const category = this.zone.categories.get('registration.basic') as CategoryFacts;
    return this.#verdict(uscc, category, category.items.find(({ code }) => code === NAME) as ItemFacts);
  }

  #enterprise(read: Read, typed: string, path: readonly (string | number)[]): unknown {
    const { code: uscc, wrong } = readCode(typed);
    if (wrong !== null)
      return this.#problem(read, typed.slice(0, 40), 'INVALID_USCC', `统一社会信用代码不正确 / The unified social credit code is not valid: ${wrong}`);
    const lookedUp = [...read.asked.keys()].filter((category) => this.#isLookedUp(read, uscc, category));
    for (const category of lookedUp) this.#fetched.add(`${uscc} ${category.code}`);
    const nameCounts = read.name || read.asked.size === 0;
    const mayKnow = lookedUp.length > 0 || (nameCounts && this.#nameVerdict(uscc).effect !== 'DENIED');
    const registered = this.zone.names.get(uscc);
    // Whether an enterprise exists is told only to those who are given something of it.
    if (mayKnow && registered === undefined) {
      return read.root.field === 'enterprise' ? null : this.#problem(read, uscc, 'ENTERPRISE_UNKNOWN', '专区中没有该企业 / The zone holds no such enterprise');
    }
    const given: Record<string, unknown> = {};
    for (const below of fieldsOn(read.root.selections, ['Enterprise'])) {
      const { name } = below.field;
      if (name === '__typename') given[below.key] = 'Enterprise';
      else if (name === 'uscc') given[below.key] = uscc;
      else if (name === 'name') given[below.key] = this.#name(uscc, registered);
      else given[below.key] = this.#domain(read, uscc, below, [...path, below.key]);
    }
    return given;
  }

  #problem(read: Read, uscc: string, code: string, message: string): Record<string, unknown> {
    const facts: Record<string, string> = { uscc, code, message, __typename: 'EnterpriseProblem' };
    return Object.fromEntries(fieldsOn(read.root.selections, ['EnterpriseProblem']).map(({ key, field }) => [key, facts[field.name]]));
  }

  #name(uscc: string, registered: string | undefined): Value | null {
    const { effect } = this.#nameVerdict(uscc);
    if (effect === 'DENIED' || registered === undefined) return null;
    return effect === 'CLEAR' ? registered : '***';
  }

  #domain(read: Read, uscc: string, domain: Resolved, path: readonly (string | number)[]): Record<string, unknown> {
    const given: Record<string, unknown> = {};
    const known = this.#categoriesOf(domain);
    for (const below of fieldsOn(domain.selections, [recordsType(domain.field.name)])) {
      const named = known.find(({ selected }) => selected.key === below.key);
      given[below.key] = named ? this.#category(read, uscc, named.category, below, [...path, below.key]) : recordsType(domain.field.name);
    }
    return given;
  }

  #category(read: Read, uscc: string, category: CategoryFacts, selected: Resolved, path: readonly (string | number)[]): unknown {
    if (!this.#isLookedUp(read, uscc, category)) return null;
    const record = this.zone.records.get(`${uscc} ${category.code}`);
    if (record === undefined) return null;
    const rows = this.#rowsInOrder(read, uscc, category, record);
    const rowAt = (position: number) => this.#row(uscc, category, record, rows[position] as StoredRow, position, selected);
    if (!category.many) return rows.length > 0 ? rowAt(0) : null;

    const first = selected.field.first?.value ?? 100;
    if (first < 1 || first > 100) throw new BadPage();
    let begin = 0;
    if (selected.field.after !== undefined) {
      if (read.usccs.length > 1) throw new BadPage();
      const place = /^(\d+)\.(\d+)$/.exec(Buffer.from(selected.field.after, 'base64url').toString());
      if (!place) throw new BadPage();
      if (Number(place[1]) !== record.version) {
        this.#stale.push(`CURSOR_STALE at ${path.join('.')}`);
        return null;
      }
      begin = Number(place[2]);
    }
    return rows.slice(begin, begin + first).map((_, offset) => rowAt(begin + offset));
  }

  /**
   * Rows lie in the order of one item. Where that is not clear to the asker, and among rows of which it is equal, rows are
   * ordered by what is visible anyway: the text of the values asked, clear ones before masked ones.
   */
  #rowsInOrder(read: Read, uscc: string, category: CategoryFacts, record: StoredRecord): readonly StoredRow[] {
    const { orderedBy, items } = category;
    if (orderedBy === null) return record.rows;
    const ordering = items.find(({ name }) => name === orderedBy) as ItemFacts;
    const orderIsClear = this.#verdict(uscc, category, ordering).effect === 'CLEAR';
    const asked = read.asked.get(category) ?? [];
    const shown = (row: StoredRow): string => {
      const entries: [string, Value | null][] = [];
      for (const effect of ['CLEAR', 'MASKED']) {
        for (const item of asked) if (this.#verdict(uscc, category, item).effect === effect) entries.push([item.name, this.#value(uscc, category, item, row)]);
      }
      return JSON.stringify(Object.fromEntries(entries));
    };
    const runs: StoredRow[][] = [];
    for (const row of record.rows) {
      const last = runs.at(-1);
      if (last && (!orderIsClear || last[0]?.[orderedBy] === row[orderedBy])) last.push(row);
      else runs.push([row]);
    }
    return runs.flatMap((run) => {
      const texts = run.map((row) => ({ row, text: shown(row) }));
      // Equal texts look the same, so their order tells nothing.
      texts.sort((one, other) => (one.text === other.text ? 0 : one.text < other.text ? -1 : 1));
      return texts.map(({ row }) => row);
    });
  }

  #value(uscc: string, category: CategoryFacts, item: ItemFacts, row: StoredRow): Value | null {
    const { effect } = this.#verdict(uscc, category, item);
    const value = row[item.name];
    if (effect === 'DENIED' || value === undefined) return null;
    return effect === 'CLEAR' ? value : maskedValue(item, value);
  }

  #row(uscc: string, category: CategoryFacts, record: StoredRecord, row: StoredRow, position: number, selected: Resolved): Record<string, unknown> {
    const given: Record<string, unknown> = {};
    for (const { key, field, selections } of fieldsOn(selected.selections, [category.type])) {
      const item = category.items.find(({ name }) => name === field.name);
      if (item) given[key] = this.#value(uscc, category, item, row);
      else if (field.name === 'provenance') given[key] = this.#provenance(category, record, selections);
      else if (field.name === 'cursor') given[key] = Buffer.from(`${record.version}.${position + 1}`).toString('base64url');
      else given[key] = category.type;
    }
    return given;
  }

  #provenance(category: CategoryFacts, record: StoredRecord, selections: readonly Selection[]): Record<string, unknown> {
    const days = DAYS_UNTIL_DUE[category.updateCycle] as number | null;
    const due = days === null ? null : Date.parse(record.dataTime) + days * 86_400_000;
    const facts: Record<string, unknown> = {
      provider: category.provider,
      dataTime: new Date(record.dataTime).toISOString(),
      receivedAt: new Date(record.receivedAt).toISOString(),
      delivery: `${record.delivery}`,
      updateCycle: category.updateCycle,
      dueBy: due === null ? null : new Date(due).toISOString(),
      freshness: due === null ? 'UNKNOWN' : this.asker.time > due ? 'OVERDUE' : 'FRESH',
      __typename: 'Provenance',
    };
    return Object.fromEntries(fieldsOn(selections, ['Provenance']).map(({ key, field }) => [key, facts[field.name]]));
  }

  #myAccess({ purpose, category: code, uscc: typed }: Extract<Root, { field: 'myAccess' }>): unknown[] {
    const category = this.zone.categories.get(code) as CategoryFacts;
    const asker = { ...this.asker, purpose };
    const uscc = typed === null ? null : readCode(typed).code;
    return category.items.map((item) => {
      const { effect, reason, grants, consents } = verdictOn(this.zone.policy, asker, uscc, category, item);
      return { item: item.code, outcome: effect, reason, grants, consents };
    });
  }

  /** One error for each denied coordinate, with how many of the enterprises asked it concerns; and the same for `access`. */
  #told(reads: readonly Read[]): { errors: string[]; masked: string[]; denied: string[] } {
    const coordinates = new Map<string, { code: string; verdicts: { uscc: string; effect: string; reason: string | null }[] }>();
    const note = (coordinate: string, code: string, uscc: string, { effect, reason }: Pick<Verdict, 'effect' | 'reason'>) => {
      const noted = coordinates.get(coordinate) ?? { code, verdicts: [] };
      coordinates.set(coordinate, noted);
      noted.verdicts.push({ uscc, effect, reason });
    };
    for (const read of reads) {
      for (const uscc of read.usccs) {
        for (const [category, items] of read.asked) {
          for (const item of items) note(item.coordinate, item.code, uscc, this.#verdict(uscc, category, item));
          // The name is told of below, as the item it is.
          const nameStands = read.name && category.code === 'registration.basic';
          if (items.length === 0 && !nameStands)
            note(`${recordsType(category.domain)}.${category.field}`, category.code, uscc, this.#wholeCategory(uscc, category));
        }
        const nameAsked = [...read.asked.values()].flat().some(({ code }) => code === NAME);
        if (read.name && !nameAsked) note('EnterpriseRegistration.enterpriseName', NAME, uscc, this.#nameVerdict(uscc));
      }
    }
    const errors = [...this.#stale];
    const masked: string[] = [];
    const denied: string[] = [];
    for (const [coordinate, { code, verdicts }] of coordinates) {
      if (verdicts.some(({ effect }) => effect === 'MASKED')) masked.push(coordinate);
      const denials = verdicts.filter(({ effect }) => effect === 'DENIED');
      if (denials.length === 0) continue;
      const reasons = REASON_ORDER.filter((reason) => denials.some((one) => one.reason === reason));
      const share = verdicts.length > 1 ? ` ${denials.length}/${verdicts.length}` : '';
      errors.push(`ITEM_DENIED ${coordinate} ${code} ${reasons[0]}${share}`);
      for (const reason of reasons) {
        const whose = denials.filter((one) => one.reason === reason).map(({ uscc }) => uscc);
        denied.push(`${coordinate} ${reason} ${whose.length === verdicts.length ? 'all' : whose.sort().join()}`);
      }
    }
    return { errors: errors.sort(), masked: masked.sort(), denied: denied.sort() };
  }

  /** Where nothing but the source of a category is asked: given when any item is, else denied for the mildest reason. */
  #wholeCategory(uscc: string, category: CategoryFacts): Pick<Verdict, 'effect' | 'reason'> {
    const verdicts = category.items.map((item) => this.#verdict(uscc, category, item));
    if (verdicts.some(({ effect }) => effect !== 'DENIED')) return { effect: 'CLEAR', reason: null };
    const mildest = [...REASON_ORDER].reverse().find((reason) => verdicts.some((one) => one.reason === reason)) as string;
    return { effect: 'DENIED', reason: mildest };
  }
}

/** Days from one data time to the next, with those in which a provider hands a period in. */
const DAYS_UNTIL_DUE: Readonly<Record<string, number | null>> = {
  REAL_TIME: 1,
  DAILY: 2,
  WEEKLY: 9,
  MONTHLY: 46,
  QUARTERLY: 121,
  YEARLY: 426,
  ON_DEMAND: null,
};

function recordsType(domain: string): string {
  return `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Records`;
}
