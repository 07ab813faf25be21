/** Queries of alerts, for those who oversee. Each look stands in the audit entry of its request. */
import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import type { AlertKind } from '../alerts/rules.js';
import { AlertFilterInput, AlertKindEnum, AlertPage, AlertRuleType, AlertType, alertTypeOf, figuresOf } from './alertTypes.js';
import type { PageOf } from './governanceTypes.js';
import { pageOf } from './governed.js';
import type { JourneyContext } from './journey.js';

@Resolver()
export class AlertQueries {
  @Query(() => AlertPage, { description: '告警，新者在前；查看会被审计 / Alerts, the newest first; looking is audited' })
  async alerts(
    @Ctx() { journey }: JourneyContext,
    @Arg('filter', () => AlertFilterInput, { nullable: true }) filter: AlertFilterInput | undefined,
    @Arg('first', () => Int, { defaultValue: 20, description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true, description: '上一页的 endCursor / endCursor of the page before' }) after: string | undefined,
  ): Promise<PageOf<AlertType>> {
    const page = pageOf({ first, after });
    const found = await journey.parts.alerts.list(filter ?? {}, page);
    const nodes = found.slice(0, first).map(alertTypeOf);
    journey.lookups.push({ field: 'alerts', filter: { ...filter, first, ...(page.after ? { after: page.after } : {}) }, returned: nodes.length });
    return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor: nodes.at(-1)?.id ?? null } };
  }

  @Query(() => AlertType, { nullable: true, description: '一条告警 / One alert' })
  async alert(@Ctx() { journey }: JourneyContext, @Arg('id', () => String) id: string): Promise<AlertType | null> {
    const [found] = await journey.parts.alerts.list({ id }, { first: 1, after: null });
    journey.lookups.push({ field: 'alert', filter: { id: id.slice(0, 64) }, returned: found ? 1 : 0 });
    return found ? alertTypeOf(found) : null;
  }

  @Query(() => [AlertRuleType], {
    description: '现行告警规则；指明 kind 则为其全部版本 / The rules in force; all versions of one where kind is given',
  })
  async alertRules(
    @Ctx() { journey }: JourneyContext,
    @Arg('kind', () => AlertKindEnum, { nullable: true }) kind: AlertKind | undefined,
  ): Promise<AlertRuleType[]> {
    const rules = await journey.parts.alerts.rules(kind ?? null);
    return rules.map((rule) => ({ ...rule, thresholds: figuresOf(rule.thresholds) }));
  }
}
