/** The root fields. Each takes what the journey has decided and hands out what `records` gives under the permit. */

import { createHash } from 'node:crypto';
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Int, Query, Resolver } from 'type-graphql';
import { decideDirectory } from '../access/decide.js';
import { explain, remedyOf } from '../access/explain.js';
import { Fault } from '../faults.js';
import type { Purpose, Uscc } from '../terms.js';
import { Catalogue } from './catalogueTypes.js';
import type { AskedRead } from './inquiryOf.js';
import type { Journey, JourneyContext } from './journey.js';
import { problem } from './problem.js';
import { type TypedUscc, UsccScalar } from './scalars.js';
import { Enterprise, EnterpriseConnection, type EnterpriseProblem, EnterpriseResult, InquiryInput, ItemAccess, PurposeEnum } from './types.js';

/** What stands for an enterprise while its fields are resolved. */
export interface EnterpriseNode {
  readonly uscc: Uscc;
  readonly name: string | null;
  readonly read: AskedRead;
}

@Resolver()
export class Queries {
  @Query(() => Enterprise, { nullable: true, description: '一家企业；专区没有时为 null / One enterprise; null where the zone holds none' })
  async enterprise(
    @Ctx() { journey }: JourneyContext,
    @Info() { path }: GraphQLResolveInfo,
    @Arg('uscc', () => UsccScalar) typed: TypedUscc,
    @Arg('inquiry', () => InquiryInput) _inquiry: InquiryInput,
  ): Promise<EnterpriseNode | null> {
    const read = readOf(journey, path.key);
    // A bad code was refused with the whole operation before anything ran.
    return typed.ok ? nodeOf(journey, read, typed.uscc) : null;
  }

  @Query(() => [EnterpriseResult], { description: '至多 1000 家，按所给顺序 / At most 1,000, in the order asked' })
  async enterprises(
    @Ctx() { journey }: JourneyContext,
    @Info() { path }: GraphQLResolveInfo,
    @Arg('usccs', () => [UsccScalar]) typed: TypedUscc[],
    @Arg('inquiry', () => InquiryInput) _inquiry: InquiryInput,
  ): Promise<(EnterpriseNode | EnterpriseProblem)[]> {
    const read = readOf(journey, path.key);
    return Promise.all(
      typed.map(async (code) => {
        if (!code.ok) return problem(code.typed, 'INVALID_USCC', code.reason);
        return (await nodeOf(journey, read, code.uscc)) ?? problem(code.uscc, 'ENTERPRISE_UNKNOWN');
      }),
    );
  }

  @Query(() => EnterpriseConnection, {
    description: '按名称检索，可限区划与行业；不含个体工商户 / Search by name, within division and industry; without individual businesses',
  })
  async searchEnterprises(
    @Ctx() { journey }: JourneyContext,
    @Arg('name', () => String, { description: '名称的任一部分 / Any part of the name' }) name: string,
    @Arg('division', () => String, { nullable: true, description: '行政区划代码 / Division code' }) division: string | undefined,
    @Arg('industry', () => String, { nullable: true, description: '行业门类或大类代码 / Industry section or division' }) industry: string | undefined,
    @Arg('first', () => Int, { description: '1-100' }) first: number,
    @Arg('after', () => String, { nullable: true }) after: string | undefined,
  ): Promise<EnterpriseConnection> {
    const { catalogue, directory } = journey.parts;
    const permit = decideDirectory(journey.ofInstitution.grounds.standing, journey.time);
    if (!permit) throw new Fault('ACCESS_DENIED');
    const within = catalogue.codeLists.get('industry')?.codes.filter(({ code, parent }) => code === industry || parent === industry);
    if (industry && within?.length === 0) throw new Fault('BAD_USER_INPUT', { detail: 'industry: GB/T 4754' });
    const page = await directory.search(permit, {
      name,
      division: division ?? null,
      industries: industry && within ? within.map(({ code }) => code) : null,
      first,
      after: after ?? null,
    });
    journey.searches.push({
      nameHash: createHash('sha256').update(name).digest('hex'),
      division: division ?? null,
      industry: industry ?? null,
      found: page.entries.length,
    });
    const nodes = [...page.entries];
    return {
      nodes,
      edges: nodes.map((node) => ({ cursor: node.uscc, node })),
      pageInfo: { hasNextPage: page.hasNextPage, endCursor: nodes.at(-1)?.uscc ?? null },
    };
  }

  @Query(() => Catalogue, { description: '数据目录 / The catalogue of the zone' })
  catalogue(@Ctx() { journey }: JourneyContext): Catalogue {
    return new Catalogue(journey.parts.catalogue);
  }

  @Query(() => [ItemAccess], { description: '我能看到什么，为什么；不读取任何记录 / What you would get, and why; reads no record' })
  async myAccess(
    @Ctx() { journey }: JourneyContext,
    @Arg('purpose', () => PurposeEnum) purpose: Purpose,
    @Arg('category', () => String, { nullable: true, description: '信息类代码；不填为全部 / Category code; all where absent' }) category: string | undefined,
    @Arg('uscc', () => UsccScalar, { nullable: true, description: '企业；不填按未授权的企业 / Enterprise; without one, as for a firm without consent' })
    typed: TypedUscc | undefined,
  ): Promise<ItemAccess[]> {
    const { catalogue } = journey.parts;
    if (typed && !typed.ok) throw new Fault('INVALID_USCC', { detail: typed.reason, facts: { reason: typed.reason } });
    const named = category ? catalogue.category(category) : undefined;
    if (category && !named) throw new Fault('BAD_USER_INPUT', { detail: 'category' });
    const uscc = typed ? typed.uscc : null;
    journey.questions.push({ purpose, enterprise: uscc, category: named?.code ?? null });
    const grounds = await journey.groundsOf(uscc ? [uscc] : []);
    const at = { standing: grounds.standing, purpose, time: journey.time };
    return [...explain(grounds, purpose, uscc, journey.time, named ? [named] : catalogue.categories)].map((found) => ({
      item: found.item.code,
      category: found.category.code,
      coordinate: found.item.coordinate,
      outcome: found.outcome.effect,
      reason: found.outcome.effect === 'DENIED' ? found.outcome.reason : null,
      rule: found.rule?.name ?? null,
      says: found.rule?.says ?? null,
      grade: found.item.grade,
      sharing: found.item.sharing,
      policyVersion: found.policyVersion,
      grants: found.grants,
      consents: found.consents,
      remedy: found.outcome.effect === 'DENIED' ? remedyOf(found.outcome.reason, found, at) : null,
    }));
  }
}

function readOf(journey: Journey, responseKey: string | number): AskedRead {
  const read = journey.decided.asked.reads.find(({ key }) => key === responseKey);
  if (!read) throw new Fault('INTERNAL', { cause: new Error(`no inquiry for ${responseKey}`) });
  return read;
}

async function nodeOf(journey: Journey, read: AskedRead, uscc: Uscc): Promise<EnterpriseNode | null> {
  const { reading } = journey.decided;
  if (!reading) throw new Fault('INTERNAL', { cause: new Error('no permit') });
  const found = await reading.enterprise(read, uscc);
  if (found) return { uscc, name: found.name, read };
  const missing = journey.unknown.get(read.key) ?? new Set();
  journey.unknown.set(read.key, missing.add(uscc));
  return null;
}
