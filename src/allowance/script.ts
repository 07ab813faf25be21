/**
 * Accounts in Redis, which all gateways share: the same reckoning as `demand.ts`, as scripts, so that three bounds are
 * looked at and taken from in one round trip, all or nothing. Redis's own clock counts. Nothing stays for good: a full
 * bucket, a day that is over and the leases of a process that died expire by themselves.
 */

import { dayInBeijing, endOfDayInBeijing } from '../beijing.js';
import type { Script } from '../redis/calls.js';
import type { Account, Balance, Bound, Demand, Verdict } from './demand.js';

/** A request is believed to be over after so long, should its end never be told. */
export const LEASE_MS = 30_000;
/** A day's enterprises are kept a little longer: clocks of gateways differ. */
const AFTER_DAY_MS = 3_600_000;

const PRESENT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local capacity = tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = capacity
if kept[1] then level = math.min(capacity, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * capacity / 60000) end
local function keep()
  redis.call('HSET', KEYS[1], 'level', string.format('%.3f', level), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], 120000)
end
`;

/** ARGV: capacity, enterprises a day, at once, cost, lease (empty: only look), its length, what is left of the day, codes. */
export const TAKE: Script = {
  name: 'take',
  text: `${PRESENT}
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local underWay = redis.call('ZCARD', KEYS[3])
local enterprises = redis.call('SCARD', KEYS[2])
local unseen = {}
for first = 8, #ARGV, 1000 do
  local last = math.min(first + 999, #ARGV)
  for place, known in ipairs(redis.call('SMISMEMBER', KEYS[2], unpack(ARGV, first, last))) do
    if known == 0 then unseen[#unseen + 1] = ARGV[first + place - 1] end
  end
end
local cost = tonumber(ARGV[4])
local met = ''
if underWay >= tonumber(ARGV[3]) then met = 'AT_ONCE'
elseif #unseen > 0 and enterprises + #unseen > tonumber(ARGV[2]) then met = 'ENTERPRISES'
elseif cost > level then met = 'BUDGET'
elseif ARGV[5] ~= '' then
  level = level - cost
  keep()
  redis.call('ZADD', KEYS[3], now + tonumber(ARGV[6]), ARGV[5])
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
  underWay = underWay + 1
  for first = 1, #unseen, 1000 do redis.call('SADD', KEYS[2], unpack(unseen, first, math.min(first + 999, #unseen))) end
  if #unseen > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
  enterprises = enterprises + #unseen
end
return { met, string.format('%.3f', level), enterprises, underWay, #unseen }`,
};

/** ARGV: capacity, lease, what is given back. */
export const END: Script = {
  name: 'end',
  text: `${PRESENT}
redis.call('ZREM', KEYS[3], ARGV[2])
local back = tonumber(ARGV[3])
if back > 0 then
  level = math.min(capacity, level + back)
  keep()
end
return 1`,
};

/** Keys of an account; one hash tag, so that they lie on one node. */
export function keysOf({ institution, purpose }: Account, now: Date): string[] {
  const tag = `zone:{${institution}:${purpose}}`;
  return [`${tag}:budget`, `${tag}:day:${dayInBeijing(now)}`, `${tag}:leases`];
}

/** Arguments of TAKE; without a lease it only looks. */
export function takeArguments({ account: { allowed }, cost, usccs }: Demand, lease: string, now: Date): string[] {
  const { costPerMinute, enterprisesADay, atOnce } = allowed;
  const left = endOfDayInBeijing(now).getTime() - now.getTime() + AFTER_DAY_MS;
  return [...[costPerMinute, enterprisesADay, atOnce, cost].map(String), lease, String(LEASE_MS), String(left), ...usccs];
}

export function verdictOf(reply: unknown, { allowed }: Account): Verdict {
  const [met, level, enterprises, underWay, unseen] = reply as [Bound | '', string, number, number, number];
  const balance: Balance = { level: Number(level), enterprises, underWay };
  return met === '' ? { state: 'TAKEN', balance, allowed } : { state: 'REFUSED', by: met, balance, unseen, allowed };
}
