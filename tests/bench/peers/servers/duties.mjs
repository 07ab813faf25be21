// The duties of a gateway in the usual way: who may see a field is asked field by field, and one row of audit is committed
// before the answer leaves.
import { shape } from './records.mjs';

const GRANTS = new Map([['bank-01', new Set(shape.granted)]]);

export function mayRead(institution, coordinate) {
  return GRANTS.get(institution)?.has(coordinate) ?? false;
}

/** Coordinates that hold values of records: those are guarded. */
export function guarded() {
  return shape.categories.flatMap(({ type, items }) => items.map(({ name }) => [type, name]));
}

const INSERT = 'insert into peers.audit (institution, purpose, case_number, enterprises) values ($1, $2, $3, $4)';

export async function writeAudit(pool, { institution, inquiry, enterprises }) {
  await pool.query({ name: 'audit', text: INSERT, values: [institution, inquiry?.purpose ?? null, inquiry?.caseNumber ?? null, enterprises] });
}
