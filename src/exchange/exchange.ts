/**
 * The exchange: a GraphQL request and a caller in, an answer with its receipt out. The face of this room; knows nothing
 * of sockets and tokens.
 */
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Standing } from '../access/evidence.js';
import type { Caller } from '../access/inquiry.js';
import { openToll, type Toll } from '../allowance/toll.js';
import { ENTRY_VERSION } from '../audit/entry.js';
import { Fault, type FaultCode } from '../faults.js';
import { formatError, journeyPlugin } from './conclude.js';
import { type Documents, openDocuments } from './documents.js';
import { type ExchangeParts, Journey, type JourneyContext, whoIs } from './journey.js';
import { openLane } from './lane.js';
import { hashOf, LIMITS, openLimits } from './limits.js';
import { textOf } from './plannedData.js';
import { schemaOf } from './schema.js';
import { hashOfSent, type Sent, sentIn, usccsNamed } from './sent.js';
import { audiencesOf, viewOf } from './views.js';

export interface Question {
  readonly id: string;
  readonly caller: Caller;
  /** Parsed body: query or documentId, variables, operationName. */
  readonly body: unknown;
  /** Whether it came by GET: no document, and no change. */
  readonly safe: boolean;
  /** The client's Accept header, which chooses between application/json and application/graphql-response+json. */
  readonly accept: string | undefined;
  /** performance.now() when the request arrived. */
  readonly startedAt: number;
}
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** Text, or its bytes in UTF-8. */
  readonly body: string | Buffer;
  /** Id of the receipt; null only where the audit log itself failed. */
  readonly receipt: string | null;
  /** Code of the table of faults where nothing was given, else null. */
  readonly code: string | null;
  /** Records looked up. */
  readonly lookedUp: number;
  /** Seconds after which to come again, where a limit was met. */
  readonly retryAfter?: number;
  /** What failed inside, for the log; never for the client. */
  readonly cause?: unknown;
}

export interface Exchange {
  /** Never throws; whatever happens is an answer. */
  answer(question: Question): Promise<Answer>;
  /** Audits and answers a refusal that happened before GraphQL: a bad token, a bad body. */
  refuse(refused: { id: string; caller: Caller | null; fault: Fault; startedAt: number; accept?: string | undefined }): Promise<Answer>;
  close(): Promise<void>;
}

/** How often an answer is composed anew when policy moves under it, before the caller is asked to come again. */
const MOST_ATTEMPTS = 4;
const GRAPHQL_TYPE = 'application/graphql-response+json';

