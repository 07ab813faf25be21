/**
 * The journey as Apollo tells it: operation known -> decided -> resolved -> audited. MUST: whatever Apollo is about to
 * send goes through `conclude`, and what has no receipt is thrown away.
 */
import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { Standing } from '../access/evidence.js';
import type { Appended, Receipt } from '../audit/log.js';
import { FAULTS, Fault, type FaultCode } from '../faults.js';
import { readOperation } from './inquiryOf.js';
import type { Journey, JourneyContext } from './journey.js';
import { LIMITS } from './limits.js';
import { planned } from './planned.js';

export function journeyPlugin(schema: GraphQLSchema): ApolloServerPlugin<JourneyContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ contextValue: { journey }, document, operation, operationName, request }) {
          journey.operationName = operationName ?? undefined;
          try {
            await decideOperation(schema, journey, document, operation as OperationDefinitionNode | undefined, request.variables ?? {});
          } catch (error) {
            throw error instanceof Fault ? asGraphQLError(error) : error;
          }
        },
        async responseForOperation({ contextValue: { journey }, response }) {
          const data = await planned(journey);
          journey.plannedData = data;
          // What the answer is sent as was settled before; Apollo would weigh it again.
          response.http.headers.set('content-type', 'application/json');
          return data && { http: response.http, body: { kind: 'single', singleResult: { data: data as unknown as Record<string, unknown> } } };
        },
        willSendResponse: conclude,
      };
    },
  };
}

async function decideOperation(
  schema: GraphQLSchema,
  journey: Journey,
  document: DocumentNode,
  operation: OperationDefinitionNode | undefined,
  variables: Record<string, unknown>,
) {
  // Apollo comes here also where no operation is of the name that was given.
  if (!operation || !schema.getRootType(operation.operation)) throw new Fault('OPERATION_NOT_SUPPORTED');
  // What comes by GET changes nothing.
  if (journey.start.safe && operation.operation !== 'query') throw new Fault('METHOD_NOT_ALLOWED');
  const read = readOperation({ schema, catalogue: journey.parts.catalogue, document, operation, variables });
  await journey.decide(read.asked);
  journey.planned = journey.parts.planning ? read.plan() : null;
}

type Answer = { data?: Record<string, unknown> | null; errors?: readonly GraphQLFormattedError[]; extensions?: Record<string, unknown> };

/** The last thing before an answer leaves: refuse what failed, append to the audit log, look at the policy epoch again. */
async function conclude({ contextValue: { journey }, response, errors }: GraphQLRequestContext<JourneyContext>): Promise<void> {
  const answer = singleResult(response.body);
  let receipt: Receipt | null = null;
  try {
    // The verdict on the allowance has had the whole time of reading; what is refused now is not given.
    const failure = failureOf(journey.failure) ?? failureIn(errors ?? []) ?? (await journey.start.toll.refusal());
    const code = failure?.code ?? (answer.data === undefined || answer.data === null ? firstCode(answer.errors) : null);
    const report = code === null ? journey.report() : null;
    // The entry of a change is durable with the change, and no epoch takes a change back.
    const appended = journey.changeReceipt ? null : await journey.parts.audit.append(journey.entry({ code, report }));
    receipt = journey.changeReceipt ?? (appended as Appended).receipt;
    const { evidence } = journey;
    const moved = appended !== null && evidence !== null && !isCurrent(journey, evidence.standing, appended);
    // A refusal that rests on evidence is of the same epoch as an answer would be; where evidence of two met, it is read again.
    if (appended && (failure?.code === 'POLICY_CHANGING' || (moved && (failure === null || failure.status < 500)))) {
      dropAll(answer, journey);
      journey.conclusion = { end: 'MOVED', supersedes: receipt.id };
      return;
    }
    if (failure) throw failure;

    if (code !== null) {
      journey.plannedData = null;
      delete answer.data;
      answer.errors = answer.errors?.slice(0, LIMITS.errors);
      answer.extensions = { receipt };
      response.http.status = code in FAULTS ? Math.max(400, FAULTS[code as FaultCode].status) : 400;
    } else {
      const { asked, grounds } = journey.decided;
      const told = [...(answer.errors ?? []), ...(report?.errors ?? [])];
      if (told.length > 0) answer.errors = told;
      answer.extensions = {
        receipt,
        ...(grounds ? { access: report?.access ?? { policyVersion: grounds.standing.policyVersion, masked: [], denied: [] } } : {}),
        cost: { requested: asked.cost, actual: journey.lookedUp, ...(await budgetOf(journey)) },
      };
    }
    journey.conclusion = { end: 'SENT', id: receipt.id, code, lookedUp: journey.lookedUp };
  } catch (error) {
    // No receipt, no answer: whatever was composed is dropped here.
    dropAll(answer, journey);
    response.http.status = 503;
    journey.conclusion = { end: 'FAILED', fault: error instanceof Fault ? error : new Fault('INTERNAL', { cause: error }), receipt };
  }
}

