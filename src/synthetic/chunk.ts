/**
 * What some firms bring to a zone: their records, which are many and leave in pieces, and the rest. Promises: the same bytes
 * for the same firms, whoever draws them and in whatever company. Writes nothing anywhere.
 */
import { gramsOf } from '../catalogue/grams.js';
import { arrayField } from './copy.js';
import { drawFirm } from './firm.js';
import { type Described, drawRecords, type Plan, planCategories } from './plan.js';
import { type PolicySeed, readPolicy } from './policy.js';
import { hashText, Random } from './random.js';
import { type Opened, openRecordRows, type Take } from './recordRows.js';

/** What any thread needs to draw firms of a zone. */
export interface Drawing {
  readonly catalogue: Described;
  readonly seed: number;
  readonly now: Date;
  readonly seedsFolder: string;
  /** By the place of the category in the catalogue. */
  readonly opened: readonly Opened[];
}
/** Beside the records; texts are lines of COPY. */
export interface Chunk {
  readonly enterprises: string;
  readonly grams: string;
  readonly consents: string;
  readonly consentRows: number;
  /** Codes of those that nobody has reason to read. */
  readonly canaries: readonly string[];
  /** Records by category, in the order of the catalogue. */
  readonly records: readonly number[];
  readonly characters: number;
}
export type DrawChunk = (firms: Uint32Array, take: Take) => Promise<Chunk>;

export const ENTERPRISE_COLUMNS = 'enterprise (uscc, name, division, industry, grams)';
export const GRAM_COLUMNS = 'enterprise_gram (gram, uscc)';
export const CONSENT_COLUMNS = 'consent (uscc, id, institution, purposes, scope, personal, valid_from, valid_until, withdrawn_at, evidence_hash, recorded_at)';

/** The firms of the demonstration are read by everybody; canaries are none of them, and nobody has their consent. */
const FIRST_CANARY = 100;
const ONE_CANARY_IN = 200;
const INDIVIDUAL = '92';

export function compileDrawing({ catalogue, seed, now, seedsFolder, opened }: Drawing): DrawChunk {
  const plans = planCategories(catalogue, seed, now);
  const policy = readPolicy(seedsFolder);
  const random = new Random();
  return async (firms, take) => {
    const { records, characters } = await drawAll(plans, { seed, opened, random }, firms, take);
    return { ...drawRest(policy, { seed, now, random }, firms), records, characters };
  };
}

async function drawAll(
  plans: readonly Plan[],
  { seed, opened, random }: Pick<Drawing, 'seed' | 'opened'> & { random: Random },
  firms: Uint32Array,
  take: Take,
): Promise<Pick<Chunk, 'records' | 'characters'>> {
  const records = new Array<number>(plans.length).fill(0);
  let characters = 0;
  const rows = openRecordRows(take);
  let full: Promise<void> | undefined;
  for (const index of firms) {
    drawRecords(plans, seed, index, random, ({ plan, firm, payload, dataTime, receivedAt }) => {
      records[plan.place] = (records[plan.place] as number) + 1;
      characters += payload.length;
      full = rows.write(opened[plan.place] as Opened, { uscc: firm.uscc, payload, dataTime, receivedAt }) ?? full;
    });
    if (full) await full;
    full = undefined;
  }
  await rows.end();
  return { records, characters };
}

function drawRest(
  policy: PolicySeed,
  { seed, now, random }: Pick<Drawing, 'seed' | 'now'> & { random: Random },
  firms: Uint32Array,
): Omit<Chunk, 'records' | 'characters'> {
  let [enterprises, grams, consents, consentRows] = ['', '', '', 0];
  const canaries: string[] = [];
  for (const index of firms) {
    const { uscc, name, district, industry } = drawFirm(seed, index, random);
    const cut = gramsOf(name);
    enterprises += `${uscc}\t${name}\t${district.code}\t${industry}\t${arrayField(cut)}\n`;
    // Individuals' businesses are not found by name.
    if (!uscc.startsWith(INDIVIDUAL)) for (const gram of cut) grams += `${gram}\t${uscc}\n`;
    const lines = policy.consentLines(seed, index, uscc, now);
    consents += lines;
    consentRows += lines === '' ? 0 : lines.split('\n').length - 1;
    if (lines === '' && index >= FIRST_CANARY && hashText(`canary ${seed} ${index}`) % ONE_CANARY_IN === 0) canaries.push(uscc);
  }
  return { enterprises, grams, consents, consentRows, canaries };
}
