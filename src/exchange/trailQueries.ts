/** The root field of those who look into the log. Whoever looks stands in it too: with what was looked for, and how much was given. */
import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import type { TrailFilter } from '../audit/filter.js';
import { Fault } from '../faults.js';
import type { InstitutionId } from '../terms.js';
import type { JourneyContext } from './journey.js';
import { trailEntryOf } from './trailEntry.js';
import { AuditTrailConnection, AuditTrailFilterInput } from './trailTypes.js';

const LONGEST_PAGE = 100;
/** No value in the log is longer. */
const LONGEST_VALUE = 256;

@Resolver()
export class TrailQueries {
  @Query(() => AuditTrailConnection, {
    description:
      '查找审计日志：谁、何时、为何、查了什么，新者在前；查阅本身亦入日志 / The audit trail: who asked what of whom, when and why, the newest first; looking is audited',
  })
  async auditTrail(
    @Ctx() { journey }: JourneyContext,
    @Arg('filter', () => AuditTrailFilterInput, { nullable: true, description: '不填为全部 / All where absent' })
    typed: AuditTrailFilterInput | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true, description: '上一页的 endCursor / endCursor of the page before' }) after: string | undefined,
  ): Promise<AuditTrailConnection> {
    const { catalogue, trail, archived } = journey.parts;
    if (first < 1 || first > LONGEST_PAGE) throw new Fault('INVALID_PAGE', { detail: `first: 1 - ${LONGEST_PAGE}` });
    const page = { first, after: after === undefined || after === null ? null : placeIn(after) };
    const filter = trailFilterOf(typed ?? {});
    const asked = { field: 'auditTrail', filter: { ...filter, first, ...(after ? { after } : {}) } };
    // What was looked for is told even where the search fails.
    const place = journey.lookups.push({ ...asked, returned: 0 }) - 1;
    const [{ nodes, next }, without] = await Promise.all([trail.search(filter, page), archived.within(filter)]);
    journey.lookups[place] = { ...asked, returned: nodes.length };
    return {
      nodes: nodes.map((found) => trailEntryOf(found, catalogue)),
      pageInfo: { hasNextPage: next !== null, endCursor: next === null ? null : cursorOf(next) },
      archivedMonths: without.map(({ month }) => month),
    };
  }
}

/** What was typed as what is looked for: blanks are nothing. @throws Fault INVALID_USCC, BAD_USER_INPUT */
function trailFilterOf({ enterprise, from, until, policyVersion, ...words }: AuditTrailFilterInput): TrailFilter {
  if (enterprise && !enterprise.ok) throw new Fault('INVALID_USCC', { detail: enterprise.reason, facts: { reason: enterprise.reason } });
  const given = Object.entries(words).filter((word): word is [string, string] => typeof word[1] === 'string');
  for (const [name, value] of given) if (value.length === 0 || value.length > LONGEST_VALUE) throw new Fault('BAD_USER_INPUT', { detail: name });
  return {
    ...(Object.fromEntries(given) as Omit<typeof words, 'institution'> & { institution?: InstitutionId }),
    ...(enterprise?.ok ? { enterprise: enterprise.uscc } : {}),
    ...(typeof policyVersion === 'number' ? { policyVersion } : {}),
    ...(from ? { from: new Date(from) } : {}),
    ...(until ? { until: new Date(until) } : {}),
  } as TrailFilter;
}

/** A place in the log, not to be taken for anything else. */
function cursorOf(place: number): string {
  return Buffer.from(`trail:${place}`).toString('base64url');
}

/** @throws Fault INVALID_PAGE */
function placeIn(cursor: string): number {
  const [, place] = /^trail:(\d{1,15})$/.exec(Buffer.from(cursor.slice(0, 64), 'base64url').toString('utf8')) ?? [];
  if (place === undefined) throw new Fault('INVALID_PAGE', { detail: 'after' });
  return Number(place);
}
