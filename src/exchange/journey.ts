/**
 * One attempt to answer one request: what was asked, on which grounds it was decided, how it ended. It is the context
 * that resolvers see, and it is all they see.
 */
import type { BaseContext } from '@apollo/server';
import { decide, type Permit } from '../access/decide.js';
import type { Grounds } from '../access/evidence.js';
import { actorOf, type Caller, type Cause, type InstitutionCaller } from '../access/inquiry.js';
import type { Alerts } from '../alerts/alerts.js';
import { USUAL_ALLOWANCE } from '../allowance/demand.js';
import type { Ledger } from '../allowance/ledger.js';
import type { Toll } from '../allowance/toll.js';
import type { Archived } from '../audit/archived.js';
import { type AccessQuestion, type AuditEntry, type ChangeEntry, ENTRY_VERSION, type LookupEntry, type SearchEntry } from '../audit/entry.js';
import type { AuditLog, Receipt } from '../audit/log.js';
import type { Proofs } from '../audit/proofs.js';
import type { Statements } from '../audit/statement.js';
import type { Trail } from '../audit/trail.js';
import type { UsageCells } from '../audit/usageCells.js';
import type { Catalogue } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import type { Handled } from '../governance/desk.js';
import type { Governance, Result } from '../governance/governance.js';
import type { GroundsStore } from '../grounds/grounds.js';
import type { Operations } from '../operations/operations.js';
import type { Deliveries } from '../records/deliveries.js';
import type { Directory } from '../records/directory.js';
import type { Reading, Records } from '../records/records.js';
import type { Uscc } from '../terms.js';
import type { Documents } from './documents.js';
import type { AskedOperation, PlannedOperation } from './inquiryOf.js';
import type { Lane } from './lane.js';
import type { PlannedData } from './plannedData.js';
import { type AccessReport, reportOf } from './report.js';

/** What the exchange stands on. */
export interface ExchangeParts {
  readonly catalogue: Catalogue;
  readonly grounds: GroundsStore;
  readonly records: Records;
  readonly deliveries: Deliveries;
  readonly governance: Governance;
  readonly ledger: Ledger;
  readonly operations: Operations;
  readonly trail: Trail;
  readonly proofs: Proofs;
  readonly statements: Statements;
  readonly usage: UsageCells;
  readonly archived: Archived;
  readonly alerts: Alerts;
  readonly directory: Directory;
  readonly audit: AuditLog;
  readonly now: () => Date;
  /** Ids that sort by time, as those of requests do. */
  readonly newId: () => string;
  /** Whether what a plan covers is answered by it; else graphql-js answers everything. */
  readonly planning: boolean;
  /** Told how each operation was answered. */
  readonly executed: (how: Execution) => void;
}
/** By a plan; by graphql-js because no plan covers it, or because a value was not as its type has it. */
export type Execution = 'PLANNED' | 'NOT_COVERED' | 'UNWRITABLE';

type Phase =
  | { readonly phase: 'ARRIVED' }
  | { readonly phase: 'ASKED'; readonly asked: AskedOperation }
  | {
      readonly phase: 'DECIDED';
      readonly asked: AskedOperation;
      /** null where no institution asks: others read no record. */
      readonly grounds: Grounds | null;
      readonly permit: Permit | null;
      readonly reading: Reading | null;
    };

export type Conclusion =
  | { readonly end: 'UNFINISHED' }
  | { readonly end: 'SENT'; readonly id: string; readonly code: string | null; readonly lookedUp: number }
  /** Policy moved while the answer was composed: nothing left, decide again. */
  | { readonly end: 'MOVED'; readonly supersedes: string }
  /** Nothing leaves; the receipt is null where the audit log itself failed. */
  | { readonly end: 'FAILED'; readonly fault: Fault; readonly receipt: Receipt | null };

export interface JourneyStart {
  readonly id: string;
  readonly caller: Caller;
  readonly startedAt: number;
  readonly operation: string;
  /** The entry of an earlier attempt that was thrown away. */
  readonly supersedes: string | null;
  /** What the request takes of its allowance; attempts share it. */
  readonly toll: Toll;
  /** Policy epoch under which the document was admitted; null where no institution asks. */
  readonly epoch: number | null;
  /** Whether it came by GET, which changes nothing. */
  readonly safe: boolean;
}

/** What Apollo hands around. It copies its context, so the journey stands inside it and is not copied itself. */
export interface JourneyContext extends BaseContext {
  readonly journey: Journey;
  /** Understands documents as this caller may send them. */
  readonly documents: Documents;
}