export async function openExchange(parts: ExchangeParts, { production }: { production: boolean }): Promise<Exchange> {
  const schema = schemaOf(parts.catalogue);
  const limits = openLimits();
  const lane = openLane();
  const quiet = () => undefined;
  const apolloOf = (view: GraphQLSchema) =>
    new ApolloServer<JourneyContext>({
      schema: view,
      introspection: !production,
      hideSchemaDetailsFromClientErrors: production,
      includeStacktraceInErrorResponses: false,
      persistedQueries: false,
      allowBatchedHttpRequests: false,
      stopOnTerminationSignals: false,
      nodeEnv: 'production',
      parseOptions: { maxTokens: LIMITS.tokens },
      status400ForVariableCoercionErrors: true,
      formatError,
      stringifyResult: textOf,
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      plugins: [ApolloServerPluginCacheControlDisabled(), ApolloServerPluginLandingPageDisabled(), journeyPlugin(view)],
    });
  interface Desk {
    readonly apollo: ApolloServer<JourneyContext>;
    readonly documents: Documents;
  }
  const started = new Map<string, Promise<Desk>>();
  /** Each view has a server of its own, with its own store of documents; there are as many as sets of roles. */
  function deskFor(caller: Caller): Promise<Desk> {
    const audiences = audiencesOf(caller);
    const key = audiences.join();
    let desk = started.get(key);
    if (!desk) {
      const view = viewOf(schema, audiences);
      const apollo = apolloOf(view);
      const documents = openDocuments({ limits, catalogue: parts.catalogue, view, production });
      started.set(key, (desk = apollo.start().then(() => ({ apollo, documents }))));
    }
    return desk;
  }

  type Refused = Parameters<Exchange['refuse']>[0] & { operation?: string; supersedes?: string | null };
  /** A refusal, and the policy epoch its entry saw; null where there is none. */
  async function refusal({ id, caller, fault, startedAt, accept, operation, supersedes }: Refused): Promise<{ answer: Answer; epoch: number | null }> {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const entry = {
      v: ENTRY_VERSION,
      id,
      time: parts.now().toISOString(),
      ...whoIs(caller),
      ...(operation ? { operation } : {}),
      durationMs,
      ...(supersedes ? { supersedes } : {}),
      outcome: 'REFUSED',
      code: fault.code,
    } as const;
    try {
      const { receipt, epochOf } = await parts.audit.append(entry);
      return { answer: failed(fault, receipt, accept), epoch: caller?.kind === 'INSTITUTION' ? epochOf(caller.institution) : null };
    } catch (error) {
      return { answer: failed(error instanceof Fault ? error : new Fault('AUDIT_UNAVAILABLE', { cause: error }), null, accept), epoch: null };
    }
  }
  const refuse = async (refused: Refused): Promise<Answer> => (await refusal(refused)).answer;

  async function attempt(journey: Journey, { accept }: Question, asked: Readonly<Record<string, unknown>>): Promise<Answer> {
    const headers = new HeaderMap([
      ['content-type', 'application/json'],
      ['accept', mediaTypeFor(accept)],
    ]);
    const { apollo, documents } = await deskFor(journey.start.caller);
    const response = await apollo
      .executeHTTPGraphQLRequest({ httpGraphQLRequest: { method: 'POST', headers, search: '', body: asked }, context: async () => ({ journey, documents }) })
      .finally(() => journey.end());
    const text = response.body.kind === 'complete' ? response.body.string : '';
    const body = journey.plannedData?.body() ?? text;
    return { status: response.status ?? 200, contentType: `${mediaTypeFor(accept)}; charset=utf-8`, body, receipt: null, code: null, lookedUp: 0 };
  }

  /** The document to run, before anything of it is looked at; null where it is not registered and should be. */
  async function documentOf(sent: Sent, standing: Standing | null): Promise<string | null> {
    const { operations } = parts;
    if (sent.by === 'HASH') return standing && sent.hash !== null ? operations.find(standing, sent.hash) : null;
    if (!standing?.safelist || (await operations.has(standing, hashOf(sent.document)))) return sent.document;
    return null;
  }
  /** Evidence on the institution that asks, in one statement with what will be wanted next; null where none asks. */
  async function standingOf(caller: Caller, sent: Sent): Promise<Standing | null> {
    if (caller.kind !== 'INSTITUTION') return null;
    const { institution } = caller;
    return (await parts.grounds.of(institution, parts.grounds.knows(institution) ? [] : usccsNamed(sent))).standing;
  }

  async function answerWith(toll: Toll, question: Question): Promise<Answer> {
    const { caller, startedAt, safe } = question;
    let sent: Sent | undefined;
    let supersedes: string | null = null;
    let journey: Journey | undefined;
    // Attempts that were thrown away have entries of their own; what is refused after them takes the last one's place.
    const idOf = () => (supersedes === null ? question.id : parts.newId());
    const refusing = (fault: Fault) => {
      const operation = sent && hashOfSent(sent);
      return refusal({ ...question, id: idOf(), supersedes, fault, ...(operation ? { operation } : {}) });
    };
    const refused = async (fault: Fault) => (await refusing(fault)).answer;
    try {
      sent = sentIn(question.body);
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
        const standing = await standingOf(caller, sent);
        const document = await documentOf(sent, standing);
        if (document === null) {
          const { answer: unregistered, epoch } = await refusing(new Fault('OPERATION_NOT_REGISTERED'));
          if (!standing || epoch === null || unregistered.receipt === null || parts.grounds.isCurrent(standing.institution, standing.epoch, epoch))
            return unregistered;
          supersedes = unregistered.receipt;
          continue;
        }
        const { operation } = limits.admit(document);
        journey = new Journey(parts, lane, { id: idOf(), caller, startedAt, operation, supersedes, toll, safe, epoch: standing?.epoch ?? null });
        const composed = await attempt(journey, question, { ...sent.rest, query: document });
        const { conclusion } = journey;
        switch (conclusion.end) {
          case 'SENT':
            return { ...composed, receipt: conclusion.id, code: conclusion.code, lookedUp: conclusion.lookedUp };
          case 'FAILED':
            // An entry that could not be written down whole is no reason to leave none.
            if (conclusion.receipt === null && conclusion.fault.code !== 'AUDIT_UNAVAILABLE') return await refused(conclusion.fault);
            return failed(conclusion.fault, conclusion.receipt, question.accept);
          case 'UNFINISHED':
            // Apollo refused before the journey began.
            return await refused(new Fault('INVALID_REQUEST'));
          case 'MOVED':
            supersedes = conclusion.supersedes;
        }
      }
      return await refused(new Fault('POLICY_CHANGING'));
    } catch (error) {
      // An answer that was audited and then could not be written out is taken back by the refusal.
      if (journey?.conclusion.end === 'SENT') supersedes = journey.conclusion.id;
      return refused(error instanceof Fault ? error : new Fault('INTERNAL', { cause: error }));
    }
  }

  async function answer(question: Question): Promise<Answer> {
    const toll = openToll(parts);
    let failedInside = true;
    try {
      const answered = await answerWith(toll, question);
      failedInside = answered.status >= 500;
      return answered;
    } finally {
      toll.end(failedInside);
    }
  }

  return {
    answer,
    refuse,
    close: async () => {
      for (const desk of started.values()) await (await desk).apollo.stop();
    },
  };
}

/** Who asks for neither of the two gets JSON: an answer refused after it was audited would be told in the log as given. */
function mediaTypeFor(accept: string | undefined): string {
  return accept?.includes(GRAPHQL_TYPE) ? GRAPHQL_TYPE : 'application/json';
}

/** A refusal as a GraphQL response: errors, no data. */
function failed(fault: Fault, receipt: object | null, accept: string | undefined): Answer & { readonly code: FaultCode } {
  const body = JSON.stringify({ errors: [{ message: fault.message, extensions: fault.extensions }], ...(receipt ? { extensions: { receipt } } : {}) });
  const id = (receipt as { id?: string } | null)?.id ?? null;
  const contentType = `${mediaTypeFor(accept)}; charset=utf-8`;
  return {
    status: Math.max(400, fault.status),
    contentType,
    body,
    receipt: id,
    code: fault.code,
    lookedUp: 0,
    ...retryAfterOf(fault),
    cause: fault.options.cause,
  };
}

function retryAfterOf({ facts }: Fault): Pick<Answer, 'retryAfter'> {
  return typeof facts.retryAfter === 'number' ? { retryAfter: facts.retryAfter } : {};
}
