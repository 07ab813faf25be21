/** Receipts as callers type them. */
import { Fault } from '../faults.js';
import type { ProvenReceipt } from './proofs.js';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An id alone, or the whole receipt: time and leaf hash stand together. @throws Fault BAD_USER_INPUT */
export function receiptOf({ id, time, leafHash }: { id: string; time?: unknown; leafHash?: unknown }): Pick<ProvenReceipt, 'id'> | ProvenReceipt {
  if (!ID.test(id)) throw new Fault('BAD_USER_INPUT', { detail: 'receipt: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx' });
  if (isAbsent(time) && isAbsent(leafHash)) return { id };
  if (typeof time !== 'string' || !TIME.test(time) || Number.isNaN(Date.parse(time)))
    throw new Fault('BAD_USER_INPUT', { detail: 'time: as the receipt has it, beside leafHash' });
  if (typeof leafHash !== 'string' || !HASH.test(leafHash)) throw new Fault('BAD_USER_INPUT', { detail: 'leafHash: as the receipt has it, beside time' });
  return { id, time, leafHash };
}

function isAbsent(given: unknown): boolean {
  return given === undefined || given === null;
}
