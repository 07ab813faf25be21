/**
 * Witnesses: they keep checkpoints where whoever rules the database does not, so that a log that was rewritten shows.
 * Promises: each is offered the newest checkpoint whenever there is one, again and again while it is away, and never in
 * the way of sequencing; what it refuses stays refused until somebody has looked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Postgres } from '../postgres.js';
import { openFileWitness } from './fileWitness.js';
import { type KeptCheckpoint, openProofs, type Proofs } from './proofs.js';
import { openUrlWitness } from './urlWitness.js';
import { Refusal, type Witness } from './witness.js';

export interface Witnesses {
  /** There is a new checkpoint. Never waits and never throws. */
  wake(): void;
  /** Ends what is under way; who is away is waited for no longer. */
  close(): Promise<void>;
}
export interface WitnessParts {
  /** Where each keeps them; null: there is no such witness. */
  readonly file: string | null;
  readonly url: string | null;
  readonly postgres: Postgres;
  readonly failed: (witness: string, error: unknown) => void;
  /** The first pause after a failure, in ms; each is twice as long as the one before. */
  readonly pauseMs?: number;
}
type State = 'WELL' | 'AWAY' | 'REFUSED';

const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** How often the database is told of a witness that fares as before. */
const TELL_EVERY_MS = 10_000;
const TELL = `
insert into audit_witness (name, state, size, told_at, seen_at, problem) values ($1, $2, $3, case when $3::bigint is null then null else now() end, now(), $4)
on conflict (name) do update set state = excluded.state, size = coalesce(excluded.size, audit_witness.size),
  told_at = coalesce(excluded.told_at, audit_witness.told_at), seen_at = excluded.seen_at, problem = excluded.problem`;

export function openWitnesses({ file, url, ...parts }: WitnessParts): Witnesses {
  const proofs = openProofs(parts);
  const witnesses = [...(file ? [openFileWitness({ file, proofs })] : []), ...(url ? [openUrlWitness({ url })] : [])];
  const closing = new AbortController();
  const offers = witnesses.map((witness) => openOffer(witness, { ...parts, proofs }, closing.signal));
  return {
    wake() {
      for (const offer of offers) offer.wake();
    },
    async close() {
      closing.abort();
      await Promise.all(offers.map(({ ended }) => ended()));
    },
  };
}

interface OfferParts extends Omit<WitnessParts, 'file' | 'url'> {
  readonly proofs: Proofs;
}
/** The offering of checkpoints to one witness: one at a time, always the newest. */
function openOffer(witness: Witness, { proofs, postgres, failed, pauseMs = PAUSE_MS }: OfferParts, closing: AbortSignal) {
  let awake = false;
  let running: Promise<void> | null = null;
  let told: { state: State; at: number } | null = null;

  async function tell(state: State, size: number | null, problem: string | null): Promise<void> {
    if (told?.state === state && performance.now() - told.at < TELL_EVERY_MS) return;
    told = { state, at: performance.now() };
    await postgres.query({ text: TELL, values: [witness.name, state, size, problem] }).catch(() => undefined);
  }
  /** Not what was signed when this was woken: a process that slept must not offer what is no longer the newest. */
  async function offerNewest(): Promise<KeptCheckpoint | null> {
    for (;;) {
      const newest = await proofs.latest();
      try {
        if (newest) await witness.take(newest);
        return newest;
      } catch (error) {
        // Another process may have told it of a newer one meanwhile.
        if (!(error instanceof Refusal) || (await proofs.latest())?.note === newest?.note) throw error;
      }
    }
  }
  async function offer(): Promise<State> {
    try {
      const newest = await offerNewest();
      await tell('WELL', newest?.size ?? null, null);
      return 'WELL';
    } catch (error) {
      const state = error instanceof Refusal ? 'REFUSED' : 'AWAY';
      // Told loudly when it begins, and not with every try.
      if (told?.state !== state) failed(witness.name, error);
      await tell(state, null, error instanceof Error ? error.message.slice(0, 300) : 'unknown');
      return state;
    }
  }
  async function run(): Promise<void> {
    let pause = pauseMs;
    while (awake) {
      awake = false;
      if ((await offer()) === 'WELL') {
        pause = pauseMs;
        continue;
      }
      if (closing.aborted) return;
      awake = true;
      await sleep(pause, undefined, { signal: closing }).catch(() => undefined);
      if (closing.aborted) return;
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
  function begin(): void {
    running ??= run().finally(() => {
      running = null;
      if (awake && !closing.aborted) begin();
    });
  }
  return {
    wake() {
      awake = true;
      begin();
    },
    ended: () => running ?? Promise.resolve(),
  };
}
