/**
 * Who is let in where nobody says who calls: a token bucket for all and one for each address, and a bound of those under way,
 * so that one address can spend neither what the others need nor the places they wait in.
 */
import { LRUCache } from 'lru-cache';

/** Lets a request in. @returns what to call when it has ended; null: not now */
export type Gate = (address: string) => (() => void) | null;
export interface GateBounds {
  /** Requests a second; after a pause twice as many at once. */
  readonly aSecond: number;
  readonly mostAtOnce: number;
}

/** Bounds of one of several processes that share them. */
export function partOf({ aSecond, mostAtOnce }: GateBounds, processes: number): GateBounds {
  return { aSecond: aSecond / processes, mostAtOnce: Math.max(1, Math.floor(mostAtOnce / processes)) };
}

/** Addresses remembered; one that is forgotten begins anew, within what all may. */
const MOST_ADDRESSES = 10_000;

interface Bucket {
  level: number;
  seen: number;
  inside: number;
}

export function openGate({ all, each }: { readonly all: GateBounds; readonly each: GateBounds }, clockMs: () => number = () => performance.now()): Gate {
  const whole: Bucket = { level: 2 * all.aSecond, seen: clockMs(), inside: 0 };
  const addresses = new LRUCache<string, Bucket>({ max: MOST_ADDRESSES });
  return (address) => {
    const now = clockMs();
    const key = networkOf(address);
    let own = addresses.get(key);
    if (!own) addresses.set(key, (own = { level: 2 * each.aSecond, seen: now, inside: 0 }));
    fill(own, each, now);
    fill(whole, all, now);
    // Whoever is refused for his own sake takes nothing from the others.
    if (!hasRoom(own, each) || !hasRoom(whole, all)) return null;
    for (const bucket of [own, whole]) {
      bucket.level -= 1;
      bucket.inside += 1;
    }
    const entered = own;
    return () => {
      entered.inside -= 1;
      whole.inside -= 1;
    };
  };
}

function fill(bucket: Bucket, { aSecond }: GateBounds, now: number): void {
  bucket.level = Math.min(2 * aSecond, bucket.level + ((now - bucket.seen) / 1000) * aSecond);
  bucket.seen = now;
}

const hasRoom = ({ level, inside }: Bucket, { mostAtOnce }: GateBounds) => level >= 1 && inside < mostAtOnce;

/** What one client holds: an address of IPv4, or the 64 bits before it chooses addresses of IPv6 for itself. */
function networkOf(address: string): string {
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const back = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}
