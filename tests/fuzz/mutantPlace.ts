/** Where mutants are tried: one database and one Redis for all of them. */
import { openTestRedis } from '../harness/redis.js';
import { openTestZone } from '../harness/zone.js';
import { catalogueOfFuzz } from './world.js';

export interface MutantPlace {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Forgets what an earlier mutant left in Redis. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openMutantPlace(): Promise<MutantPlace> {
  const [zone, redis] = await Promise.all([openTestZone({ enterprises: 0, catalogueOf: catalogueOfFuzz }), openTestRedis()]);
  return {
    databaseUrl: zone.database.ownerUrl,
    redisUrl: redis.url,
    async clear() {
      const keys = await redis.client.keys('zone:*');
      if (keys.length > 0) await redis.client.del(...keys);
    },
    async close() {
      await redis.close();
      await zone.close();
    },
  };
}
