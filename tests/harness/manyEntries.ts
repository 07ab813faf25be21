/** Entries of a log of many hands, seeded: small worlds in which whatever is looked for is met often, and together. */
import { type AuditEntry, canonical, leafHash } from '../../src/audit/entry.js';
import type { Catalogue } from '../../src/catalogue/model.js';
import type { Postgres } from '../../src/postgres.js';

export const WORLD = {
  institutions: ['bank-01', 'bank-02', 'guarantee-01'],
  clients: ['core', 'risk'],
  staff: ['li.wei', 'zhao.min'],
  operators: ['王审', '李核', 'o:\n1'],
  caseNumbers: ['A-1', 'A-2', '长'.repeat(80), 'nul\0'],
  purposes: ['PRE_LOAN_REVIEW', 'POST_LOAN_MONITORING'],
  enterprises: ['91110000802100433B', '91350100M000100Y43', '91110302562134916R', '911100001011216382'],
  reasons: ['NO_GRANT', 'CONSENT_REQUIRED', 'GRADE_TOO_HIGH'],
  consents: ['C-1', 'C-2', 'C-3'],
  policyVersions: [1, 2, 3],
} as const;

/** Numbers from 0 up to below 1, the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The entry of one moment; ids are told from outside, so that they are of no chance. */
export function anyEntry(random: () => number, { id, time, catalogue }: { id: string; time: Date; catalogue: Catalogue }): AuditEntry {
  const of = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const some = <T>(values: readonly T[]): T[] => values.filter(() => random() < 0.5);
  const maybe = (share: number) => random() < share;
  const categories = catalogue.categories.slice(0, 5);
  const head = { v: 1 as const, id, time: time.toISOString(), durationMs: 1, fields: ['enterprise'] };
  const kind = random();
  if (kind < 0.1) {
    const change = { mutation: 'giveConsent', state: 'DONE' as const, consent: of(WORLD.consents), enterprise: of(WORLD.enterprises) };
    return { ...head, institution: null, client: 'portal', enterprise: of(WORLD.enterprises), changes: [change], outcome: 'ANSWERED' };
  }
  if (kind < 0.2) {
    const changes = maybe(0.5) ? [{ mutation: 'grantAccess', state: 'DONE' as const, policyVersion: of(WORLD.policyVersions) }] : [];
    return { ...head, institution: null, client: 'console', staff: of(WORLD.staff), changes, outcome: 'ANSWERED' };
  }
  const who = {
    institution: of(WORLD.institutions),
    client: of(WORLD.clients),
    purpose: of(WORLD.purposes),
    caseNumber: of(WORLD.caseNumbers),
    ...(maybe(0.7) ? { operator: of(WORLD.operators) } : {}),
    ...(maybe(0.9) ? { policyVersion: of(WORLD.policyVersions) } : {}),
  };
  if (kind < 0.3) {
    const asked = { purpose: of(WORLD.purposes), enterprise: maybe(0.5) ? of(WORLD.enterprises) : null, category: maybe(0.5) ? of(categories).code : null };
    const weighed = {
      preview: 'f'.repeat(64),
      caseNumber: of(WORLD.caseNumbers),
      enterprises: some(WORLD.enterprises),
      categories: some(categories).map(({ code }) => code),
    };
    return { ...head, ...who, questions: [of([asked, weighed, { receipt: id }])], outcome: 'ANSWERED' };
  }
  const reads = Array.from({ length: maybe(0.2) ? 2 : 1 }, () => {
    const enterprises = some(WORLD.enterprises);
    const half = enterprises.length > 1 ? [0] : undefined;
    const rest = half && enterprises.slice(1).map((_uscc, place) => place + 1);
    const outcomeOf = () => {
      const [clear, masked, denied]: string[][] = [[], [], []];
      return { lists: [clear, masked, denied] as [string[], string[], string[]] };
    };
    return {
      field: 'enterprise',
      enterprises,
      categories: some(categories).flatMap((category) =>
        (half && rest && maybe(0.5) ? [half, rest] : [undefined]).map((places) => {
          const { lists } = outcomeOf();
          for (const { name } of category.items.slice(0, 4)) lists[Math.floor(random() * 3)]?.push(name);
          return {
            category: category.code,
            ...(places ? { enterprises: places } : {}),
            clear: lists[0],
            masked: lists[1],
            ...(lists[2].length > 0 || maybe(0.1) ? { denied: { [of(WORLD.reasons)]: lists[2] } } : {}),
          };
        }),
      ),
      ...(maybe(0.6) && enterprises.length > 0
        ? {
            consents: some(WORLD.consents).map((consent) => ({
              id: consent,
              enterprise: Math.floor(random() * enterprises.length),
              ...(maybe(0.5) ? { categories: some(categories).map(({ code }) => code) } : {}),
            })),
          }
        : {}),
    };
  });
  const refused = maybe(0.15);
  const ended = refused ? ({ outcome: 'REFUSED', code: 'BUDGET_SPENT' } as const) : ({ outcome: 'ANSWERED' } as const);
  return { ...head, ...who, reads: refused ? reads.map((read) => ({ ...read, categories: [] })) : reads, ...ended };
}

/** Appends as a gateway does. */
export async function appendEntries(postgres: Postgres, entries: readonly AuditEntry[]): Promise<void> {
  const texts = entries.map(canonical);
  await postgres.query({
    text: 'select append_audit($1, $2, $3, $4, $5)',
    values: [entries.map(({ id }) => id), entries.map(({ time }) => time), entries.map(({ institution }) => institution), texts, texts.map(leafHash)],
  });
}
