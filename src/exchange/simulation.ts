/**
 * A draft of policy tried out: what institutions would see under it, and which of their past reads it concerns. Reads the
 * log page by page and lets requests have their turn in between; reads no record and changes nothing.
 */
import { type Change, compareStandings } from '../access/compare.js';
import { compile, type Subject } from '../access/compile.js';
import type { ConsentState, Standing } from '../access/evidence.js';
import { fromByte, type Outcome } from '../access/outcome.js';
import { type Affected, openReplay, type PastInquiry } from '../access/replay.js';
import { askedIn } from '../audit/asked.js';
import type { AuditEntry } from '../audit/entry.js';
import type { Trail } from '../audit/trail.js';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import type { GroundsStore } from '../grounds/grounds.js';
import { type InstitutionId, PURPOSES, type Purpose, type Uscc } from '../terms.js';
import { openTurns } from './turns.js';

/** How institutions stand before a change and after it; null: not resident. */
export interface Draft {
  /** Whom the change concerns. */
  readonly institutions: readonly InstitutionId[];
  before(institution: InstitutionId): Standing | null | Promise<Standing | null>;
  after(institution: InstitutionId): Standing | null | Promise<Standing | null>;
}
export interface SimulationParts {
  readonly catalogue: Catalogue;
  readonly grounds: Pick<GroundsStore, 'consentsThen'>;
  readonly trail: Trail;
}

/** Items of a category by what comes out, where the enterprise consents to everything: the most that can be seen. */
export interface Sight {
  readonly clear: number;
  readonly masked: number;
  readonly denied: number;
}
/** An item that comes out otherwise, and in which circumstances. */
export interface ItemChange {
  readonly item: Item;
  readonly change: Change;
  readonly before: Outcome;
  readonly after: Outcome;
  readonly subjects: readonly Subject[];
  readonly consents: readonly ConsentState[];
}
export interface CategoryView {
  readonly institution: InstitutionId;
  readonly purpose: Purpose;
  readonly category: Category;
  readonly before: Sight;
  readonly after: Sight;
  readonly items: readonly ItemChange[];
}
export interface Simulation {
  /** Categories of which something changes; of all others nothing does. */
  readonly wouldSee: readonly CategoryView[];
  /** Past inquiries that were decided again. */
  readonly replayed: number;
  /** Whether all of the time asked for was replayed: there is a limit on how many are. */
  readonly complete: boolean;
  readonly affected: readonly Affected[];
  /** How long it took, in ms. */
  readonly took: number;
}

/** Past inquiries replayed at most. */
const MOST_REPLAYED = 200_000;
/** Enterprises whose past consents are fetched in one statement, but for one inquiry that names more. */
const PAIRS_TOGETHER = 2_000;

/** Tries a draft against the log since a time. Terms of both policies are held against `time`, which is now as a rule. */
export async function simulate(parts: SimulationParts, draft: Draft, { since, time }: { since: Date; time: Date }): Promise<Simulation> {
  const begun = performance.now();
  const breathe = openTurns();
  const standings = new Map<string, { before: Standing | null; after: Standing | null }>();
  for (const institution of draft.institutions) {
    standings.set(institution, { before: await draft.before(institution), after: await draft.after(institution) });
  }
  const wouldSee: CategoryView[] = [];
  for (const [institution, { before, after }] of standings) {
    for (const purpose of PURPOSES) wouldSee.push(...(await viewsOf(parts.catalogue, institution as InstitutionId, purpose, time, before, after, breathe)));
  }
  const replay = openReplay({ catalogue: parts.catalogue, time });
  let replayed = 0;
  let complete = true;
  for await (const past of pastInquiries(parts, draft.institutions, since)) {
    const { before, after } = standings.get(past.institution) as { before: Standing | null; after: Standing | null };
    if (replayed === MOST_REPLAYED) {
      complete = false;
      break;
    }
    replay.note(past, before, after);
    replayed++;
    await breathe();
  }
  return { wouldSee, replayed, complete, affected: replay.affected(), took: Math.round(performance.now() - begun) };
}

