/** An operation answered by its plan: the texts of its enterprises, put together as the data of the answer. */
import { Unwritable } from '../records/template.js';
import type { Uscc } from '../terms.js';
import type { PlannedOperation } from './inquiryOf.js';
import type { Journey } from './journey.js';
import type { PlannedRoot, ProblemField } from './plan.js';
import { PlannedData } from './plannedData.js';
import { problem } from './problem.js';
import type { TypedUscc } from './scalars.js';

/** @returns null where graphql-js has to answer. What fails is left with the journey, which refuses the answer for it. */
export async function planned(journey: Journey): Promise<PlannedData | null> {
  const { planned: operation, parts } = journey;
  const { reading, permit } = journey.decided;
  if (!operation || !reading || !permit) {
    parts.executed('NOT_COVERED');
    return null;
  }
  try {
    const data = new PlannedData(await piecesOf(operation, journey));
    parts.executed('PLANNED');
    return data;
  } catch (error) {
    if (error instanceof Unwritable) {
      parts.executed('UNWRITABLE');
      return null;
    }
    journey.failure = error;
    return new PlannedData([NULL]);
  }
}

const NULL = Buffer.from('null');
const COMMA = Buffer.from(',');
const OPEN = Buffer.from('[');
const CLOSE = Buffer.from(']');

type PlannedRead = Extract<PlannedRoot, { kind: 'READ' }>;

async function piecesOf({ plan, typed }: PlannedOperation, journey: Journey): Promise<Buffer[]> {
  const { asked, reading } = journey.decided;
  const reads = plan.roots.filter((root): root is PlannedRead => root.kind === 'READ');
  const wanted = reads.map(({ position, template }) => ({ template, usccs: asked.reads[position]?.usccs ?? [] }));
  const texts = (await reading?.texts(wanted)) ?? [];
  const pieces: Buffer[] = [];
  let before = '{';
  for (const root of plan.roots) {
    const key = `${before}${JSON.stringify(root.key)}:`;
    before = ',';
    if (root.kind === 'TYPE') {
      pieces.push(Buffer.from(key + JSON.stringify(root.type)));
      continue;
    }
    const found = texts[reads.indexOf(root)] ?? new Map<Uscc, Buffer | null>();
    const missing = [...found].flatMap(([uscc, text]) => (text === null ? [uscc] : []));
    if (missing.length > 0) journey.unknown.set(root.key, new Set(missing));
    pieces.push(Buffer.from(key));
    putRead(pieces, root, typed[root.position] ?? [], found);
  }
  pieces.push(Buffer.from('}'));
  return pieces;
}

function putRead(pieces: Buffer[], { problem: fields }: PlannedRead, typed: readonly TypedUscc[], found: ReadonlyMap<Uscc, Buffer | null>): void {
  if (!fields) {
    const [only] = typed;
    pieces.push((only?.ok ? found.get(only.uscc) : null) ?? NULL);
    return;
  }
  pieces.push(OPEN);
  typed.forEach((code, position) => {
    if (position > 0) pieces.push(COMMA);
    if (code.ok) pieces.push(found.get(code.uscc) ?? problemText(fields, problem(code.uscc, 'ENTERPRISE_UNKNOWN')));
    else pieces.push(problemText(fields, problem(code.typed, 'INVALID_USCC', code.reason)));
  });
  pieces.push(CLOSE);
}

function problemText(fields: readonly ProblemField[], told: ReturnType<typeof problem>): Buffer {
  const texts = fields.map((field) => `${JSON.stringify(field.key)}:${JSON.stringify(field.kind === 'TYPE' ? field.type : told[field.name])}`);
  return Buffer.from(`{${texts.join()}}`);
}
