/** The processes that answer on one port: what is asked of the gateway as a whole is asked of each. */

/** What one process tells of itself to another: figures, and the words of its health. */
export type Topic = 'METRICS' | 'HEALTH';

export interface Siblings {
  /** Number of this process, from 1; null where it is alone. */
  readonly number: number | null;
  /** How many there are to be. */
  readonly count: number;
  /** What this process says; to be given before it listens. */
  tells(topic: Topic, tell: () => Promise<unknown>): void;
  /** What each says that answers in time, this one among them, in the order of their numbers. */
  ask(topic: Topic): Promise<readonly unknown[]>;
}

/** A gateway that is one process. */
export function alone(): Siblings {
  const told = new Map<Topic, () => Promise<unknown>>();
  return {
    number: null,
    count: 1,
    tells: (topic, tell) => void told.set(topic, tell),
    ask: async (topic) => Promise.all([told.get(topic)].flatMap((tell) => (tell ? [tell()] : []))),
  };
}

/** Health of all in one: of each word the worst, and how many answer where there are several. */
export function healthOfAll(told: readonly Readonly<Record<string, string>>[], { number, count }: Siblings): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [name, word] of told.flatMap((one) => Object.entries(one))) {
    const known = words[name];
    if (known === undefined || word === 'away' || (known === 'ok' && word !== 'ok')) words[name] = word;
  }
  return number === null ? words : { ...words, workers: `${told.length}/${count}` };
}
