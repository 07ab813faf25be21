/**
 * Which key may sign when: a key hands over by signing one checkpoint together with the next key, and from then on its own
 * signature counts no more. That a key is trusted says that it once signed, not that it still may.
 */

export interface KeyChain {
  /** A checkpoint, in the order of the log, with the trusted keys that signed it. @returns why they may not; null where they may */
  follow(keyIds: readonly string[], at: { readonly checkpoint: number; readonly size: number }): string | null;
  /** A note from elsewhere, of any size; MUST be asked after all checkpoints. @returns why its keys could not sign it; null where they could */
  judge(keyIds: readonly string[], size: number): string | null;
}

export function openKeyChain(): KeyChain {
  /** Keys that have handed over, with the size of the log at which they did. */
  const retired = new Map<string, { readonly checkpoint: number; readonly size: number }>();
  let signing: string | null = null;
  const late = (id: string) => `the key ${id} alone signed it, and it had handed over at checkpoint ${retired.get(id)?.checkpoint}`;
  return {
    follow(keyIds, at) {
      const fresh = keyIds.filter((id) => !retired.has(id));
      if (fresh.length === 0) return late(keyIds[0] as string);
      const before: string = signing ?? (fresh.at(-1) as string);
      if (!fresh.includes(before)) return `the key ${fresh[0]} signed it, to which the key ${before} has never handed over`;
      const next = fresh.find((id) => id !== before);
      if (next) retired.set(before, at);
      signing = next ?? before;
      return null;
    },
    judge(keyIds, size) {
      const could = keyIds.some((id) => size <= (retired.get(id)?.size ?? Number.POSITIVE_INFINITY));
      return could ? null : late(keyIds[0] as string);
    },
  };
}
