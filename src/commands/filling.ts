/** Commands that fill a zone: migrations, synthetic data, deliveries. */
import { availableParallelism } from 'node:os';
import type { Catalogue } from '../catalogue/model.js';
import { type Config, readConfig } from '../config.js';
import { type DeliveryReport, deliver } from '../delivery/deliver.js';
import { Fault } from '../faults.js';
import { type SeedReport, seedZone } from '../synthetic/seed.js';
import { type Database, openDatabase } from '../zone/database.js';
import { refuseUnfinished } from '../zone/unfinished.js';
import { openCatalogue } from '../zone.js';
import { progress, say, table } from './paper.js';
import { readySchema } from './readySchema.js';

/** Runs work on a database at this version and closes it whatever happens. `migrating`: brings it there, wherever that is. */
export async function withDatabase<T>(
  work: (parts: { config: Config; catalogue: Catalogue; database: Database; applied: string[] }) => Promise<T>,
  { migrating = false }: { migrating?: boolean } = {},
): Promise<T> {
  const read = readConfig();
  const config = migrating ? { ...read, migrateOnStart: true } : read;
  const catalogue = openCatalogue(config);
  const database = await openDatabase(config);
  try {
    const { applied } = await readySchema(config, database, catalogue);
    return await work({ config, catalogue, database, applied });
  } finally {
    await database.close();
  }
}

export async function migrateZone(): Promise<void> {
  await withDatabase(
    async ({ applied }) => {
      say(applied.length > 0 ? `已应用 / Applied: ${applied.join(', ')}` : '已是最新 / Nothing to do');
    },
    { migrating: true },
  );
}

/** A drawing thread and a session of PostgreSQL each: beyond this the disk is what is waited for. */
const MOST_LANES = 8;

export async function seed(options: { enterprises: number; seed: number; replace: boolean; lanes?: number }): Promise<void> {
  await withDatabase(async ({ config, catalogue, database }) => {
    const report = await seedWithProgress(config, catalogue, database, options);
    say(seedLine(report));
  });
}

export async function seedWithProgress(
  { seedsFolder }: Config,
  catalogue: Catalogue,
  database: Database,
  { enterprises, seed, replace, lanes = Math.min(availableParallelism(), MOST_LANES) }: { enterprises: number; seed: number; replace: boolean; lanes?: number },
): Promise<SeedReport> {
  const bar = progress('合成数据 Synthetic zone', enterprises);
  try {
    // Each lane has a connection, and the run itself one.
    const postgres = database.open('owner', { poolSize: lanes + 1 });
    return await seedZone({ postgres, catalogue }, { enterprises, seed, seedsFolder, replace, lanes, onProgress: (done) => bar.update(done) });
  } finally {
    bar.end();
  }
}

export function seedLine({ enterprises, records, milliseconds, recordsPerSecond, continuedFrom, skipped }: SeedReport): string {
  if (skipped) return `沿用已有的 ${enterprises} 家企业 / Kept the ${enterprises} enterprises that were there`;
  const before = continuedFrom > 0 ? `接续此前的 ${continuedFrom} 家 / Continued after ${continuedFrom}\n` : '';
  return `${before}${enterprises} 家企业，${records} 条记录，${(milliseconds / 1000).toFixed(1)} s，每秒 ${recordsPerSecond} 条 / ${enterprises} enterprises, ${records} records, ${recordsPerSecond} a second`;
}

export async function deliverFile(
  category: string,
  file: string,
  options: { mapping?: string; mode: string; dataTime?: string; json: boolean },
): Promise<void> {
  const { mode } = options;
  if (mode !== 'MERGE' && mode !== 'REPLACE') throw new Fault('BAD_USER_INPUT', { detail: '--mode MERGE | REPLACE' });
  const dataTime = options.dataTime === undefined ? undefined : new Date(options.dataTime);
  if (dataTime && Number.isNaN(dataTime.getTime())) throw new Fault('BAD_USER_INPUT', { detail: '--data-time 2026-11-01T00:00:00Z' });
  await withDatabase(async ({ catalogue, database }) => {
    const bar = options.json ? null : progress('读取 Rows', null);
    const postgres = database.open('zone_delivery');
    await refuseUnfinished(postgres);
    const report = await deliver(
      { postgres, catalogue, now: () => new Date() },
      { category, file, mapping: options.mapping, mode, dataTime, onProgress: (rows) => bar?.update(rows) },
    ).finally(() => bar?.end());
    say(options.json ? JSON.stringify(report, null, 2) : deliveryText(report));
  });
}

function deliveryText(report: DeliveryReport): string {
  const { quarantined, warnings, ...counts } = report;
  const rows: [string, string | number][] = [
    ['交付 delivery', counts.delivery],
    ['信息类 category', counts.category],
    ['读取 read', counts.read],
    ['受理 accepted', counts.accepted],
    ['变更 changed', counts.changed],
    ['未变 unchanged', counts.unchanged],
    ['隔离 quarantined', quarantined.total],
    ...Object.entries(quarantined.byReason).map(([reason, count]): [string, number] => [`  ${reason}`, count]),
    ['提示 warnings', warnings.total],
    ...Object.entries(warnings.byColumn).flatMap(([column, kinds]) =>
      Object.entries(kinds).map(([kind, count]): [string, number] => [`  ${column} ${kind}`, count]),
    ),
    ...warnings.leftOut.map(({ column, value, rows: count }): [string, string] => [`  ${column} 未取 left out`, `${value} × ${count}`]),
    ['毫秒 milliseconds', Math.round(counts.milliseconds)],
    ['行/秒 rows a second', Math.round(counts.rowsPerSecond)],
  ];
  return table(['', ''], rows);
}
