/** Commands of canaries, for the owner of the zone: enterprises that nobody has reason to read. */
import { openCanaries } from '../alerts/canaries.js';
import { Fault } from '../faults.js';
import { readUscc } from '../terms.js';
import { withDatabase } from './filling.js';
import { say, table } from './paper.js';

export async function addCanary(typed: string, { reason }: { reason: string }): Promise<void> {
  const reading = readUscc(typed);
  if (!reading.ok) throw new Fault('INVALID_USCC', { detail: reading.reason });
  await withDatabase(async ({ database }) => {
    const added = await openCanaries({ postgres: database.open('owner') }).add({ uscc: reading.uscc, reason });
    if (!added) throw new Fault('BAD_USER_INPUT', { detail: '专区中没有该企业，或已登记 / the zone holds no such enterprise, or it is one already' });
    say(`${reading.uscc} 已登记 / is a canary from now on`);
  });
}

export async function listCanaries(): Promise<void> {
  await withDatabase(async ({ database }) => {
    const canaries = await openCanaries({ postgres: database.open('owner') }).list();
    say(
      table(
        ['企业 enterprise', '登记 since', '说明 reason'],
        canaries.map(({ uscc, addedAt, reason }) => [uscc, addedAt.toISOString().slice(0, 10), reason]),
      ),
    );
  });
}
