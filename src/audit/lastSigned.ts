/**
 * The tree that was signed last, in a file beside the key: what signs remembers by itself, and believes no database that has
 * forgotten. MUST be whole on the disk before a note can be seen.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isBeginning, type Tree } from './consistency.js';
import { consistencySpans } from './merkle.js';
import { hashesOf, type Reader } from './tiles.js';

export interface LastSigned {
  /** @throws Error where a tree does not go on from the one that was signed last: the log was cut, or written anew */
  demandContinued(tree: Tree, read: Reader): Promise<void>;
  keep(tree: Tree): void;
}

export function openLastSigned({ file, origin }: { file: string; origin: string }): LastSigned {
  function held(): Tree | null {
    if (!existsSync(file)) return null;
    const [name, size = '', root = ''] = readFileSync(file, 'utf8').split('\n');
    const tree = { size: Number(size), root: Buffer.from(root, 'base64') };
    if (name !== origin || !/^\d+$/.test(size) || tree.root.length !== 32) throw new Error(`${file} does not say which tree of ${origin} was signed last`);
    return tree;
  }
  return {
    async demandContinued(tree, read) {
      const last = held();
      if (!last) return;
      const refused = (why: string, cause?: unknown) =>
        new Error(`the log is not signed, for it does not go on from the ${last.size} entries signed last (${file}): ${why}`, { cause });
      if (tree.size < last.size) throw refused(`it has ${tree.size}`);
      const path = await hashesOf(read, consistencySpans(last.size, tree.size)).catch((error: unknown) => {
        throw refused('its tiles prove nothing', error);
      });
      if (!isBeginning(last, tree, path)) throw refused('its beginning is another');
    },
    keep({ size, root }) {
      mkdirSync(dirname(file), { recursive: true });
      const draft = `${file}.${process.pid}`;
      const handle = openSync(draft, 'w', 0o600);
      try {
        writeSync(handle, `${origin}\n${size}\n${root.toString('base64')}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(draft, file);
      const folder = openSync(dirname(file), 'r');
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    },
  };
}
