/**
 * What follows a delivery to the nodes of a Citus cluster. They commit one after another: whoever reads in between may keep an
 * old record under the new generation. So once every node shows what was delivered the generation rises again, and what was
 * kept in between is never looked at again. Until then no other delivery of the category begins.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { isCluster } from '../distribution.js';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import type { Postgres } from '../postgres.js';

export interface Delivered {
  readonly categoryId: number;
  readonly delivery: number;
  readonly changed: number;
}

const LOOK_EVERY_MS = 50;
const LIMIT_MS = 120_000;

/** Delivers, and waits until it is shown where that takes waiting. @throws Fault ZONE_UNAVAILABLE when some node does not come round. */
export async function settled<T>(postgres: Postgres, category: string, deliver: () => Promise<T>, deliveredIn: (outcome: T) => Delivered): Promise<T> {
  if (!(await postgres.withClient(isCluster))) return deliver();
  return postgres.withClient(async (client) => {
    await client.query('select pg_advisory_lock($1, hashtext($2))', [LOCKS.SETTLING, category]);
    try {
      const outcome = await deliver();
      await settle(client, deliveredIn(outcome));
      return outcome;
    } finally {
      await client.query('select pg_advisory_unlock($1, hashtext($2))', [LOCKS.SETTLING, category]);
    }
  });
}

/** Raises the generation once all that was delivered is seen. */
export async function settle(client: pg.PoolClient, { categoryId, delivery, changed }: Delivered, limitMs = LIMIT_MS): Promise<void> {
  if (changed === 0) return;
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { rows } = await client.query<{ shown: number }>('select count(*) as shown from record where category = $1 and delivery = $2', [
      categoryId,
      delivery,
    ]);
    if ((rows[0]?.shown ?? 0) >= changed) break;
    if (performance.now() > deadline) throw new Fault('ZONE_UNAVAILABLE', { cause: new Error(`not every node shows delivery ${delivery}; deliver it again`) });
    await sleep(LOOK_EVERY_MS);
  }
  await client.query('update category set generation = generation + 1 where id = $1', [categoryId]);
}
