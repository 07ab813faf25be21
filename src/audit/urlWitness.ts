/** A witness at an address: each checkpoint is sent to it as it was signed. Whether it fits what it holds is its own affair. */
import { Refusal, type Witness } from './witness.js';

const LIMIT_MS = 5_000;
/** It says that the checkpoint contradicts what it holds. */
const CONFLICTS = new Set([409, 422]);

export function openUrlWitness({ url }: { url: string }): Witness {
  return {
    name: 'url',
    async take({ note }) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: note,
        redirect: 'error',
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      await response.body?.cancel();
      if (CONFLICTS.has(response.status)) throw new Refusal(`it answers ${response.status}`);
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    },
  };
}
