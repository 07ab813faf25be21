/** Commands that keep the log: months into files and back, legal holds. */
import { userInfo } from 'node:os';
import type { Hold, HoldSubject } from '../audit/holds.js';
import type { MonthOutcome } from '../audit/retention.js';
import { Fault } from '../faults.js';
import { openKeeping } from '../zone/evidence.js';
import { withDatabase } from './filling.js';
import { progress, say, table } from './paper.js';

const NAME_FORM = /^[a-z0-9][a-z0-9.-]{0,63}$/;

export async function archiveMonths(options: { before: string; folder?: string; by?: string; dryRun: boolean }): Promise<void> {
  const by = doneBy(options.by);
  await withDatabase(async ({ config, database }) => {
    const { retention } = openKeeping(config, database, { folder: options.folder });
    const outcomes: MonthOutcome[] = [];
    for (const month of await retention.monthsBefore(options.before)) {
      if (options.dryRun) {
        outcomes.push(await retention.lookAt(month));
        continue;
      }
      let bar: ReturnType<typeof progress> | null = null;
      const onProgress = (done: number, total: number) => (bar ??= progress(`归档 Archiving ${month}`, total)).update(done);
      outcomes.push(await retention.archive(month, by, { onProgress }).finally(() => bar?.end()));
    }
    if (outcomes.length === 0) return say(`没有 ${options.before} 之前的月份 / No months before ${options.before}`);
    say(
      table(
        ['月份 month', '', '条数 entries', ''],
        outcomes.map((one) => [one.month, WORDS[one.outcome], one.entries, detailOf(one)]),
      ),
    );
  });
}

const WORDS: Readonly<Record<MonthOutcome['outcome'], string>> = {
  ARCHIVED: '已归档 archived',
  DUE: '将归档 would be archived',
  HELD: '保全中 under legal hold',
  UNSEALED: '未封存 not sealed yet',
  EMPTY: '无条目 no entries',
};

function detailOf(one: MonthOutcome): string {
  if (one.outcome === 'HELD') return one.holds.join('\n');
  return 'file' in one ? one.file : '';
}

export async function restoreMonth(file: string, options: { by?: string }): Promise<void> {
  const by = doneBy(options.by);
  await withDatabase(async ({ config, database }) => {
    let bar: ReturnType<typeof progress> | null = null;
    const onProgress = (done: number, total: number) => (bar ??= progress('恢复 Restoring', total)).update(done);
    const { month, entries } = await openKeeping(config, database)
      .retention.restore(file, by, { onProgress })
      .finally(() => bar?.end());
    say(`已恢复 ${month}，${entries} 条 / Restored ${month}: ${entries} entries`);
  });
}

export async function addHold(options: {
  institution?: string;
  enterprise?: string;
  case?: string;
  from?: string;
  until?: string;
  reason: string;
  by: string;
}): Promise<void> {
  const by = doneBy(options.by);
  await withDatabase(async ({ config, database }) => {
    const months = { firstMonth: options.from ?? null, lastMonth: options.until ?? null };
    const id = await openKeeping(config, database).holds.place({ ...subjectIn(options), ...months, reason: options.reason }, by);
    say(`已设立保全 / Hold placed: ${id}`);
  });
}

function subjectIn({ institution, enterprise, case: number }: { institution?: string; enterprise?: string; case?: string }): HoldSubject {
  const named: HoldSubject[] = [];
  if (institution !== undefined) named.push({ kind: 'INSTITUTION', subject: institution });
  if (enterprise !== undefined) named.push({ kind: 'ENTERPRISE', subject: enterprise });
  if (number !== undefined) named.push({ kind: 'CASE', subject: number });
  if (named.length > 1) throw new Fault('BAD_USER_INPUT', { detail: '--institution | --enterprise | --case' });
  return named[0] ?? { kind: 'MONTHS', subject: null };
}

export async function listHolds(): Promise<void> {
  await withDatabase(async ({ config, database }) => {
    const holds = await openKeeping(config, database).holds.list();
    if (holds.length === 0) return say('没有保全 / No holds');
    say(table(['保全 hold', '对象 subject', '月份 months', '事由 reason', '设立 placed', '解除 released'], holds.map(lineOf)));
  });
}

function lineOf({ id, kind, subject, firstMonth, lastMonth, reason, placedBy, placedAt, released }: Hold): string[] {
  const months = firstMonth || lastMonth ? `${firstMonth ?? ''} – ${lastMonth ?? ''}` : '';
  const ending = released ? `${released.by} ${released.at.toISOString()}\n${released.reason}` : '';
  return [id, `${kind} ${subject ?? ''}`, months, reason, `${placedBy} ${placedAt.toISOString()}`, ending];
}

export async function releaseHold(id: string, { reason, by: named }: { reason: string; by: string }): Promise<void> {
  const by = doneBy(named);
  await withDatabase(async ({ config, database }) => {
    await openKeeping(config, database).holds.release(id, reason, by);
    say(`已解除 / Released ${id}`);
  });
}

/** Whoever runs the command; what an entry says of it is what they said. */
function doneBy(named: string | undefined): string {
  const by = named ?? userInfo().username.toLowerCase();
  if (!NAME_FORM.test(by)) throw new Fault('BAD_USER_INPUT', { detail: '--by' });
  return by;
}
