/** An entry of the log, brought into the shape of its GraphQL type. */
import type { AccessQuestion, AuditEntry, CategoryOutcome, ChangeEntry, ReadEntry } from '../audit/entry.js';
import type { FoundEntry } from '../audit/search.js';
import type { Catalogue } from '../catalogue/model.js';
import type { AuditCategoryOutcome, AuditChange, AuditQuestion, AuditRead, AuditTrailEntry } from './trailTypes.js';

type Categories = Pick<Catalogue, 'category'>;

export function trailEntryOf({ entry, text, leaf, leafHash, superseded }: FoundEntry, catalogue: Categories): AuditTrailEntry {
  return {
    ...headOf(entry),
    code: entry.outcome === 'REFUSED' ? entry.code : null,
    reads: (entry.reads ?? []).map((read) => readOf(read, catalogue)),
    searches: entry.searches ?? [],
    questions: (entry.questions ?? []).map(questionOf),
    changes: (entry.changes ?? []).map(changeOf),
    lookups: (entry.lookups ?? []).map(({ field, filter, returned }) => ({ field, filter: JSON.stringify(filter), returned })),
    superseded,
    leafHash,
    leaf,
    sealed: leaf !== null,
    entry: text,
  };
}

function headOf(entry: AuditEntry) {
  return {
    id: entry.id,
    time: entry.time,
    institution: entry.institution,
    client: entry.client,
    staff: entry.staff ?? null,
    enterprise: entry.enterprise ?? null,
    operator: entry.operator ?? null,
    caseNumber: entry.caseNumber ?? null,
    purpose: entry.purpose ?? null,
    outcome: entry.outcome,
    policyVersion: entry.policyVersion ?? null,
    decidedAt: entry.decidedAt ?? null,
    fields: entry.fields ?? [],
    operation: entry.operation ?? null,
    operationName: entry.operationName ?? null,
    durationMs: entry.durationMs,
    supersedes: entry.supersedes ?? null,
  };
}

function readOf({ field, enterprises, categories, consents = [], invalid = 0, unknown = [] }: ReadEntry, catalogue: Categories): AuditRead {
  return {
    field,
    enterprises,
    unknown: at(enterprises, unknown),
    invalid,
    outcomes: categories.map((group) => outcomeOf(group, enterprises, catalogue)),
    consents: consents.map(({ id, enterprise, categories: under }) => ({ id, enterprise: enterprises[enterprise] ?? null, categories: under ?? null })),
  };
}

function outcomeOf(group: CategoryOutcome, enterprises: readonly string[], catalogue: Categories): AuditCategoryOutcome {
  return {
    category: group.category,
    provider: catalogue.category(group.category)?.provider ?? null,
    enterprises: group.enterprises ? at(enterprises, group.enterprises) : enterprises,
    clear: group.clear ?? [],
    masked: group.masked ?? [],
    denied: Object.entries(group.denied ?? {}).map(([reason, items]) => ({ reason, items })),
  };
}

function questionOf(question: AccessQuestion): AuditQuestion {
  const nothing = { receipt: null, preview: null, purpose: null, caseNumber: null, enterprises: [], about: [] };
  if ('receipt' in question) return { ...nothing, receipt: question.receipt };
  if ('preview' in question) {
    const { preview, purpose = null, caseNumber = null, enterprises = [], categories = [] } = question;
    return { ...nothing, preview, purpose, caseNumber, enterprises, about: categories };
  }
  const { purpose, enterprise, category } = question;
  return { ...nothing, purpose, enterprises: enterprise === null ? [] : [enterprise], about: category === null ? [] : [category] };
}

function changeOf(change: ChangeEntry): AuditChange {
  return {
    mutation: change.mutation,
    state: change.state,
    errors: change.errors ?? [],
    policyVersion: change.policyVersion ?? null,
    proposal: change.proposal ?? null,
    request: change.request ?? null,
    consent: change.consent ?? null,
    enterprise: change.enterprise ?? null,
    institutions: change.institutions ?? [],
    detail: change.detail === undefined ? null : JSON.stringify(change.detail),
  };
}

function at(enterprises: readonly string[], places: readonly number[]): string[] {
  return places.flatMap((place) => enterprises[place] ?? []);
}
