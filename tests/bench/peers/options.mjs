// What the bench is told on its command line.
import { WORKLOADS } from './asks.mjs';

export const STATES = ['cold', 'redis', 'process'];

const HELP = `npm run bench:peers -- [options]
  --enterprises 10000        how many the zone holds
  --seconds 3                each measurement, at most
  --rounds 3                 medians are taken over rounds
  --workloads A,B,B1000,mix
  --states cold,redis,process
  --callers 1,16,64
  --peers ours,mercurius     names begin so; all where left out
  --warming 5                seconds of processor each server works before it is measured, on enterprises that are not
  --add                      what an earlier run on the same machine measured stays beside what this one measures: a long bench in parts
  --quick                    2,000 enterprises, 1 second, 1 round, A and B, 16 callers, little warming: some minutes, and figures that only show that it works
例 Example: npm run bench:peers -- --quick --peers ours,mercurius,statement`;

/** Ends the process where only help was asked, and where what was said is not understood. */
export function readOptions(args) {
  try {
    const options = optionsOf(args);
    if (options) return options;
    process.exit(0);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function optionsOf(args) {
  if (args.includes('--help')) {
    console.log(HELP);
    return null;
  }
  const quick = args.includes('--quick');
  const known = ['enterprises', 'seconds', 'rounds', 'workloads', 'states', 'callers', 'peers', 'warming'];
  for (const arg of args)
    if (arg.startsWith('--') && arg !== '--quick' && arg !== '--add' && !known.includes(arg.slice(2))) throw new Error(`${arg}?\n${HELP}`);
  const text = (name, fallback) => (args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : fallback);
  const number = (name, fallback) => {
    const value = Number(text(name, fallback));
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
    return value;
  };
  const numbers = (name, fallback) => {
    const values = text(name, fallback).split(',').map(Number);
    if (!values.every((value) => Number.isInteger(value) && value > 0)) throw new Error(`--${name} must be whole numbers above 0, with commas between`);
    return [...new Set(values)].sort((left, right) => left - right);
  };
  const list = (name, all, fallback = all) => {
    const wanted = text(name, fallback.join(',')).split(',');
    const strange = wanted.filter((one) => !all.includes(one));
    if (strange.length > 0) throw new Error(`--${name}: ${strange.join(', ')} is none of ${all.join(', ')}`);
    return all.filter((one) => wanted.includes(one));
  };
  return {
    enterprises: number('enterprises', quick ? 2_000 : 10_000),
    seconds: number('seconds', quick ? 1 : 3),
    rounds: number('rounds', quick ? 1 : 3),
    workloads: list('workloads', WORKLOADS, quick ? ['A', 'B'] : WORKLOADS),
    states: list('states', STATES),
    callers: numbers('callers', quick ? '16' : '1,16,64'),
    warming: number('warming', quick ? 2 : 5),
    peers: text('peers', null)?.split(',') ?? null,
    add: args.includes('--add'),
  };
}
