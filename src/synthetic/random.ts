/**
 * Chance that repeats itself. Promises: the same three numbers give the same course of draws on every machine, whatever
 * was drawn before; MUST NOT read the clock or `Math.random`.
 */

/** A well-mixed unsigned 32-bit number of a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A generator (sfc32) that is set to a new beginning for every firm and category, so that neither depends on another. */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 1;

  /** Begins the course that belongs to these three numbers. */
  begin(seed: number, index: number, topic: number): this {
    this.a = mix(seed ^ 0x9e3779b9);
    this.b = mix((index + Math.imul(seed, 0x27d4eb2f)) | 0);
    this.c = mix(topic ^ Math.imul(index, 0x165667b1));
    this.d = 1;
    for (let round = 0; round < 10; round++) this.next();
    return this;
  }

  /** An unsigned 32-bit number. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return this.next() / 4294967296;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Normally distributed, mean 0, deviation 1. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  /** Log-normally distributed around `median`. */
  logNormal(median: number, deviation: number): number {
    return median * Math.exp(deviation * this.normal());
  }
}

/** A choice by weight, prepared once. */
export function weighted<T>(choices: readonly (readonly [T, number])[]): (random: Random) => T {
  const bounds: number[] = [];
  let total = 0;
  for (const [, weight] of choices) bounds.push((total += weight));
  return (random) => {
    const point = random.unit() * total;
    let place = 0;
    while (point >= (bounds[place] as number)) place++;
    return (choices[place] as readonly [T, number])[0];
  };
}
