/**
 * An operation weighed and not run: what it would cost, and what would be masked, denied or out of date. Understood,
 * decided and reported by the code that answers; only the reading is left out.
 */
import { decide, NAME_ITEM } from '../access/decide.js';
import type { ConsentState, Standing } from '../access/evidence.js';
import { remedyOf } from '../access/explain.js';
import type { Reason } from '../access/outcome.js';
import type { ReadEntry } from '../audit/entry.js';
import type { Catalogue, Category, Item } from '../catalogue/model.js';
import { recordsTypeName } from '../catalogue/naming.js';
import { FAULTS, Fault } from '../faults.js';
import { freshnessOf } from '../records/provenance.js';
import type { Uscc } from '../terms.js';
import type { Documents, Problem } from './documents.js';
import type { AskedOperation } from './inquiryOf.js';
import type { DeniedCoordinate, MissingConsent, QueryCost, QueryPreview, QueryProblem, StaleCategory } from './insightTypes.js';
import type { Journey } from './journey.js';
import { hashOf, LIMITS } from './limits.js';
import { type AccessReport, reportOf } from './report.js';

/** Enterprises named of one denial. */
const NAMED = 20;

export interface Previewed {
  readonly document: string;
  /** A JSON object. */
  readonly variables: string | null;
  readonly operationName: string | null;
}

/** Weighs an operation for the institution that asks. @throws Fault ACCESS_DENIED, POLICY_CHANGING */
export async function previewOf(journey: Journey, documents: Documents, { document, variables, operationName }: Previewed): Promise<QueryPreview> {
  const { standing } = journey.ofInstitution.grounds;
  const preview = hashOf(document);
  const given = variablesIn(variables);
  const understood = given ? documents.understand(document, given, operationName) : { ok: false as const, problems: [NO_VARIABLES] };
  if (!understood.ok) {
    journey.questions.push({ preview });
    return { ...NOTHING, problems: understood.problems.map(problemOf), cost: costBeyond(understood.problems), policyVersion: standing.policyVersion };
  }
  const { asked } = understood;
  const usccs = [...new Set(asked.reads.flatMap((read) => read.usccs))];
  const categories = [...new Set(asked.reads.flatMap((read) => [...read.asked.keys()]))];
  const { cause } = asked;
  journey.questions.push({
    preview,
    ...(cause ? { purpose: cause.purpose, caseNumber: cause.caseNumber, enterprises: usccs, categories: categories.map(({ code }) => code) } : {}),
  });
  const report = await reportFor(journey, asked, usccs);
  return {
    accepted: true,
    problems: [],
    cost: costOf(asked),
    policyVersion: standing.policyVersion,
    masked: report?.access.masked ?? [],
    denied: report ? deniedIn(report, asked, standing, journey) : [],
    missingConsents: report ? missingConsents(report.reads) : [],
    staleCategories: await staleAmong(journey, categories),
  };
}

const NOTHING = { accepted: false, cost: null, masked: [], denied: [], missingConsents: [], staleCategories: [] };
const NO_VARIABLES: Problem = { fault: new Fault('INVALID_REQUEST', { detail: 'variables' }), locations: [] };

