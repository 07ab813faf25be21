/** Root fields that tell why an answer came out as it did, and what one would be; none of them reads a record. */
import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import { remedyOf } from '../access/explain.js';
import type { Caller } from '../access/inquiry.js';
import type { AuditEntry } from '../audit/entry.js';
import type { PastEntry } from '../audit/trail.js';
import { Fault } from '../faults.js';
import type { Bilingual, InstitutionId, Purpose, Uscc } from '../terms.js';
import { PastDecision, type PastKind, type PastLineConnection, type PastLine as PastLineType, QueryPreview } from './insightTypes.js';
import type { Journey, JourneyContext } from './journey.js';
import { type PastLine, pastLines } from './pastDecision.js';
import { previewOf } from './preview.js';

@Resolver()
export class Insights {
  @Query(() => PastDecision, {
    nullable: true,
    description: '解释过去一次应答：按当时的策略与授权逐项说明 / Why a past answer came out as it did, under the policy and the consents of its time',
  })
  async explainDecision(
    @Ctx() { journey }: JourneyContext,
    @Arg('receipt', () => String, { description: '回执编号 / Id of the receipt' }) receipt: string,
  ): Promise<PastDecision> {
    if (!RECEIPT_FORM.test(receipt)) throw new Fault('RECEIPT_UNKNOWN');
    journey.questions.push({ receipt });
    const past = await journey.parts.trail.entryOf(receipt);
    const archived = past ? null : await journey.parts.archived.monthOf(receipt);
    // Told of every id of that month, whether there was such a receipt or not.
    if (archived) throw new Fault('RECEIPT_ARCHIVED', { detail: archived.month, facts: { month: archived.month } });
    // A receipt of somebody else's is as unknown as one that never was.
    if (!past || !mayKnow(journey.start.caller, past.entry)) throw new Fault('RECEIPT_UNKNOWN');
    // What policy delays is told to the enterprise by no other way either.
    const { parts, start, time } = journey;
    if (start.caller.kind === 'ENTERPRISE' && !(await parts.statements.tells(past.entry, time))) throw new Fault('RECEIPT_UNKNOWN');
    return explainPast(journey, past);
  }

  @Query(() => QueryPreview, {
    description: '预览查询：成本、脱敏、拒绝、所缺授权、逾期数据 / What a query would cost and give, before it is asked',
  })
  previewQuery(
    @Ctx() { journey, documents }: JourneyContext,
    @Arg('document', () => String, { description: 'GraphQL 文档 / The document' }) document: string,
    @Arg('variables', () => String, { nullable: true, description: '变量，JSON 对象 / Variables, a JSON object' }) variables: string | undefined,
    @Arg('operationName', () => String, { nullable: true, description: '操作名 / Which of its operations' }) operationName: string | undefined,
  ): Promise<QueryPreview> {
    return previewOf(journey, documents, { document, variables: variables ?? null, operationName: operationName ?? null });
  }
}

const RECEIPT_FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Own receipts only, but for officers and auditors; an enterprise knows of entries that name it. */
function mayKnow(caller: Caller, { institution, reads = [] }: AuditEntry): boolean {
  switch (caller.kind) {
    case 'INSTITUTION':
      return institution === caller.institution;
    case 'ENTERPRISE':
      return reads.some(({ enterprises }) => enterprises.includes(caller.enterprise));
    case 'STAFF':
      return caller.roles.includes('GOVERNANCE_OFFICER') || caller.roles.includes('AUDITOR');
  }
}

