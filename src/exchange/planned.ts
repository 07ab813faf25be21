/** An operation answered by its plan: the texts of its enterprises, put together as the data of the answer. */
import type { FormattedExecutionResult } from 'graphql';
import { Unwritable } from '../records/template.js';
import type { Uscc } from '../terms.js';
import type { PlannedOperation } from './inquiryOf.js';
import type { Journey } from './journey.js';
import type { PlannedRoot, ProblemField } from './plan.js';
import { type Problem, problem } from './problem.js';
import type { TypedUscc } from './scalars.js';

/** Data of an answer that is text already. */
class PlannedData {
  constructor(readonly text: string) {}
}

/** @returns null where graphql-js has to answer. What fails is left with the journey, which refuses the answer for it. */
export async function planned(journey: Journey): Promise<PlannedData | null> {
  const { planned: operation, parts } = journey;
  const { reading, permit } = journey.decided;
  if (!operation || !reading || !permit) {
    parts.executed('NOT_COVERED');
    return null;
  }
  try {
    const data = new PlannedData(await answerText(operation, journey));
    parts.executed('PLANNED');
    return data;
  } catch (error) {
    if (error instanceof Unwritable) {
      parts.executed('UNWRITABLE');
      return null;
    }
    journey.failure = error;
    return new PlannedData('null');
  }
}

type PlannedRead = Extract<PlannedRoot, { kind: 'READ' }>;

async function answerText({ plan, typed }: PlannedOperation, journey: Journey): Promise<string> {
  const { asked, reading } = journey.decided;
  const reads = plan.roots.filter((root): root is PlannedRead => root.kind === 'READ');
  const wanted = reads.map(({ position, template }) => ({ template, usccs: asked.reads[position]?.usccs ?? [] }));
  const texts = (await reading?.texts(wanted)) ?? [];
  const textOfRead = new Map(
    reads.map((read, place) => {
      const found = texts[place] ?? new Map<Uscc, string | null>();
      const missing = [...found].flatMap(([uscc, text]) => (text === null ? [uscc] : []));
      if (missing.length > 0) journey.unknown.set(read.key, new Set(missing));
      return [read, readText(read, typed[read.position] ?? [], found)];
    }),
  );
  const fields = plan.roots.map((root) => `${JSON.stringify(root.key)}:${root.kind === 'TYPE' ? JSON.stringify(root.type) : textOfRead.get(root)}`);
  return `{${fields.join()}}`;
}

function readText({ problem: fields }: PlannedRead, typed: readonly TypedUscc[], found: ReadonlyMap<Uscc, string | null>): string {
  const [only] = typed;
  if (!fields) return (only?.ok ? found.get(only.uscc) : null) ?? 'null';
  const places = typed.map((code) => {
    if (!code.ok) return problemText(fields, problem(code.typed, 'INVALID_USCC', code.reason));
    return found.get(code.uscc) ?? problemText(fields, problem(code.uscc, 'ENTERPRISE_UNKNOWN'));
  });
  return `[${places.join()}]`;
}

function problemText(fields: readonly ProblemField[], told: Problem): string {
  return `{${fields.map((field) => `${JSON.stringify(field.key)}:${JSON.stringify(field.kind === 'TYPE' ? field.type : told[field.name])}`).join()}}`;
}

/** The answer as text: data that are text already stay as they are. */
export function textOf({ data, ...rest }: FormattedExecutionResult): string {
  if (!(data instanceof PlannedData))
    return JSON.stringify({ ...(rest.errors ? { errors: rest.errors } : {}), data, ...(rest.extensions ? { extensions: rest.extensions } : {}) });
  const { errors, extensions } = rest;
  return `{${errors ? `"errors":${JSON.stringify(errors)},` : ''}"data":${data.text}${extensions ? `,"extensions":${JSON.stringify(extensions)}` : ''}}`;
}