/** What a caller hands in: under the same key the same again. */
export type HandedInput = { readonly idempotencyKey: string } & Readonly<Record<string, unknown>>;

/** One attempt to answer one request. */
export class Journey {
  #phase: Phase = { phase: 'ARRIVED' };
  conclusion: Conclusion = { end: 'UNFINISHED' };
  /** Enterprises asked that the zone does not hold, by response key of the read. */
  readonly unknown = new Map<string, Set<string>>();
  readonly searches: SearchEntry[] = [];
  readonly questions: AccessQuestion[] = [];
  readonly lookups: LookupEntry[] = [];
  /** What a mutation came to; it stands in the entry whether something changed or not. */
  change: ChangeEntry | null = null;
  /** The receipt of a change, whose entry became durable with it. */
  changeReceipt: Receipt | null = null;
  operationName: string | undefined;
  /** How the operation is answered without graphql-js; null where no plan covers it. */
  planned: PlannedOperation | null = null;
  /** What a plan came to; whether it leaves is decided afterwards. */
  plannedData: PlannedData | null = null;
  /** Why a plan came to nothing; graphql-js tells of its own failures. */
  failure: unknown = null;
  /** When the grounds were gathered; terms are held against it. */
  time: Date;
  #leave: () => void = () => undefined;

  constructor(
    readonly parts: ExchangeParts,
    readonly lane: Lane,
    readonly start: JourneyStart,
  ) {
    this.time = parts.now();
  }

  /** Waits for its turn, gathers the grounds and decides, before anything is resolved. */
  async decide(asked: AskedOperation): Promise<void> {
    const { catalogue, grounds, records, now } = this.parts;
    const { caller } = this.start;
    this.#phase = { phase: 'ASKED', asked };
    const usccs = [...new Set(asked.reads.flatMap((read) => read.usccs))];
    if (caller.kind === 'INSTITUTION' && asked.cause) await this.#pay(caller, asked.cause, asked.cost, usccs);
    this.#leave = await this.lane.enter({ records: asked.cost, values: asked.values });
    this.time = now();
    if (caller.kind !== 'INSTITUTION') {
      this.#phase = { phase: 'DECIDED', asked, grounds: null, permit: null, reading: null };
      return;
    }
    const evidence = await grounds.of(caller.institution, usccs);
    // Whether the document may be sent at all was decided on the same evidence.
    if (evidence.standing.epoch !== this.start.epoch) throw new Fault('POLICY_CHANGING');
    const permit = asked.cause ? decide({ caller, cause: asked.cause, time: this.time, reads: asked.reads }, evidence, catalogue) : null;
    this.#phase = { phase: 'DECIDED', asked, grounds: evidence, permit, reading: permit && records.begin(permit) };
  }

