// Records as a peer reads them: a DataLoader a request, parsed records in the process, their text in Redis, PostgreSQL behind.
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import { gramsOf } from '../../../../dist/catalogue/grams.js';

/** As ours: payload characters kept in the process, an hour in Redis, eight connections. */
const LOCAL_CHARACTERS = 64_000_000;
const REDIS_TTL_SECONDS = 3_600;
const POOL_SIZE = 8;

export const shape = JSON.parse(readFileSync(process.env.PEER_SHAPE, 'utf8'));

export function openPool() {
  return new pg.Pool({ connectionString: process.env.PEER_DATABASE_URL, max: POOL_SIZE });
}

export const SELECT = { name: 'records', text: 'select uscc, category, payload from record where uscc = any($1) and category = any($2)' };
export const SEARCH = {
  name: 'directory',
  text: `select uscc, name, division, industry from enterprise
         where grams @> $1 and position($2 in regexp_replace(upper(normalize(name, NFKC)), '\\s', '', 'g')) > 0 and uscc not like '92%'
         order by uscc limit $3`,
};

export function openRecords() {
  const pool = openPool();
  const redis = new Redis(process.env.PEER_REDIS_URL);
  const local = new LRUCache({ maxSize: LOCAL_CHARACTERS });
  const keyOf = ({ uscc, category }) => `${uscc}:${category}`;
  const redisKeyOf = ({ uscc, category }) => `peer:{${uscc}}:${category}`;
  const keep = (key, text) => {
    const record = JSON.parse(text);
    // An absent record is remembered too; the cache holds no null.
    local.set(key, { record }, { size: 64 + text.length });
    return record;
  };

  async function batch(wanted) {
    const records = wanted.map((one) => local.get(keyOf(one))?.record);
    let missing = positions(records);
    if (missing.length === 0) return records;
    const texts = await redis.mget(missing.map((position) => redisKeyOf(wanted[position])));
    missing.forEach((position, place) => {
      if (texts[place] !== null) records[position] = keep(keyOf(wanted[position]), texts[place]);
    });
    missing = positions(records);
    if (missing.length === 0) return records;
    const usccs = [...new Set(missing.map((position) => wanted[position].uscc))];
    const categories = [...new Set(missing.map((position) => wanted[position].category))];
    const { rows } = await pool.query({ ...SELECT, values: [usccs, categories] });
    const found = new Map(rows.map((row) => [keyOf(row), row.payload]));
    const writing = redis.pipeline();
    for (const position of missing) {
      const text = found.get(keyOf(wanted[position])) ?? 'null';
      records[position] = keep(keyOf(wanted[position]), text);
      writing.set(redisKeyOf(wanted[position]), text, 'EX', REDIS_TTL_SECONDS);
    }
    writing.exec().catch(() => undefined);
    return records;
  }

  return {
    pool,
    /** One a request. */
    loader: () => new DataLoader(batch, { cacheKeyFn: keyOf }),
    async search(name, first) {
      const grams = gramsOf(name).filter((gram) => name.length === 1 || [...gram].length === 2);
      const { rows } = await pool.query({ ...SEARCH, values: [grams, name, first + 1] });
      return { nodes: rows.slice(0, first), pageInfo: { hasNextPage: rows.length > first } };
    },
  };
}

function positions(records) {
  const missing = [];
  for (let position = 0; position < records.length; position++) if (records[position] === undefined) missing.push(position);
  return missing;
}

/** Tells the bench where to ask, and ends with it. */
export function announce(port) {
  process.on('disconnect', () => process.exit(0));
  if (process.connected) process.send({ port });
  else process.exit(0);
}
