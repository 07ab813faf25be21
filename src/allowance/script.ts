/**
 * Accounts in Redis, which all gateways share: the same reckoning as `demand.ts`, as a script, so that three bounds are
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

/**
 * What has ended and what is asked, in this order; one answer for each that asks.
 * ARGV: capacity, enterprises a day, at once, length of a lease, what is left of the day, how many have ended, then lease and what is
 * given back of each; then of each that asks: cost, lease (empty: only look), how many codes, the codes.
 */
export const RECKON: Script = {
  name: 'reckon',
  text: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local capacity = tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = capacity
if kept[1] then level = math.min(capacity, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * capacity / 60000) end
local changed = false
local place = 7
for _ = 1, tonumber(ARGV[6]) do
  redis.call('ZREM', KEYS[3], ARGV[place])
  local back = tonumber(ARGV[place + 1])
  if back > 0 then
    level = math.min(capacity, level + back)
    changed = true
  end
  place = place + 2
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local underWay = redis.call('ZCARD', KEYS[3])
local enterprises = redis.call('SCARD', KEYS[2])
local answers = {}
while place <= #ARGV do
  local cost = tonumber(ARGV[place])
  local lease = ARGV[place + 1]
  local begin = place + 3
  place = begin + tonumber(ARGV[place + 2])
  local unseen = {}
  for first = begin, place - 1, 1000 do
    local last = math.min(first + 999, place - 1)
    for offset, known in ipairs(redis.call('SMISMEMBER', KEYS[2], unpack(ARGV, first, last))) do
      if known == 0 then unseen[#unseen + 1] = ARGV[first + offset - 1] end
    end
  end
  local met = ''
  if underWay >= tonumber(ARGV[3]) then met = 'AT_ONCE'
  elseif #unseen > 0 and enterprises + #unseen > tonumber(ARGV[2]) then met = 'ENTERPRISES'
  elseif cost > level then met = 'BUDGET'
  elseif lease ~= '' then
    level = level - cost
    changed = true
    redis.call('ZADD', KEYS[3], now + tonumber(ARGV[4]), lease)
    redis.call('PEXPIRE', KEYS[3], ARGV[4])
    underWay = underWay + 1
    for first = 1, #unseen, 1000 do redis.call('SADD', KEYS[2], unpack(unseen, first, math.min(first + 999, #unseen))) end
    if #unseen > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
    enterprises = enterprises + #unseen
  end
  answers[#answers + 1] = { met, string.format('%.3f', level), enterprises, underWay, #unseen }
end
if changed then
  redis.call('HSET', KEYS[1], 'level', string.format('%.3f', level), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], 120000)
end
return answers`,
};

export interface Ended {
  readonly lease: string;
  readonly givenBack: number;
}
export interface Asked {
  readonly demand: Demand;
  /** Empty where it only looks. */
  readonly lease: string;
}

/** Keys of an account; one hash tag, so that they lie on one node. */
export function keysOf({ institution, purpose }: Account, now: Date): string[] {
  const tag = `zone:{${institution}:${purpose}}`;
  return [`${tag}:budget`, `${tag}:day:${dayInBeijing(now)}`, `${tag}:leases`];
}

/** Arguments of RECKON. */
export function argumentsOf({ allowed }: Account, ended: readonly Ended[], asked: readonly Asked[], now: Date): string[] {
  const { costPerMinute, enterprisesADay, atOnce } = allowed;
  const left = endOfDayInBeijing(now).getTime() - now.getTime() + AFTER_DAY_MS;
  return [
    ...[costPerMinute, enterprisesADay, atOnce, LEASE_MS, left, ended.length].map(String),
    ...ended.flatMap(({ lease, givenBack }) => [lease, String(givenBack)]),
    ...asked.flatMap(({ demand: { cost, usccs }, lease }) => [String(cost), lease, String(usccs.length), ...usccs]),
  ];
}

export function verdictOf(answer: unknown, { allowed }: Account): Verdict {
  const [met, level, enterprises, underWay, unseen] = answer as [Bound | '', string, number, number, number];
  const balance: Balance = { level: Number(level), enterprises, underWay };
  return met === '' ? { state: 'TAKEN', balance, allowed } : { state: 'REFUSED', by: met, balance, unseen, allowed };
}
