/** Who signs checkpoints: an Ed25519 key in a file of its own, which no database role and no other process needs. */
import { openKeyFiles } from './keyFiles.js';
import { type Checkpoint, checkpointText, idOfKey, keyIdsIn, signNote, verifierKeyOf } from './note.js';

export interface Signer {
  readonly origin: string;
  /** The key that signs now, as it is handed to those who verify. */
  readonly verifierKey: string;
  /** The id of that key. */
  readonly keyId: string;
  /** @param previous the note of the checkpoint before; where another key signed that one, it signs this one too */
  sign(checkpoint: Omit<Checkpoint, 'origin'>, previous?: string | null): string;
  /** Signs a text that is no checkpoint; it MUST begin with a line that says what it is, and end with a newline. */
  signText(text: string): string;
}

/** The key in `file`, made there where there is none. A rotation is noticed at the next signature. */
export function openSigner({ file, origin }: { file: string; origin: string }): Signer {
  const files = openKeyFiles({ file, origin });
  let { signing } = files.read();
  return {
    origin,
    get verifierKey() {
      return verifierKeyOf(signing);
    },
    get keyId() {
      return idOfKey(signing);
    },
    sign(checkpoint, previous = null) {
      const keys = files.read();
      signing = keys.signing;
      // Of a note with two signatures the first is that of the key which took over.
      const before = previous === null ? null : keyIdsIn(previous)[0];
      const isFirst = before !== idOfKey(signing);
      if (!isFirst && keys.leaving.length > 0) files.forgetLeaving();
      // Whoever trusts only the key of before follows from here to the new one.
      const leaving = isFirst ? keys.leaving.filter((key) => before === idOfKey(key)) : [];
      return signNote(checkpointText({ ...checkpoint, origin }), signing, ...leaving);
    },
    signText: (text) => signNote(text, files.read().signing),
  };
}
