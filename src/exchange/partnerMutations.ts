/** Mutations of requests and consents: what institutions ask, officers decide, and enterprises allow. */
import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../access/inquiry.js';
import { Fault } from '../faults.js';
import { partyOf } from '../governance/governance.js';
import type { Uscc } from '../terms.js';
import { consentPage, requestPage } from './governed.js';
import type { Journey, JourneyContext } from './journey.js';
import { AccessRequestInput, AccessRequestPayload, ApprovalInput, ConsentPayload, GiveConsentInput, KEY, RegisterConsentInput } from './payloads.js';
import { type TypedUscc, UsccScalar } from './scalars.js';

@Resolver()
export class PartnerMutations {
  @Mutation(() => AccessRequestPayload, { description: '申请使用权限 / Asks for access' })
  async requestAccess(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => AccessRequestInput) input: AccessRequestInput,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AccessRequestPayload> {
    const { caller } = journey.ofInstitution;
    return requested(journey, await journey.handIn('requestAccess', { idempotencyKey, ...input }, { act: 'REQUEST_ACCESS', by: caller, asked: input }));
  }

  @Mutation(() => AccessRequestPayload, { description: '批准申请的全部或部分 / Approves a request, in whole or in part' })
  async approveAccessRequest(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => ApprovalInput) input: ApprovalInput,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AccessRequestPayload> {
    const { request, purposes = null, scope = null, effect = null, validUntil = null, reason } = input;
    const approval = { request, purposes, scope, effect, validUntil, reason };
    const act = { act: 'APPROVE_REQUEST', officer: actorOf(journey.start.caller), approval } as const;
    return requested(journey, await journey.handIn('approveAccessRequest', { idempotencyKey, ...input }, act));
  }

  @Mutation(() => AccessRequestPayload, { description: '驳回申请并说明理由 / Declines a request, with the reason' })
  async declineAccessRequest(
    @Ctx() { journey }: JourneyContext,
    @Arg('request', () => String) request: string,
    @Arg('reason', () => String) reason: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<AccessRequestPayload> {
    const act = { act: 'DECLINE_REQUEST', officer: actorOf(journey.start.caller), request, reason } as const;
    return requested(journey, await journey.handIn('declineAccessRequest', { idempotencyKey, request, reason }, act));
  }

  @Mutation(() => ConsentPayload, { description: '登记企业签署的授权书 / Registers a consent that an enterprise signed' })
  async registerConsent(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => RegisterConsentInput) input: RegisterConsentInput,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<ConsentPayload> {
    const { institution } = journey.ofInstitution.caller;
    const { evidenceHash: hash, evidenceReference: reference, purposes, scope, personal, validFrom = null, validUntil } = input;
    const evidence = { hash: hash.toLowerCase(), reference };
    const terms = { institution, uscc: usccOf(input.uscc), purposes, scope, struck: [], personal, validFrom, validUntil, evidence };
    return consented(journey, await journey.handIn('registerConsent', { idempotencyKey, ...terms }, { act: 'RECORD_CONSENT', terms }));
  }

  @Mutation(() => ConsentPayload, { description: '企业自行授权 / The enterprise consents itself' })
  async giveConsent(
    @Ctx() { journey }: JourneyContext,
    @Arg('input', () => GiveConsentInput) input: GiveConsentInput,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<ConsentPayload> {
    const { institution, purposes, scope, personal, validFrom = null, validUntil } = input;
    const uscc = enterpriseOf(journey);
    const terms = { institution, uscc, purposes, scope, struck: input.struck ?? [], personal, validFrom, validUntil, evidence: null };
    return consented(journey, await journey.handIn('giveConsent', { idempotencyKey, ...terms }, { act: 'RECORD_CONSENT', terms }));
  }

  @Mutation(() => ConsentPayload, { description: '从授权中划去信息类，即刻生效 / Strikes categories from a consent, at once' })
  async strikeCategories(
    @Ctx() { journey }: JourneyContext,
    @Arg('consent', () => String) consent: string,
    @Arg('categories', () => [String]) categories: string[],
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<ConsentPayload> {
    const party = { uscc: enterpriseOf(journey), institution: null };
    const act = { act: 'STRIKE_CATEGORIES', party, consent, categories } as const;
    return consented(journey, await journey.handIn('strikeCategories', { idempotencyKey, consent, categories }, act));
  }

  @Mutation(() => ConsentPayload, {
    description: '撤回授权，即刻生效；机构放弃授权时须指明企业 / Withdraws a consent, at once; an institution that gives one up names the enterprise',
  })
  async withdrawConsent(
    @Ctx() { journey }: JourneyContext,
    @Arg('consent', () => String) consent: string,
    @Arg('uscc', () => UsccScalar, { nullable: true, description: '仅机构填写 / For institutions only' }) typed: TypedUscc | undefined,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<ConsentPayload> {
    const { caller } = journey.start;
    if (caller.kind === 'STAFF') throw new Fault('ACCESS_DENIED');
    if (caller.kind === 'INSTITUTION' && !typed) throw new Fault('BAD_USER_INPUT', { detail: 'uscc' });
    const party = partyOf(caller, caller.kind === 'ENTERPRISE' ? caller.enterprise : usccOf(typed as TypedUscc));
    const given = { idempotencyKey, consent, uscc: party.uscc };
    return consented(journey, await journey.handIn('withdrawConsent', given, { act: 'WITHDRAW_CONSENT', party, consent }));
  }
}

function usccOf(typed: TypedUscc): Uscc {
  if (!typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
  return typed.uscc;
}

function enterpriseOf({ start: { caller } }: Journey): Uscc {
  if (caller.kind !== 'ENTERPRISE') throw new Fault('ACCESS_DENIED');
  return caller.enterprise;
}

type Handled = Awaited<ReturnType<Journey['handIn']>>;

async function requested(journey: Journey, handled: Handled): Promise<AccessRequestPayload> {
  if (handled.state === 'REFUSED') return { request: null, userErrors: handled.errors };
  const page = await requestPage(journey, { first: 1 }, { id: handled.result.request ?? '' });
  return { request: page.nodes[0] ?? null, userErrors: [] };
}

async function consented(journey: Journey, handled: Handled): Promise<ConsentPayload> {
  if (handled.state === 'REFUSED') return { consent: null, userErrors: handled.errors };
  const { uscc, consent } = handled.result;
  const page = uscc && consent ? await consentPage(journey, { first: 1 }, { uscc, id: consent }) : null;
  return { consent: page?.nodes[0] ?? null, userErrors: [] };
}
