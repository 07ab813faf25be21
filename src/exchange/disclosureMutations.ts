/** Mutations of governance officers: which reads are told to enterprises later. A delay always needs a second officer. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { JourneyContext } from './journey.js';
import { changePolicy } from './mutations.js';
import { DisclosureDelayInput, KEY, PolicyChangePayload } from './payloads.js';

const REASON = { description: '理由，进入策略版本与审计 / Why; kept with the policy version and the audit log' };

@Resolver()
export class DisclosureMutations {
  @Mutation(() => PolicyChangePayload, {
    description: '延迟披露：须由第二名官员批准 / Tells enterprises of reads some days later; always approved by a second officer',
  })
  async delayDisclosure(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => DisclosureDelayInput) input: DisclosureDelayInput,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    const { institution = null, purpose = null, days } = input;
    const caseNumber = input.caseNumber?.trim() ?? null;
    const change = { change: 'DELAY_DISCLOSURE' as const, id: journey.parts.newId(), institution, purpose, caseNumber, days };
    return changePolicy(journey, 'delayDisclosure', { idempotencyKey, reason, input }, change);
  }

  @Mutation(() => PolicyChangePayload, { description: '终止延迟披露，即刻生效 / Ends a delay, at once' })
  async endDisclosureDelay(
    @Ctx() { journey }: JourneyContext,
    @Arg('delay', () => String) delay: string,
    @Arg('reason', () => String, REASON) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<PolicyChangePayload> {
    return changePolicy(journey, 'endDisclosureDelay', { idempotencyKey, reason, delay }, { change: 'END_DISCLOSURE_DELAY', id: delay });
  }
}