function variablesIn(text: string | null): Record<string, unknown> | null {
  if (text === null || text.trim() === '') return {};
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** What the decision would come to; null where no record is asked for. */
async function reportFor(journey: Journey, asked: AskedOperation, usccs: readonly Uscc[]): Promise<AccessReport | null> {
  if (!asked.cause) return null;
  const { catalogue } = journey.parts;
  const grounds = await journey.groundsOf(usccs);
  const { caller } = journey.ofInstitution;
  const permit = decide({ caller, cause: asked.cause, time: journey.time, reads: asked.reads }, grounds, catalogue);
  return reportOf(permit, asked.reads, new Map(), catalogue);
}

function problemOf({ fault, locations }: Problem): QueryProblem {
  return { code: fault.code, message: fault.message, remedy: FAULTS[fault.code].remedy, locations };
}

/* ---- cost: of one operation; what an institution may ask in a minute or a day is not drawn on and not told here ---- */

function costOf({ cost, values }: Pick<AskedOperation, 'cost' | 'values'>): QueryCost {
  return { records: cost, recordsLimit: LIMITS.cost, values, valuesLimit: LIMITS.recordValues, fits: true };
}

/** Of an operation refused for its cost, as far as it was reckoned. */
function costBeyond(problems: readonly Problem[]): QueryCost | null {
  const fault = problems.map((problem) => problem.fault).find(({ code }) => code === 'QUERY_TOO_COSTLY');
  if (!fault) return null;
  const { cost = null, values = null } = fault.facts as { cost?: number; values?: number };
  return { records: cost, recordsLimit: LIMITS.cost, values, valuesLimit: LIMITS.recordValues, fits: false };
}

/* ---- access ---- */

function deniedIn({ access }: AccessReport, { reads, cause }: AskedOperation, standing: Standing, { parts, time }: Journey): DeniedCoordinate[] {
  if (!cause) return [];
  const named = coordinatesOf(
    reads.flatMap(({ asked }) => [...asked.keys()]),
    parts.catalogue,
  );
  return access.denied.flatMap(({ coordinate, reason, enterprises = null }) => {
    const found = named.get(coordinate);
    if (!found) return [];
    const remedy = remedyOf(reason, found, { standing, purpose: cause.purpose, time });
    return [{ coordinate, code: found.item?.code ?? found.category.code, reason, remedy, enterprises: enterprises?.slice(0, NAMED) ?? null }];
  });
}

/** What stands behind a coordinate: an item, or a category of which only the provenance is asked. */
function coordinatesOf(categories: readonly Category[], catalogue: Catalogue): Map<string, { category: Category; item: Item | null }> {
  const found = new Map<string, { category: Category; item: Item | null }>();
  const name = catalogue.category(NAME_ITEM.slice(0, NAME_ITEM.lastIndexOf('.')));
  for (const category of name ? [...categories, name] : categories) {
    found.set(`${recordsTypeName(category.domain)}.${category.field}`, { category, item: null });
    for (const item of category.items) found.set(item.coordinate, { category, item });
  }
  return found;
}

const GAPS: Partial<Record<Reason, ConsentState>> = { CONSENT_REQUIRED: 'NONE', CONSENT_EXPIRED: 'EXPIRED', CONSENT_WITHDRAWN: 'WITHDRAWN' };

/** Enterprises of which something would be denied for want of their consent. */
function missingConsents(reads: readonly ReadEntry[]): MissingConsent[] {
  const gaps = new Map<string, Map<string, ConsentState>>();
  for (const { enterprises, categories } of reads) {
    for (const { category, enterprises: positions, denied = {} } of categories) {
      const state = (Object.keys(denied) as Reason[]).map((reason) => GAPS[reason]).find((gap) => gap !== undefined);
      if (!state) continue;
      for (const uscc of positions ? positions.map((position) => enterprises[position] as string) : enterprises) {
        let ofOne = gaps.get(uscc);
        if (!ofOne) gaps.set(uscc, (ofOne = new Map()));
        ofOne.set(category, state);
      }
    }
  }
  return [...gaps].map(([uscc, found]) => ({ uscc, gaps: [...found].map(([category, state]) => ({ category, state })) }));
}

/* ---- freshness ---- */

async function staleAmong({ parts, time }: Journey, categories: readonly Category[]): Promise<StaleCategory[]> {
  if (categories.length === 0) return [];
  const latest = await parts.deliveries.latest(categories.map(({ code }) => code));
  return categories.flatMap((category): StaleCategory[] => {
    const { code, provider, updateCycle } = category;
    const dataTime = latest.get(code);
    if (!dataTime) return [{ category: code, provider, updateCycle, dataTime: null, dueBy: null }];
    const { dueBy, freshness } = freshnessOf(dataTime, category, time);
    return freshness === 'OVERDUE' ? [{ category: code, provider, updateCycle, dataTime: dataTime.toISOString(), dueBy }] : [];
  });
}
