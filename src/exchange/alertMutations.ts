/** Mutations of alerts and of the register of cases: what officers decide, and what institutions report. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../access/inquiry.js';
import { type AlertDecision, changeRule, decideAlert } from '../alerts/alerts.js';
import { reportCase } from '../alerts/cases.js';
import { Fault } from '../faults.js';
import { textFaults } from '../governance/checks.js';
import { type UserError, userError } from '../governance/userErrors.js';
import { AlertPayload, AlertRuleInput, AlertRulePayload, alertTypeOf, CasePayload, CaseReportInput, figuresOf } from './alertTypes.js';
import type { HandedInput, Journey, JourneyContext } from './journey.js';
import { KEY } from './payloads.js';

const LONGEST_CASE_NUMBER = 64;

@Resolver()
export class AlertMutations {
  @Mutation(() => AlertPayload, { description: '受理告警 / Takes an alert up' })
  acknowledgeAlert(
    @Ctx() { journey }: JourneyContext,
    @Arg('alert', () => String) alert: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AlertPayload> {
    return decided(journey, 'acknowledgeAlert', { idempotencyKey, alert }, { alert, event: 'ACKNOWLEDGED', reason: null });
  }

  @Mutation(() => AlertPayload, {
    description:
      '关闭告警并说明理由；放宽规则者不能关闭由此产生的告警 / Closes an alert, with the reason; who loosened a rule does not close the alert about it',
  })
  closeAlert(
    @Ctx() { journey }: JourneyContext,
    @Arg('alert', () => String) alert: string,
    @Arg('reason', () => String) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AlertPayload> {
    return decided(journey, 'closeAlert', { idempotencyKey, alert, reason }, { alert, event: 'CLOSED', reason });
  }

  @Mutation(() => AlertRulePayload, {
    description: '变更告警规则，即刻生效；放宽或停用会产生告警 / Changes a rule of alerts, at once; loosening it or switching it off is itself an alert',
  })
  async changeAlertRule(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => AlertRuleInput) input: AlertRuleInput,
    @Arg('reason', () => String) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AlertRulePayload> {
    const { kind, enabled = null } = input;
    const thresholds = Object.fromEntries((input.thresholds ?? []).map(({ name, value }) => [name, value]));
    const handled = await journey.handIn('changeAlertRule', { idempotencyKey, reason, kind, enabled, thresholds }, async (client) => {
      const errors = textFaults(reason, 'reason');
      if (errors.length > 0) return { ok: false, errors };
      const author = actorOf(journey.start.caller);
      const changed = await changeRule(client, { kind, enabled, thresholds, author, reason, time: journey.parts.now() });
      if (changed.state !== 'CHANGED') return { ok: false, errors: ruleErrors(changed) };
      const { version, loosens } = changed;
      return { ok: true, result: {}, raises: [], change: { detail: { kind, version, enabled, thresholds, loosens, reason } } };
    });
    if (handled.state === 'REFUSED') return { rule: null, userErrors: handled.errors };
    const [rule] = await journey.parts.alerts.rules(kind);
    return { rule: rule ? { ...rule, thresholds: figuresOf(rule.thresholds) } : null, userErrors: [] };
  }

  @Mutation(() => CasePayload, {
    description:
      '登记本机构案件的状态；登记过案件的机构，无在办案件的读取会告警 / Reports the state of a case; of an institution that does, reads without a live case are told in alerts',
  })
  async reportCase(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => CaseReportInput) input: CaseReportInput,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<CasePayload> {
    const { institution, client: system } = journey.ofInstitution.caller;
    const { caseNumber, uscc: typed, state } = input;
    if (!typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
    const { uscc } = typed;
    const time = journey.parts.now();
    const handled = await journey.handIn('reportCase', { idempotencyKey, caseNumber, uscc, state }, async (client) => {
      const errors = textFaults(caseNumber, 'input.caseNumber', LONGEST_CASE_NUMBER);
      if (errors.length > 0) return { ok: false, errors };
      const reported = await reportCase(client, { institution, client: system, uscc, caseNumber, state, time });
      if (reported.state === 'NOTHING_CHANGES') return { ok: false, errors: [userError('input.state', 'NOTHING_CHANGES')] };
      const { revision } = reported.report;
      const change = { enterprise: uscc, institutions: [institution], detail: { caseNumber, state, revision } };
      return { ok: true, result: { case: { caseNumber, uscc, state, revision, reportedAt: time.toISOString() } }, raises: [], change };
    });
    return handled.state === 'REFUSED' ? { report: null, userErrors: handled.errors } : { report: handled.result.case ?? null, userErrors: [] };
  }
}

async function decided(
  journey: Journey,
  mutation: string,
  input: HandedInput,
  decision: Pick<AlertDecision, 'alert' | 'event' | 'reason'>,
): Promise<AlertPayload> {
  const { alert, reason } = decision;
  const handled = await journey.handIn(mutation, input, async (client) => {
    const errors = reason === null ? [] : textFaults(reason, 'reason');
    if (errors.length > 0) return { ok: false, errors };
    const came = await decideAlert(client, { ...decision, actor: actorOf(journey.start.caller), time: journey.parts.now() });
    if (came !== 'DECIDED') return { ok: false, errors: [userError('alert', came)] };
    return { ok: true, result: {}, raises: [], change: { detail: { alert, ...(reason === null ? {} : { reason }) } } };
  });
  if (handled.state === 'REFUSED') return { alert: null, userErrors: handled.errors };
  const [found] = await journey.parts.alerts.list({ id: alert }, { first: 1, after: null });
  return { alert: found ? alertTypeOf(found) : null, userErrors: [] };
}

function ruleErrors(changed: Exclude<Awaited<ReturnType<typeof changeRule>>, { state: 'CHANGED' }>): UserError[] {
  if (changed.state === 'FAULTY') return changed.faults.map(({ fault, name, allowed }) => userError('input.thresholds', fault, `${name}: ${allowed}`));
  return [userError('input', changed.state)];
}
