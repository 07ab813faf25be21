/**
 * From the staged rows to records, in the transaction of the caller: what repeats is refused, what differs is written, what
 * was refused is kept, and the category's generation rises only if a record changed. Knows nothing of files.
 */
import type pg from 'pg';
import type { Category } from '../catalogue/model.js';
import { Fault } from '../faults.js';
import { LOCKS } from '../locks.js';
import { assembleLists, type DeliveryMode } from './manyRows.js';

export interface Load {
  readonly category: Category;
  readonly categoryId: number;
  readonly mode: DeliveryMode;
  readonly fileName: string;
  readonly fileDigest: string;
  readonly dataTime: Date;
  readonly startedAt: Date;
  readonly finish: () => Date;
  readonly rowsRead: number;
  /** Rows refused while reading; those refused as repeated come on top. */
  readonly rowsRefused: number;
  readonly usccColumn: string;
  readonly keepsNames: boolean;
}
export interface Loaded {
  readonly delivery: number;
  readonly accepted: number;
  readonly quarantined: number;
  /** Refused cells by reason. */
  readonly byReason: Readonly<Record<string, number>>;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Waits until no other delivery of the category runs, until the end of the transaction.
 * @returns the short number of the category in this database.
 * @throws Fault DELIVERY_REFUSED when the database does not know the category.
 */
export async function lockCategory(client: pg.PoolClient, category: Category): Promise<number> {
  const { rows } = await client.query<{ id: number }>('select id from category where code = $1', [category.code]);
  const id = rows[0]?.id;
  if (id === undefined)
    throw new Fault('DELIVERY_REFUSED', { detail: `the database does not know ${category.code}; bring it to this version of the catalogue first (migrate)` });
  await client.query('select pg_advisory_xact_lock($1, $2)', [LOCKS.DELIVERY, id]);
  return id;
}

/** Writes everything; `staged` and `refused` MUST be complete. */
export async function store(client: pg.PoolClient, load: Load): Promise<Loaded> {
  const { category, categoryId } = load;
  await client.query('analyze staged (uscc, identity)');
  const repeated = await refuseRepeated(client, load);
  if (category.cardinality === 'MANY') await assembleLists(client, category, categoryId, load.mode);
  const source = category.cardinality === 'MANY' ? 'ready' : 'staged';

  await client.query(`create temporary table altered on commit drop as
    select s.uscc from ${source} s left join record r on r.uscc = s.uscc and r.category = ${categoryId} where r.payload is distinct from s.payload`);
  const counts = await client.query<{ changed: number; enterprises: number }>(
    `select (select count(*) from altered) as changed, (select count(*) from ${source}) as enterprises`,
  );
  const { changed, enterprises } = counts.rows[0] as { changed: number; enterprises: number };
  const quarantined = load.rowsRefused + repeated;
  const outcome = { accepted: load.rowsRead - quarantined, quarantined, changed, unchanged: enterprises - changed };

  const delivery = await insertDelivery(client, load, outcome);
  await client.query('insert into quarantine select $1, row_number, column_name, value, reason, detail from refused', [delivery]);
  if (changed > 0) await writeRecords(client, load, source, delivery);
  if (load.keepsNames) await nameEnterprises(client);

  const reasons = await client.query<{ reason: string; count: number }>('select reason, count(*) from refused group by reason order by reason collate "C"');
  return { delivery, ...outcome, byReason: Object.fromEntries(reasons.rows.map(({ reason, count }) => [reason, count])) };
}

/**
 * Rows that say the same thing twice: the first stays. Rows that contradict each other: none stays, for the order of lines in
 * a file must not decide what a bank is told.
 */
async function refuseRepeated(client: pg.PoolClient, { usccColumn, category }: Load): Promise<number> {
  const what = category.cardinality === 'ONE' ? 'the enterprise' : `the enterprise and ${category.identifiedBy.join(', ')}`;
  const { rowCount } = await client.query({
    text: `
      with repeated as (select uscc, identity from staged group by uscc, identity having count(*) > 1),
      judged as (
        select uscc, identity, count(distinct s.payload) > 1 as contradictory, min(row_number) as first,
               left(string_agg(row_number::text, ', ' order by row_number), 100) as places
        from staged s join repeated using (uscc, identity) group by uscc, identity
      ),
      gone as (
        delete from staged s using judged j
        where s.uscc = j.uscc and s.identity = j.identity and (j.contradictory or s.row_number <> j.first)
        returning s.uscc, s.row_number, j.contradictory, j.first, j.places
      )
      insert into refused
      select uscc, row_number, $1, uscc, 'DUPLICATE_ROW',
             case when contradictory then 'rows ' || places || ' are for ' || $2 || ' alike and contradict each other; none of them is loaded'
                  else 'says again what row ' || first || ' says of ' || $2 || '; that row is loaded' end
      from gone`,
    values: [usccColumn, what],
  });
  return rowCount ?? 0;
}

async function insertDelivery(
  client: pg.PoolClient,
  load: Load,
  outcome: { accepted: number; quarantined: number; changed: number; unchanged: number },
): Promise<number> {
  const { rows } = await client.query<{ id: number }>({
    text: `insert into delivery (category, file_name, file_digest, data_time, started_at, finished_at, rows_read, accepted, changed, unchanged, quarantined)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
    values: [
      load.category.code,
      load.fileName,
      load.fileDigest,
      load.dataTime,
      load.startedAt,
      load.finish(),
      load.rowsRead,
      outcome.accepted,
      outcome.changed,
      outcome.unchanged,
      outcome.quarantined,
    ],
  });
  return (rows[0] as { id: number }).id;
}

async function writeRecords(client: pg.PoolClient, load: Load, source: 'ready' | 'staged', delivery: number): Promise<void> {
  const raised = await client.query<{ generation: number }>('update category set generation = generation + 1 where id = $1 returning generation', [
    load.categoryId,
  ]);
  await client.query({
    text: `insert into record (uscc, category, payload, data_time, received_at, delivery, version)
           select s.uscc, $1, s.payload, $2, $3, $4, $5 from ${source} s join altered using (uscc) order by s.uscc
           on conflict (uscc, category) do update set payload = excluded.payload, data_time = excluded.data_time,
             received_at = excluded.received_at, delivery = excluded.delivery, version = excluded.version`,
    values: [load.categoryId, load.dataTime, load.startedAt, delivery, raised.rows[0]?.generation],
  });
}

async function nameEnterprises(client: pg.PoolClient): Promise<void> {
  await client.query(`create temporary table renamed on commit drop as
    select s.uscc, e.grams as before, s.grams as after from staged s left join enterprise e using (uscc) where s.grams is distinct from e.grams`);
  // Those to come as well: none stands there twice, whatever was there.
  await client.query(`delete from enterprise_gram held using (select uscc, unnest(before || after) as gram from renamed) due
    where held.gram = due.gram and held.uscc = due.uscc`);
  // Individuals' businesses are not found by name.
  await client.query("insert into enterprise_gram (gram, uscc) select unnest(after), uscc from renamed where uscc not like '92%' order by 1, 2");
  // Rows that say nothing new are kept away from `on conflict`, which would lock, and so write, every one of them.
  await client.query(`insert into enterprise (uscc, name, division, industry, grams)
    select s.uscc, s.name, s.division, s.industry, s.grams from staged s left join enterprise e using (uscc)
    where (e.name, e.division, e.industry, e.grams) is distinct from (s.name, s.division, s.industry, s.grams)
    order by s.uscc
    on conflict (uscc) do update set name = excluded.name, division = excluded.division, industry = excluded.industry, grams = excluded.grams`);
}