  /** Before its turn: who asks too much at once must not fill the lane for others. */
  async #pay({ institution }: InstitutionCaller, { purpose }: Cause, cost: number, usccs: readonly Uscc[]): Promise<void> {
    const { standing } = await this.parts.grounds.of(institution, []);
    const allowed = standing.allowances.get(purpose) ?? USUAL_ALLOWANCE;
    await this.start.toll.begin({ account: { institution, purpose, allowed }, cost, usccs });
  }

  /** Gives its place in the lane up; MUST be called however the attempt ended. */
  end(): void {
    this.#leave();
  }

  get decided(): Extract<Phase, { phase: 'DECIDED' }> {
    if (this.#phase.phase !== 'DECIDED') throw new Fault('INTERNAL', { cause: new Error('resolved before it was decided') });
    return this.#phase;
  }

  /** What was decided on; null where nothing was, or no institution asks. */
  get evidence(): Grounds | null {
    return this.#phase.phase === 'DECIDED' ? this.#phase.grounds : null;
  }

  /** Who asks, and on which grounds, where an institution does. @throws Fault ACCESS_DENIED */
  get ofInstitution(): { readonly caller: InstitutionCaller; readonly grounds: Grounds } {
    const { caller } = this.start;
    const { grounds } = this.decided;
    if (caller.kind !== 'INSTITUTION' || !grounds) throw new Fault('ACCESS_DENIED');
    return { caller, grounds };
  }

  /** Evidence on more enterprises, of the same policy epoch as the rest or not at all. */
  async groundsOf(usccs: readonly Uscc[]): Promise<Grounds> {
    const { caller, grounds } = this.ofInstitution;
    if (usccs.length === 0) return grounds;
    const more = await this.parts.grounds.of(caller.institution, usccs);
    if (more.standing.epoch !== grounds.standing.epoch) throw new Fault('POLICY_CHANGING');
    return more;
  }

  /** Hands a change in: it and the entry of this request become durable together. @throws Fault ACCESS_DENIED, ZONE_UNAVAILABLE */
  async handIn(mutation: string, { idempotencyKey, ...input }: HandedInput, act: Parameters<Governance['handIn']>[1]): Promise<Handled<Result>> {
    const { caller } = this.start;
    const standing = caller.kind === 'INSTITUTION' ? this.ofInstitution.grounds.standing : null;
    if (standing?.active === false) throw new Fault('ACCESS_DENIED');
    const entry = (change: ChangeEntry) => this.entry({ code: null, report: null, change });
    const handled = await this.parts.governance.handIn({ actor: actorOf(caller), mutation, key: idempotencyKey, input, standing, entry }, act);
    this.change = handled.change;
    if (handled.state === 'DONE') {
      this.changeReceipt = handled.receipt;
      // Epochs would tell, but only after an answer was composed in vain.
      this.parts.grounds.forget();
    }
    return handled;
  }

  /** What the decision came to; null where no record was asked for or nothing was decided. To be asked after resolving. */
  report(): AccessReport | null {
    if (this.#phase.phase !== 'DECIDED' || !this.#phase.permit) return null;
    return reportOf(this.#phase.permit, this.#phase.asked.reads, this.unknown, this.parts.catalogue);
  }

  get lookedUp(): number {
    return this.#phase.phase === 'DECIDED' ? (this.#phase.reading?.lookedUp ?? 0) : 0;
  }

  /** The audit entry of this attempt: answered with what the report says, or refused with a code. */
  entry({ change = this.change, ...result }: { code: string | null; report: AccessReport | null; change?: ChangeEntry | null }): AuditEntry {
    const { operationName } = this;
    const { id, caller, startedAt, operation, supersedes } = this.start;
    const decided = this.#phase.phase === 'DECIDED' ? this.#phase : null;
    const asked = this.#phase.phase === 'ARRIVED' ? undefined : this.#phase.asked;
    const cause = asked?.cause;
    return {
      v: ENTRY_VERSION,
      id,
      time: this.parts.now().toISOString(),
      ...whoIs(caller),
      ...(cause ? { purpose: cause.purpose, caseNumber: cause.caseNumber } : {}),
      ...(cause?.operator ? { operator: cause.operator } : {}),
      operation,
      ...(operationName ? { operationName: operationName.slice(0, 64) } : {}),
      ...(decided?.grounds ? { policyVersion: decided.grounds.standing.policyVersion, decidedAt: this.time.toISOString() } : {}),
      ...(asked ? { fields: asked.fields } : {}),
      ...(result.report ? { reads: result.report.reads } : refusedReads(asked)),
      ...(this.searches.length > 0 ? { searches: this.searches } : {}),
      ...(this.questions.length > 0 ? { questions: this.questions } : {}),
      ...(change ? { changes: [change] } : {}),
      ...(this.lookups.length > 0 ? { lookups: this.lookups } : {}),
      ...sourcesOf(decided?.reading ?? null),
      durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
      ...(supersedes ? { supersedes } : {}),
      ...(result.code === null ? { outcome: 'ANSWERED' as const } : { outcome: 'REFUSED' as const, code: result.code }),
    };
  }
}

/** Who acted, as the log keeps it. */
export function whoIs(caller: Caller | null): Pick<AuditEntry, 'institution' | 'client' | 'staff' | 'enterprise'> {
  if (caller === null) return { institution: null, client: null };
  const { client } = caller;
  switch (caller.kind) {
    case 'INSTITUTION':
      return { institution: caller.institution, client };
    case 'STAFF':
      return { institution: null, client, staff: caller.staff };
    case 'ENTERPRISE':
      return { institution: null, client, enterprise: caller.enterprise };
  }
}

/** Where the records of an answer came from. */
function sourcesOf(reading: Reading | null): Pick<AuditEntry, 'sources'> {
  const { memory, redis, postgres } = reading?.sources ?? { memory: 0, redis: 0, postgres: 0 };
  if (memory + redis + postgres === 0) return {};
  return { sources: { ...(memory > 0 ? { memory } : {}), ...(redis > 0 ? { redis } : {}), ...(postgres > 0 ? { postgres } : {}) } };
}

/** Of an operation refused after it was understood the log keeps whom it named, without outcomes: there were none. */
function refusedReads(asked: AskedOperation | undefined): Pick<AuditEntry, 'reads'> {
  if (!asked || asked.reads.length === 0) return {};
  return { reads: asked.reads.map(({ field, usccs }) => ({ field, enterprises: usccs, categories: [] })) };
}