async function explainPast(journey: Journey, { entry, superseded }: PastEntry): Promise<PastDecision> {
  const { caller } = journey.start;
  const { catalogue } = journey.parts;
  const kind = kindOf(entry);
  const own = caller.kind === 'ENTERPRISE' ? caller.enterprise : null;
  const lines = kind === 'READ' ? await linesOf(journey, entry, own) : [];
  const told = {
    receipt: entry.id,
    time: entry.time,
    kind,
    note: NOTES[kind],
    code: entry.outcome === 'REFUSED' ? entry.code : null,
    superseded,
    supersedes: entry.supersedes ?? null,
    institution: entry.institution,
    // Whom the bank has on the case is the bank's own affair.
    client: own ? null : entry.client,
    caseNumber: own ? null : (entry.caseNumber ?? null),
    operator: own ? null : (entry.operator ?? null),
    purpose: entry.purpose ?? null,
    fields: entry.fields ?? [],
    policyVersion: entry.policyVersion ?? null,
    decidedAt: entry.decidedAt ?? null,
    agrees: lines.length > 0 ? lines.every(({ line }) => line.agrees) : null,
  };
  return PastDecision.of(told, (first, after) =>
    pageOf(
      // What the platform granted the bank, and what the bank may do, is not the enterprise's affair.
      lines.map(({ told }) => (own ? { ...told, grants: [], remedy: null } : told)),
      first,
      after,
    ),
  );

  async function linesOf(journey: Journey, entry: AuditEntry, own: Uscc | null) {
    const { institution, policyVersion: version, decidedAt, purpose } = entry;
    if (institution === null || version === undefined || !decidedAt || !purpose) return [];
    const time = new Date(decidedAt);
    const usccs = own ? [own] : [...new Set((entry.reads ?? []).flatMap(({ enterprises }) => enterprises as Uscc[]))];
    const grounds = await journey.parts.grounds.at({ version, time }, institution as InstitutionId, usccs);
    const at = { standing: grounds.standing, purpose: purpose as Purpose, time };
    return pastLines(entry, grounds, catalogue, (uscc) => own === null || uscc === own).map((line) => ({ line, told: toldOf(line, at) }));
  }
}

function toldOf({ explained, ...line }: PastLine, at: Parameters<typeof remedyOf>[2]): PastLineType {
  const { recorded } = line;
  const reason = recorded.effect === 'DENIED' ? recorded.reason : null;
  const item = line.name === null ? null : (explained?.item ?? null);
  return {
    field: line.field,
    category: line.category,
    item: line.name === null ? null : `${line.category}.${line.name}`,
    coordinate: item?.coordinate ?? null,
    count: line.enterprises.length,
    enterprises: line.enterprises,
    outcome: recorded.effect,
    reason,
    recomputed: explained?.outcome.effect ?? null,
    recomputedReason: explained?.outcome.effect === 'DENIED' ? explained.outcome.reason : null,
    agrees: line.agrees,
    rule: explained?.rule?.name ?? null,
    says: explained?.rule?.says ?? null,
    grants: explained?.grants ?? [],
    consents: explained?.consents ?? [],
    remedy: reason && explained ? remedyOf(reason, { category: explained.category, item }, at) : null,
  };
}

function kindOf({ outcome, reads = [], searches = [], questions = [] }: AuditEntry): PastKind {
  if (outcome === 'REFUSED') return 'REFUSED';
  if (reads.length > 0) return 'READ';
  if (searches.length > 0) return 'SEARCH';
  return questions.length > 0 ? 'QUESTION' : 'OTHER';
}

const NOTES: Readonly<Record<PastKind, Bilingual>> = Object.freeze({
  READ: { zh: '读取记录；逐项说明如下', en: 'Records were read; each item is explained below' },
  REFUSED: { zh: '请求被拒绝，未给出任何内容；原因见 code', en: 'The request was refused and nothing was given; code says why' },
  SEARCH: { zh: '检索名录，仅含一级数据，不逐项判定', en: 'The directory was searched: grade 1 only, nothing is decided item by item' },
  QUESTION: { zh: '询问权限或预览，未读取记录', en: 'It was asked what would be given; no record was read' },
  OTHER: { zh: '未读取记录，例如查阅目录', en: 'No record was read, as when the catalogue is looked at' },
});

const LONGEST_PAGE = 100;

function pageOf(lines: PastLineType[], first: number, after: string | null): PastLineConnection {
  if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
  if (after !== null && !/^\d{1,7}$/.test(after)) throw new Fault('INVALID_PAGE', { detail: 'after' });
  const begin = after === null ? 0 : Number(after);
  const end = Math.min(begin + first, lines.length);
  return {
    nodes: lines.slice(begin, end),
    total: lines.length,
    pageInfo: { hasNextPage: end < lines.length, endCursor: end > begin ? String(end) : null },
  };
}
