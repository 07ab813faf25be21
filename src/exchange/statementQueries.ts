/** The statement of an enterprise: for itself, and for officers and auditors. A look at it stands in the log like a read. */
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import { Arg, Ctx, Info, Int, Query, Resolver } from 'type-graphql';
import type { ExtractContent } from '../audit/extract.js';
import type { Statement, StatementEntry } from '../audit/statement.js';
import { Fault } from '../faults.js';
import type { JourneyContext } from './journey.js';
import { MomentScalar, type TypedUscc, UsccScalar } from './scalars.js';
import { EnterpriseStatement, type StatementArchived, type StatementDelay, type StatementRead } from './statementTypes.js';

const LONGEST_PAGE = 100;

@Resolver()
export class StatementQueries {
  @Query(() => EnterpriseStatement, {
    description:
      '对账单：某企业在一段时间内被读取的情况，附无遗漏证明 / Who read what of an enterprise between two times, with a proof that nothing is left out',
  })
  async enterpriseStatement(
    @Ctx() { journey }: JourneyContext,
    @Info() asked: GraphQLResolveInfo,
    @Arg('uscc', () => UsccScalar) typed: TypedUscc,
    @Arg('from', () => MomentScalar) from: string,
    @Arg('until', () => MomentScalar, { description: '不含 / Not included' }) until: string,
    @Arg('first', () => Int, { defaultValue: 20, description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true, description: '上一页的 endCursor / endCursor of the page before' }) after: string | undefined,
  ): Promise<EnterpriseStatement> {
    if (!typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
    const { uscc } = typed;
    const { caller } = journey.start;
    if (caller.kind === 'INSTITUTION' || (caller.kind === 'ENTERPRISE' && caller.enterprise !== uscc)) throw new Fault('ACCESS_DENIED');
    if (from >= until) throw new Fault('BAD_USER_INPUT', { detail: 'from < until' });
    if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
    if (after !== undefined && !/^\d{1,12}$/.test(after)) throw new Fault('INVALID_PAGE', { detail: 'after' });
    const proved = names(asked, 'proof');
    const statement = await journey.parts.statements.of({
      uscc,
      from: new Date(from),
      until: new Date(until),
      now: journey.time,
      first,
      before: after === undefined ? null : Number(after),
      proved,
    });
    const filter = { enterprise: uscc, from, until, first, ...(after === undefined ? {} : { after }), ...(proved ? { proved } : {}) };
    journey.lookups.push({ field: 'enterpriseStatement', filter, returned: statement.entries.length });
    return { uscc, from, until, ...shapeOf(statement) };
  }
}

function shapeOf({ entries, hasNextPage, ...rest }: Statement): Omit<EnterpriseStatement, 'uscc' | 'from' | 'until'> {
  const endCursor = entries.at(-1)?.ordinal.toString() ?? null;
  return { ...rest, entries: entries.map(entryShape), pageInfo: { hasNextPage, endCursor } };
}

function entryShape(entry: StatementEntry): StatementRead | StatementDelay | StatementArchived {
  if (entry.state !== 'DISCLOSED') return entry;
  const { state, ordinal, institutionName, superseded, content } = entry;
  const { receipt, time, leafHash, institution, client, reads } = content;
  return {
    state,
    ordinal,
    receipt: { id: receipt, time, leafHash },
    time,
    institution,
    institutionName,
    client,
    operator: content.operator ?? null,
    purpose: content.purpose ?? null,
    caseNumber: content.caseNumber ?? null,
    policyVersion: content.policyVersion ?? null,
    consents: [...new Set(reads.flatMap(({ consents = [] }) => consents.map(({ id }) => id)))],
    outcomes: reads.flatMap(outcomesOf),
    unknown: reads.some(({ unknown }) => unknown === true),
    code: content.code ?? null,
    superseded,
    supersedes: content.supersedes ?? null,
  };
}

function outcomesOf({ field, categories }: ExtractContent['reads'][number]): StatementRead['outcomes'] {
  return categories.map(({ category, clear = [], masked = [], denied = {} }) => ({
    field,
    category,
    clear,
    masked,
    denied: Object.entries(denied).map(([reason, items]) => ({ reason, names: items })),
  }));
}

/** Whether a field of the statement is named anywhere in it: what is long is not made in vain. */
function names({ fieldNodes, fragments }: GraphQLResolveInfo, field: string): boolean {
  const within = (set: SelectionSetNode | undefined): boolean =>
    (set?.selections ?? []).some((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value === field;
      return within(selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments[selection.name.value]?.selectionSet);
    });
  return fieldNodes.some(({ selectionSet }) => within(selectionSet));
}
