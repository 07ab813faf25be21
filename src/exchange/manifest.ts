/**
 * Registering operations: a manifest is read, every document of it is put to the schema the institution sees and to the
 * limits, and either all are registered or none, with what is wrong told operation by operation.
 */
import { setImmediate } from 'node:timers/promises';
import { type DocumentNode, type GraphQLSchema, Kind, parse, specifiedRules, validate } from 'graphql';
import { Fault, type FaultCode } from '../faults.js';
import type { InstitutionId } from '../terms.js';
import { hashOf, openLimits } from './limits.js';

/** Operations and characters of one manifest; `registered` is what an institution may have in all. */
export const MANIFEST_LIMITS = Object.freeze({ operations: 1_000, characters: 1_000_000, name: 128, registered: 5_000 });

export interface ManifestEntry {
  readonly hash: string;
  readonly name: string;
  readonly document: string;
}
export interface ManifestFault {
  /** The operation as the manifest names it: its hash, its name, or its place. */
  readonly operation: string;
  readonly code: FaultCode;
  readonly message: string;
}
export type Manifest =
  | { readonly state: 'RIGHT'; readonly operations: readonly ManifestEntry[] }
  | { readonly state: 'WRONG'; readonly faults: readonly ManifestFault[] };
export type Registration =
  | { readonly state: 'REGISTERED'; readonly operations: readonly ManifestEntry[]; readonly added: number }
  | { readonly state: 'REFUSED'; readonly faults: readonly ManifestFault[] };

/** A client inside a transaction. */
interface Client {
  query(text: string, values: unknown[]): Promise<{ readonly rowCount: number | null; readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

const limits = openLimits();
/** How long others wait while a manifest is read. */
const TURN_MS = 20;
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;
/** Faults told of one operation, and of a whole manifest. */
const TOLD = Object.freeze({ each: 3, all: 100 });

/**
 * Reads a manifest: `{ "<sha256>": "<document>" }` as code generators for persisted documents write it, or a list of
 * `{ name, document }`; as JSON text or as what that text means. Others are answered in between: a large one takes a second.
 */
export async function readManifest(manifest: unknown, view: GraphQLSchema): Promise<Manifest> {
  const faults: ManifestFault[] = [];
  const add = (operation: string, fault: Fault) => {
    if (faults.length < TOLD.all) faults.push({ operation: operation.slice(0, MANIFEST_LIMITS.name), code: fault.code, message: fault.message });
  };
  const wrong = (detail: string): Manifest => {
    add('*', new Fault('BAD_USER_INPUT', { detail }));
    return { state: 'WRONG', faults };
  };
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest ?? null);
  if (text.length > MANIFEST_LIMITS.characters) return wrong(`manifest: > ${MANIFEST_LIMITS.characters}`);
  const stated = statedIn(text);
  if (!stated || stated.length === 0) return wrong('manifest: { "<sha256>": "<document>" } | [{ name, document }]');
  if (stated.length > MANIFEST_LIMITS.operations) return wrong(`manifest: ${stated.length} > ${MANIFEST_LIMITS.operations}`);

  const operations = new Map<string, ManifestEntry>();
  let turnBegan = performance.now();
  for (const { label, hash, name, document } of stated) {
    if (performance.now() - turnBegan > TURN_MS) {
      await setImmediate();
      turnBegan = performance.now();
    }
    const told = faultsOf(document, view);
    for (const fault of told.faults) add(label, fault);
    if (name !== null && !PRINTABLE.test(name)) add(label, new Fault('BAD_USER_INPUT', { detail: `name: 1 - ${MANIFEST_LIMITS.name}` }));
    if (typeof document !== 'string') continue;
    const found = hashOf(document);
    if (hash !== null && hash !== found) add(label, new Fault('BAD_USER_INPUT', { detail: `sha256: ${found}` }));
    operations.set(found, { hash: found, name: name ?? (told.name ?? found).slice(0, MANIFEST_LIMITS.name), document });
  }
  return faults.length > 0 ? { state: 'WRONG', faults } : { state: 'RIGHT', operations: [...operations.values()] };
}

/**
 * Puts the operations of a manifest on an institution's list, all or none; those already there stay as they are. Whoever
 * calls this or `removeOperations` raises the institution's epoch last, where anything changed.
 */
export async function registerOperations(
  client: Client,
  { institution, operations, by }: { institution: InstitutionId; operations: readonly ManifestEntry[]; by: string },
): Promise<Registration> {
  const { rows } = await client.query('select count(*) + $3::int <= $4 as fits from registered_operation where institution = $1 and hash <> all($2)', [
    institution,
    operations.map(({ hash }) => hash),
    operations.length,
    MANIFEST_LIMITS.registered,
  ]);
  if (rows[0]?.fits !== true) {
    const { code, message } = new Fault('BAD_USER_INPUT', { detail: `registered: > ${MANIFEST_LIMITS.registered}` });
    return { state: 'REFUSED', faults: [{ operation: '*', code, message }] };
  }
  const { rowCount } = await client.query(
    `insert into registered_operation (institution, hash, name, document, registered_by)
     select $1, hash, name, document, $5 from unnest($2::text[], $3::text[], $4::text[]) as sent (hash, name, document)
     on conflict (institution, hash) do nothing`,
    [institution, operations.map(({ hash }) => hash), operations.map(({ name }) => name), operations.map(({ document }) => document), by],
  );
  return { state: 'REGISTERED', operations, added: rowCount ?? 0 };
}

/** Takes operations off the list. Returns how many were on it. */
export async function removeOperations(client: Client, institution: InstitutionId, hashes: readonly string[]): Promise<number> {
  const { rowCount } = await client.query('delete from registered_operation where institution = $1 and hash = any($2)', [institution, hashes]);
  return rowCount ?? 0;
}

interface Stated {
  readonly label: string;
  readonly hash: string | null;
  readonly name: string | null;
  readonly document: unknown;
}

function statedIn(text: string): Stated[] | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null) return null;
  if (!Array.isArray(read)) return Object.entries(read).map(([key, document]) => ({ label: key, hash: key.replace(/^sha256:/, ''), name: null, document }));
  return read.map((entry: unknown, place) => {
    const { name, document } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const named = typeof name === 'string' && name !== '' ? name : null;
    return { label: named ?? `#${place + 1}`, hash: null, name: named, document };
  });
}

function faultsOf(document: unknown, view: GraphQLSchema): { name: string | null; faults: readonly Fault[] } {
  if (typeof document !== 'string' || document.trim() === '') return { name: null, faults: [new Fault('INVALID_REQUEST', { detail: 'document' })] };
  try {
    limits.admit(document);
  } catch (error) {
    if (error instanceof Fault) return { name: null, faults: [error] };
    throw error;
  }
  const parsed = parse(document);
  const name = nameOf(parsed);
  if (parsed.definitions.some((definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'subscription'))
    return { name, faults: [new Fault('OPERATION_NOT_SUPPORTED')] };
  const errors = validate(view, parsed, specifiedRules, { maxErrors: TOLD.each });
  return { name, faults: errors.slice(0, TOLD.each).map((error) => new Fault('GRAPHQL_VALIDATION_FAILED', { detail: error.message.slice(0, 200) })) };
}

function nameOf({ definitions }: DocumentNode): string | null {
  for (const definition of definitions) if (definition.kind === Kind.OPERATION_DEFINITION && definition.name) return definition.name.value;
  return null;
}