/** The limit of a minute and what is left of it; what reads no record has the limit of a single operation. */
async function budgetOf({ start: { toll } }: Journey): Promise<{ limit: number; remaining: number }> {
  const left = await toll.left();
  return left ?? { limit: LIMITS.cost, remaining: LIMITS.cost };
}

/** Whether no change of what the institution may see was durable before the entry was. */
function isCurrent({ parts }: Journey, { institution, epoch }: Standing, { epochOf }: Appended): boolean {
  return parts.grounds.isCurrent(institution, epoch, epochOf(institution));
}

function singleResult(body: GraphQLRequestContext<JourneyContext>['response']['body']): Answer {
  if (body?.kind !== 'single') throw new Error('incremental delivery is not offered');
  return body.singleResult as Answer;
}

function dropAll(answer: Answer, journey: Journey): void {
  journey.plannedData = null;
  delete answer.data;
  delete answer.extensions;
  answer.errors = [];
}

/** What kept a plan from being carried out. */
function failureOf(failure: unknown): Fault | null {
  if (failure === null) return null;
  return failure instanceof Fault ? failure : new Fault('INTERNAL', { cause: failure });
}

/** The failure that refuses the whole answer: of the zone itself, or one that nobody foresaw. */
function failureIn(errors: readonly GraphQLError[]): Fault | null {
  for (const error of errors) {
    const origin = originOf(error);
    // A wrong page would be told once for every record; it refuses the operation instead. A limit met says when to come again.
    if (origin instanceof Fault && (origin.status >= 429 || origin.code === 'INVALID_PAGE')) return origin;
    if (origin !== null && !(origin instanceof Fault)) return new Fault('INTERNAL', { cause: origin });
  }
  return null;
}

/** The error below GraphQL's wrapping; null for GraphQL's own errors about the request. */
function originOf(error: GraphQLError): Error | null {
  const origin = error.originalError;
  if (!origin) return null;
  return origin instanceof GraphQLError ? originOf(origin) : origin;
}

function firstCode(errors: readonly GraphQLFormattedError[] | undefined): string {
  return String(errors?.[0]?.extensions?.code ?? 'INTERNAL');
}

function asGraphQLError(fault: Fault): GraphQLError {
  return new GraphQLError(fault.message, { originalError: fault, extensions: { ...fault.extensions, http: { status: fault.status } } });
}

const APOLLO_CODES: Readonly<Record<string, FaultCode>> = {
  GRAPHQL_PARSE_FAILED: 'GRAPHQL_PARSE_FAILED',
  GRAPHQL_VALIDATION_FAILED: 'GRAPHQL_VALIDATION_FAILED',
  BAD_USER_INPUT: 'BAD_USER_INPUT',
  BAD_REQUEST: 'INVALID_REQUEST',
  OPERATION_RESOLUTION_FAILURE: 'OPERATION_NOT_SUPPORTED',
  PERSISTED_QUERY_NOT_FOUND: 'OPERATION_NOT_SUPPORTED',
  PERSISTED_QUERY_NOT_SUPPORTED: 'OPERATION_NOT_SUPPORTED',
};

/** Brings every error that Apollo would tell into the closed table; what is not of it becomes INTERNAL without its text. */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const origin = error instanceof GraphQLError ? originOf(error) : error;
  const place = { ...(formatted.locations ? { locations: formatted.locations } : {}), ...(formatted.path ? { path: formatted.path } : {}) };
  if (origin instanceof Fault) return { message: origin.message, ...place, extensions: origin.extensions };
  const code = origin === null || error instanceof GraphQLError ? APOLLO_CODES[String(formatted.extensions?.code)] : undefined;
  if (!code) {
    const internal = new Fault('INTERNAL');
    return { message: internal.message, extensions: internal.extensions };
  }
  const fault = new Fault(code, { detail: formatted.message.slice(0, 300) });
  return { message: fault.message, ...place, extensions: fault.extensions };
}
