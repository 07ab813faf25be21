/** What officers try out and look through: a draft of policy against the log, and what is granted and not used. */
import { Arg, Ctx, Field, FieldResolver, Int, ObjectType, Resolver } from 'type-graphql';
import { type PolicyChange, standingOf } from '../access/policy.js';
import { startOfDayInBeijing } from '../beijing.js';
import { Fault } from '../faults.js';
import type { InstitutionId } from '../terms.js';
import { changesOf, PolicyDraftInput } from './draft.js';
import { Governance } from './governance.js';
import { UserErrorType } from './governanceTypes.js';
import type { JourneyContext } from './journey.js';
import { leastPrivilege, UNUSED_DAYS } from './leastPrivilege.js';
import { DateTimeScalar } from './scalars.js';
import { simulate } from './simulation.js';
import { LeastPrivilegeReport, Simulation } from './simulationTypes.js';

/** How far back the log is replayed, or looked through, at most. */
const MOST_DAYS = 400;
const DAY_MS = 86_400_000;

@ObjectType('SimulationResult', { description: '试算的结果；草案有误时只有 userErrors / A simulation, or what is wrong with the draft' })
export class SimulationResult {
  @Field(() => DateTimeScalar, {
    nullable: true,
    simple: true,
    description: '按此时刻试算：草案全部生效之时 / The moment it is tried at: when all of the draft is in force',
  })
  time!: Date | null;
  @Field(() => Simulation, { nullable: true, simple: true }) simulation!: Simulation | null;
  @Field(() => [UserErrorType], { simple: true }) userErrors!: readonly UserErrorType[];
}

@Resolver(() => Governance)
export class OfficerInsights {
  @FieldResolver(() => SimulationResult, {
    description:
      '试算草案或待批提案：机构会看到什么，过去的查询会受何影响；不作任何变更 / Tries a draft or an open proposal: what institutions would see, which past reads it concerns; changes nothing',
  })
  async simulatePolicy(
    @Ctx() { journey }: JourneyContext,
    @Arg('draft', () => PolicyDraftInput, { nullable: true, description: '草案；与 proposal 二选一 / A draft; this or a proposal' })
    draft: PolicyDraftInput | undefined,
    @Arg('proposal', () => String, { nullable: true }) proposal: string | undefined,
    @Arg('days', () => Int, { defaultValue: 30, description: '重放最近多少天，1-400 / How many days of the log are replayed, 1 to 400' }) days: number,
  ): Promise<SimulationResult> {
    const { catalogue, governance, grounds, trail } = journey.parts;
    const since = daysBefore(journey.time, days);
    if ((draft === undefined) === (proposal === undefined)) throw new Fault('BAD_USER_INPUT', { detail: 'draft | proposal' });
    const found = proposal === undefined ? null : (await governance.proposals({ first: 1, after: null }, { state: null, id: proposal })).nodes[0];
    if (proposal !== undefined && !found) throw new Fault('BAD_USER_INPUT', { detail: 'proposal' });
    const changes = found ? found.changes : changesOf(draft as PolicyDraftInput, journey.time);
    const drafted = await governance.draft(changes);
    if (!drafted.ok) return { time: null, simulation: null, userErrors: drafted.errors };
    const { institutions, before, after } = drafted;
    const standings = {
      institutions,
      before: (institution: InstitutionId) => standingOf(before, institution),
      after: (institution: InstitutionId) => standingOf(after, institution),
    };
    const time = beginOf(changes, journey.time);
    const simulated = await journey.lane.alone(() => simulate({ catalogue, grounds, trail }, standings, { since, time }));
    return { time, simulation: Simulation.of(simulated), userErrors: [] };
  }

  @FieldResolver(() => LeastPrivilegeReport, {
    description: '最小权限报告：已授予而久未读取的信息项 / The least-privilege report: items granted and not read for a while',
  })
  async leastPrivilege(
    @Ctx() { journey }: JourneyContext,
    @Arg('institution', () => String, { nullable: true, description: '不填为全部机构 / All where absent' }) institution: InstitutionId | undefined,
    @Arg('days', () => Int, { defaultValue: UNUSED_DAYS, description: '多少天未读 / Not read for so many days' }) days: number,
    @Arg('first', () => Int, { defaultValue: 100, description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
  ): Promise<LeastPrivilegeReport> {
    const { catalogue, governance, trail } = journey.parts;
    daysBefore(journey.time, days);
    const policy = await governance.policy();
    if (institution && !policy.residents.has(institution)) throw new Fault('BAD_USER_INPUT', { detail: 'institution' });
    const institutions = institution ? [institution] : [...policy.residents.keys()];
    const question = { institutions, standing: (of: InstitutionId) => standingOf(policy, of), time: journey.time, days };
    return LeastPrivilegeReport.page(await journey.lane.alone(() => leastPrivilege({ catalogue, trail }, question)), first, after ?? null);
  }
}

/** When all of a draft is in force: what begins tomorrow is shown as it will be tomorrow. */
function beginOf(changes: readonly PolicyChange[], now: Date): Date {
  const begins = changes.flatMap((change) => {
    if ('validFrom' in change) return [Date.parse(change.validFrom)];
    return change.change === 'SET_ITEM' && change.inForceFrom ? [startOfDayInBeijing(change.inForceFrom).getTime()] : [];
  });
  return new Date(Math.max(now.getTime(), ...begins));
}

/** @throws Fault BAD_USER_INPUT */
function daysBefore(time: Date, days: number): Date {
  if (days < 1 || days > MOST_DAYS) throw new Fault('BAD_USER_INPUT', { detail: `days: 1 - ${MOST_DAYS}` });
  return new Date(time.getTime() - days * DAY_MS);
}
