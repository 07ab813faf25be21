/** Mutations of registered operations: an institution's own list of documents that may be sent by their hash. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../access/inquiry.js';
import { userError } from '../governance/userErrors.js';
import type { Journey, JourneyContext } from './journey.js';
import { type ManifestFault, readManifest, registerOperations, removeOperations } from './manifest.js';
import { KEY, OperationsPayload } from './payloads.js';

const MOST_REMOVED = 1_000;

@Resolver()
export class OperationMutations {
  @Mutation(() => OperationsPayload, {
    description:
      '登记操作清单，全部或全不登记；清单为 JSON：{"<sha256>": "<文档>"} 或 [{name, document}] / Registers a manifest, all of it or nothing; JSON: {"<sha256>": "<document>"} or [{name, document}]',
  })
  async registerOperations(
    @Ctx() { journey }: JourneyContext,
    @Info() { schema: view }: GraphQLResolveInfo,
    @Arg('manifest', () => String) manifest: string,
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<OperationsPayload> {
    const { institution } = journey.ofInstitution.caller;
    const by = actorOf(journey.start.caller);
    // Read before the transaction: a large one takes a while.
    const read = await readManifest(manifest, view);
    const refused = (faults: readonly ManifestFault[]) =>
      ({ ok: false, errors: faults.map(({ operation, message }) => userError('manifest', 'BAD_OPERATION', `${operation}: ${message}`)) }) as const;
    const handled = await journey.handIn('registerOperations', { idempotencyKey, manifest }, async (client) => {
      if (read.state === 'WRONG') return refused(read.faults);
      const { operations } = read;
      const registration = await registerOperations(client, { institution, operations, by });
      if (registration.state === 'REFUSED') return refused(registration.faults);
      const { added } = registration;
      const detail = operations.map(({ hash }) => hash);
      return { ok: true, result: { operations: added }, raises: added > 0 ? [institution] : [], change: { institutions: [institution], detail } };
    });
    return payloadOf(handled);
  }

  @Mutation(() => OperationsPayload, { description: '移除已登记的操作，即刻生效 / Takes operations off the list, at once' })
  async removeOperations(
    @Ctx() { journey }: JourneyContext,
    @Arg('hashes', () => [String], { description: 'SHA-256' }) hashes: string[],
    @Arg('idempotencyKey', () => String, KEY) idempotencyKey: string,
  ): Promise<OperationsPayload> {
    const { institution } = journey.ofInstitution.caller;
    const handled = await journey.handIn('removeOperations', { idempotencyKey, hashes }, async (client) => {
      if (hashes.length === 0) return { ok: false, errors: [userError('hashes', 'EMPTY')] };
      if (hashes.length > MOST_REMOVED) return { ok: false, errors: [userError('hashes', 'TOO_LONG', `> ${MOST_REMOVED}`)] };
      const removed = await removeOperations(client, institution, hashes);
      return { ok: true, result: { operations: removed }, raises: removed > 0 ? [institution] : [], change: { institutions: [institution], detail: hashes } };
    });
    return payloadOf(handled);
  }
}

function payloadOf(handled: Awaited<ReturnType<Journey['handIn']>>): OperationsPayload {
  return handled.state === 'REFUSED' ? { operations: null, userErrors: handled.errors } : { operations: handled.result.operations ?? null, userErrors: [] };
}
