/** What is asked of one Redis node, each call within its limit. Throws where the node is away, never for a slot that moved. */
import { createHash } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';
import { within } from '../within.js';

/** Values of the keys of a group, as their bytes; null where absent. */
export type Values = readonly (Buffer | null)[];
export type Group = readonly string[];
export type Entry = readonly [key: string, value: string | Buffer];

/** Lua that runs as one step; `name` is for people. */
export interface Script {
  readonly name: string;
  readonly text: string;
}
export interface ScriptCall {
  readonly script: Script;
  /** They share a hash tag. */
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** In a cluster: another node has the slot (MOVED), has it for this once (ASK), or nobody has all of it just now. */
export type Elsewhere = { readonly moved: true; readonly to: string | null; readonly once: boolean };

export const isElsewhere = (answer: unknown): answer is Elsewhere => typeof answer === 'object' && answer !== null && 'moved' in answer;

const READ_LIMIT_MS = 50;
const WRITE_LIMIT_MS = 1_000;

/** One answer for each group. */
export async function readGroups(node: Redis, groups: readonly Group[], once = false): Promise<(Values | Elsewhere)[]> {
  const pipeline = node.pipeline();
  for (const group of groups) {
    if (once) pipeline.call('asking');
    pipeline.mgetBuffer(...group);
  }
  const replies = await within(READ_LIMIT_MS, pipeline.exec(), tooLate);
  if (!replies) throw new Error('no replies');
  const answers = once ? replies.filter((_, place) => place % 2 === 1) : replies;
  return answers.map(([error, values]) => (error ? elsewhere(error) : (values as Values)));
}

/** The same of a Redis that has all keys: one command, however many groups. */
export async function readTogether(node: Redis, groups: readonly Group[]): Promise<Values[]> {
  const values = (await within(READ_LIMIT_MS, sent(node.pipeline().mgetBuffer(groups.flat())), tooLate)) as Values;
  let from = 0;
  return groups.map(({ length }) => values.slice(from, (from += length)));
}
const tooLate = () => new Error(`no answer within ${READ_LIMIT_MS} ms`);

/** The answer to the last command of a pipeline, which is sent at once. */
async function sent(pipeline: ChainableCommander): Promise<unknown> {
  const [error, value] = (await pipeline.exec())?.at(-1) ?? [new Error('no reply')];
  if (error) throw error;
  return value;
}

/** @returns whether a slot has moved, whose entries were then not written. */
export async function writeEntries(node: Redis, entries: readonly Entry[], ttlSeconds: number): Promise<boolean> {
  const pipeline = node.pipeline();
  for (const [key, value] of entries) pipeline.set(key, value, 'EX', ttlSeconds);
  const replies = await within(WRITE_LIMIT_MS, pipeline.exec(), () => new Error(`no answer within ${WRITE_LIMIT_MS} ms`));
  return replies?.some(([error]) => error?.message.startsWith('MOVED ')) ?? false;
}

export async function runScript(node: Redis, { script, keys, values }: ScriptCall, once = false): Promise<unknown> {
  const given = [keys.length, ...keys, ...values] as const;
  const answered = async (): Promise<unknown> => {
    if (once)
      return sent(
        node
          .pipeline()
          .call('asking')
          .eval(script.text, ...given),
      );
    // Sent by its hash; in full where the server has forgotten it.
    return sent(node.pipeline().evalsha(hashOf(script), ...given)).catch((error: Error) => {
      if (error.message.startsWith('NOSCRIPT')) return sent(node.pipeline().eval(script.text, ...given));
      throw error;
    });
  };
  return within(READ_LIMIT_MS, answered(), tooLate).catch(elsewhere);
}

/** @throws the error, where it says anything else. */
function elsewhere(error: Error): Elsewhere {
  const [word, , to = ''] = error.message.split(' ');
  if (word === 'MOVED' || word === 'ASK') return { moved: true, to, once: word === 'ASK' };
  // Keys of one slot are on their way from node to node, some here and some there.
  if (word === 'TRYAGAIN') return { moved: true, to: null, once: false };
  throw error;
}

const hashes = new WeakMap<Script, string>();

function hashOf(script: Script): string {
  const known = hashes.get(script) ?? createHash('sha1').update(script.text).digest('hex');
  hashes.set(script, known);
  return known;
}