async function viewsOf(
  catalogue: Catalogue,
  institution: InstitutionId,
  purpose: Purpose,
  time: Date,
  before: Standing | null,
  after: Standing | null,
  breathe: () => Promise<void>,
): Promise<CategoryView[]> {
  const views: CategoryView[] = [];
  for (const category of catalogue.categories) {
    await breathe();
    const [differences = []] = compareStandings(before, after, { purposes: [purpose], times: [time], categories: [category] });
    const items = new Map<string, ItemChange & { readonly subjects: Subject[]; readonly consents: ConsentState[] }>();
    for (const { item, change, before: was, after: is, subject, consent } of differences) {
      const key = JSON.stringify([item.index, was, is]);
      const known = items.get(key);
      if (!known) items.set(key, { item, change, before: was, after: is, subjects: [subject], consents: [consent] });
      else {
        if (!known.subjects.includes(subject)) known.subjects.push(subject);
        if (!known.consents.includes(consent)) known.consents.push(consent);
      }
    }
    if (items.size === 0) continue;
    const sight = (standing: Standing | null) => sightOf(catalogue, standing, purpose, time, category);
    views.push({ institution, purpose, category, before: sight(before), after: sight(after), items: [...items.values()] });
  }
  return views;
}

function sightOf(catalogue: Catalogue, standing: Standing | null, purpose: Purpose, time: Date, { items }: Category): Sight {
  const outcomes = standing && compile(standing, purpose, time, catalogue).outcomesFor('FIRM', 'PERSONAL_CLEAR');
  const effects = items.map(({ index }) => fromByte(outcomes?.[index]).effect);
  const of = (effect: Outcome['effect']) => effects.filter((one) => one === effect).length;
  return { clear: of('CLEAR'), masked: of('MASKED'), denied: of('DENIED') };
}

/* ---- the log ---- */

async function* pastInquiries(
  { catalogue, grounds, trail }: SimulationParts,
  institutions: readonly InstitutionId[],
  since: Date,
): AsyncGenerator<PastInquiry> {
  const concerned = new Set<string>(institutions);
  const [only] = institutions;
  if (!only) return;
  // The log of one institution has an index of its own; for more it is read once for all of them.
  for await (const page of trail.pagesOf({ since, ...(concerned.size === 1 ? { institution: only } : {}) })) {
    const asked = page.flatMap((entry) => (entry.institution !== null && concerned.has(entry.institution) ? (inquiryIn(entry, catalogue) ?? []) : []));
    for (const together of chunked(asked)) {
      const consents = await grounds.consentsThen(
        together.map(({ institution, time, reads }) => ({ institution, time, usccs: [...new Set(reads.flatMap(({ usccs }) => usccs))] })),
      );
      for (const [place, past] of together.entries()) yield { ...past, consentsOf: consents[place] ?? (() => []) };
    }
  }
}

/** The inquiry behind an entry; null where no record was read. Enterprises that the zone did not hold are left out. */
function inquiryIn(entry: AuditEntry, catalogue: Catalogue): Omit<PastInquiry, 'consentsOf'> | null {
  const { outcome, institution, purpose, decidedAt, reads = [] } = entry;
  if (outcome !== 'ANSWERED' || institution === null || !purpose || !decidedAt || reads.length === 0) return null;
  return {
    institution: institution as InstitutionId,
    purpose: purpose as Purpose,
    time: new Date(decidedAt),
    reads: reads.map((read) => ({
      usccs: read.enterprises.filter((_uscc, position) => !read.unknown?.includes(position)) as Uscc[],
      asked: askedIn(read, catalogue),
    })),
  };
}

function* chunked(asked: readonly Omit<PastInquiry, 'consentsOf'>[]): Generator<Omit<PastInquiry, 'consentsOf'>[]> {
  let together: Omit<PastInquiry, 'consentsOf'>[] = [];
  let pairs = 0;
  for (const one of asked) {
    const more = one.reads.reduce((sum, { usccs }) => sum + usccs.length, 0);
    if (together.length > 0 && pairs + more > PAIRS_TOGETHER) {
      yield together;
      together = [];
      pairs = 0;
    }
    together.push(one);
    pairs += more;
  }
  if (together.length > 0) yield together;
}
