// Compiles src/ and the tests that run outside Jest into a folder of their own, one file at a time and without types: quick
// enough to do before every run, and a mutant is the same folder with one file compiled from another text.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ROOMS = ['src', 'tests/oracle', 'tests/fuzz', 'tests/tamper', 'tests/harness'];

/** A new folder that holds the compiled project; the caller removes it. */
export function compileProject() {
  const folder = mkdtempSync(join(tmpdir(), 'zone-fuzz-'));
  for (const name of ['node_modules', 'schema', 'seeds', 'package.json']) symlinkSync(join(PROJECT, name), join(folder, name));
  for (const room of ROOMS) {
    for (const path of readdirSync(join(PROJECT, room), { recursive: true, encoding: 'utf8' })) {
      if (path.endsWith('.ts') && !path.endsWith('.test.ts')) compileFile(folder, join(room, path), readFileSync(join(PROJECT, room, path), 'utf8'));
    }
  }
  return folder;
}

/** Writes one file of the compiled project, from this text. */
export function compileFile(folder, path, text) {
  const target = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, transformSync(text, { filename: join(PROJECT, path), configFile: join(PROJECT, '.swcrc'), sourceMaps: false }).code);
}

/** The same again, for a mutant. */
export function copyOf(folder) {
  const copy = mkdtempSync(join(tmpdir(), 'zone-mutant-'));
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}
