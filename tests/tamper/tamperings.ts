/** Ways to tamper with the log as the owner of its tables: what is done, and what a verifier has to call it. */
import { leafHash } from '../../src/audit/entry.js';
import { checkpointText, type NoteKey, signNote } from '../../src/audit/note.js';
import type { Client } from '../../src/postgres.js';
import type { FindingKind } from '../../src/verify/findings.js';
import { type LogRow, put, remake, rowsOf, shift, signAgain } from './hand.js';
import { entryAt, ORIGIN, type SealedLog } from './sealedLog.js';

export interface Tampered {
  /** One of these MUST be found. */
  readonly kinds: readonly FindingKind[];
  /** Where it MUST be told: a leaf that the finding names or that lies in its range. */
  readonly leaf?: number;
}
export interface Scene {
  readonly client: Client;
  readonly log: SealedLog;
  readonly random: () => number;
}
export type Tampering = (scene: Scene) => Promise<Tampered>;

const whole = (random: () => number, from: number, until: number): number => from + Math.floor(random() * (until - from));

/** A row among the sealed ones, not the last. */
async function anyLeaf({ client, log, random }: Scene, until = log.size - 1): Promise<{ rows: LogRow[]; leaf: number; row: LogRow }> {
  const rows = await rowsOf(client);
  const leaf = whole(random, 0, until);
  return { rows, leaf, row: rows[leaf] as LogRow };
}

/** One byte of a text becomes another: a digit, a letter, anything. */
function otherText(text: string, random: () => number): string {
  for (;;) {
    const at = whole(random, 0, text.length);
    const other = String.fromCharCode(whole(random, 33, 127));
    if (text[at] !== other) return text.slice(0, at) + other + text.slice(at + 1);
  }
}

const editText = (scene: Scene, row: LogRow, text: string, hash: Buffer | null) =>
  scene.client.query('update audit_entry set entry = $2, leaf_hash = coalesce($3, leaf_hash) where id = $1', [row.id, text, hash]);

/** A new entry with the time of one that is there, at its place. */
async function insertOld(scene: Scene): Promise<number> {
  const { leaf, row } = await anyLeaf(scene);
  const { id, institution, text, hash, time } = entryAt(row.time, scene.random);
  await shift(scene.client, row.place, 1);
  await put(scene.client, { place: row.place, id, institution, text, hash, time: new Date(time) });
  return leaf;
}

async function swap(scene: Scene): Promise<number> {
  const { rows, leaf, row } = await anyLeaf(scene);
  let other = leaf;
  while (other === leaf) other = scene.random() < 0.5 ? leaf + 1 : whole(scene.random, 0, scene.log.size);
  const second = rows[other] as LogRow;
  await scene.client.query('update audit_entry set sequence = case id when $1 then $4::bigint else $3::bigint end where id in ($1, $2)', [
    row.id,
    second.id,
    row.place,
    second.place,
  ]);
  return leaf;
}

async function removeAndRenumber(scene: Scene): Promise<number> {
  const { leaf, row } = await anyLeaf(scene);
  await scene.client.query('delete from audit_entry where id = $1', [row.id]);
  await scene.client.query('update audit_entry set sequence = sequence - 1 where sequence > $1', [row.place]);
  return leaf;
}

async function edit(scene: Scene): Promise<number> {
  const { leaf, row } = await anyLeaf(scene, scene.log.size);
  const text = otherText(row.text, scene.random);
  await editText(scene, row, text, leafHash(text));
  return leaf;
}

async function checkpointsOf(client: Client) {
  return (await client.query<{ number: number; size: number; time: Date; root: Buffer; note: string }>('select * from audit_checkpoint order by number')).rows;
}

async function anyCheckpoint({ client, random }: Scene) {
  const rows = await checkpointsOf(client);
  return { rows, one: rows[whole(random, 0, rows.length)] as (typeof rows)[number] };
}

/** The key's owner signs something else at the number of a checkpoint. */
async function signOther(
  client: Client,
  key: NoteKey,
  { number, size, root, time, lines = [] }: { number: number; size: number; root: Buffer; time: Date; lines?: readonly string[] },
): Promise<void> {
  const note = signNote(checkpointText({ origin: ORIGIN, size, root, time, lines }), key);
  await client.query('update audit_checkpoint set root = $2, note = $3, time = $4 where number = $1', [number, root, note, time]);
}

const cut = async ({ client, log, random }: Scene): Promise<number> => {
  const rows = await rowsOf(client);
  const left = whole(random, 0, log.size);
  await client.query('delete from audit_entry where sequence >= $1', [rows[left]?.place]);
  return left;
};

export const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  'a byte of an entry': async (scene) => {
    const { leaf, row } = await anyLeaf(scene, scene.log.size);
    await editText(scene, row, otherText(row.text, scene.random), null);
    return { kinds: ['EDITED'], leaf };
  },
  'a byte, hash made again': async (scene) => ({ kinds: ['EDITED'], leaf: await edit(scene) }),
  'a byte, hash and leaf in its tile': async (scene) => {
    const leaf = await edit(scene);
    const hash = (await rowsOf(scene.client))[leaf]?.hash;
    await scene.client.query('update audit_tile set hashes = overlay(hashes placing $1 from $2) where level = 0 and tile = $3', [
      hash,
      (leaf % 256) * 32 + 1,
      Math.floor(leaf / 256),
    ]);
    return { kinds: ['EDITED'], leaf };
  },
  'a byte, hash and all tiles': async (scene) => {
    const leaf = await edit(scene);
    await remake(scene.client, scene.log.size);
    return { kinds: ['EDITED'], leaf };
  },
  'time, institution or id of a row': async (scene) => {
    const { leaf, row } = await anyLeaf(scene, scene.log.size);
    const change = ["time = time - interval '1 second'", "institution = 'bank-99'", 'institution = null', "id = left(id, 30) || 'ffffff'"][
      whole(scene.random, 0, 4)
    ];
    await scene.client.query(`update audit_entry set ${change} where id = $1`, [row.id]);
    return { kinds: ['EDITED'], leaf };
  },
  'leaf hash of a row': async (scene) => {
    const { leaf, row } = await anyLeaf(scene, scene.log.size);
    await scene.client.query('update audit_entry set leaf_hash = sha256(leaf_hash) where id = $1', [row.id]);
    return { kinds: ['EDITED'], leaf };
  },
  'another entry in its place': async (scene) => {
    const { leaf, row } = await anyLeaf(scene, scene.log.size);
    const other = entryAt(row.time, scene.random);
    await scene.client.query('delete from audit_entry where id = $1', [row.id]);
    await put(scene.client, { ...row, id: other.id, institution: other.institution, text: other.text, hash: other.hash });
    return { kinds: ['EDITED'], leaf };
  },
  'an entry deleted': async (scene) => {
    const { leaf, row } = await anyLeaf(scene);
    await scene.client.query('delete from audit_entry where id = $1', [row.id]);
    return { kinds: ['MISSING'], leaf };
  },
  'a run deleted': async (scene) => {
    const { rows, leaf, row } = await anyLeaf(scene, scene.log.size - 2);
    const last = rows[whole(scene.random, leaf, Math.min(leaf + 60, scene.log.size - 1))] as LogRow;
    await scene.client.query('delete from audit_entry where sequence >= $1 and sequence <= $2', [row.place, last.place]);
    return { kinds: ['MISSING'], leaf };
  },
  'an entry deleted, places closed up': async (scene) => ({ kinds: ['MISSING'], leaf: await removeAndRenumber(scene) }),
  'an entry deleted, places closed up, all tiles': async (scene) => {
    const { rows } = await anyCheckpoint(scene);
    const leaf = await removeAndRenumber(scene);
    await remake(scene.client, scene.log.size - 1);
    // Behind the last root that holds nobody can tell the last entry from another.
    const lastButOne = Math.max(0, ...rows.map(({ size }) => size).filter((size) => size < scene.log.size));
    return leaf >= lastButOne ? { kinds: ['MISSING', 'TRUNCATED'] } : { kinds: ['MISSING'], leaf };
  },
  'a month dropped': async (scene) => {
    const { client } = scene;
    const first = scene.random() < 0.5;
    await client.query(`drop table audit_entry_2026_${first ? '09' : '10'}`);
    return { kinds: [first ? 'MISSING' : 'TRUNCATED'] };
  },
  'places of two exchanged': async (scene) => {
    await swap(scene);
    return { kinds: ['REORDERED'] };
  },
  'places of two exchanged, all tiles': async (scene) => {
    await swap(scene);
    await remake(scene.client, scene.log.size);
    return { kinds: ['REORDERED'] };
  },
  'an entry moved': async (scene) => {
    const { rows, row, leaf } = await anyLeaf(scene);
    const before = scene.random() < 0.3 ? null : (rows[whole(scene.random, 0, scene.log.size)] as LogRow);
    const target = before === null || before.place === row.place || rows[leaf + 1] === before ? (rows.at(-1)?.place ?? 0) + 1 : before.place;
    await shift(scene.client, target, 1);
    await scene.client.query('update audit_entry set sequence = $2 where id = $1', [row.id, target]);
    return { kinds: ['REORDERED'] };
  },
  'an old entry put in': async (scene) => {
    await insertOld(scene);
    return { kinds: ['BACKDATED'] };
  },
  'an old entry put in, all tiles': async (scene) => {
    const leaf = await insertOld(scene);
    await remake(scene.client, scene.log.size + 1);
    return { kinds: ['BACKDATED'], leaf };
  },
  'an old entry at the end': async (scene) => {
    const { rows, row } = await anyLeaf(scene, Math.floor(scene.log.size * 0.8));
    const { id, institution, text, hash } = entryAt(row.time, scene.random);
    await put(scene.client, { place: (rows.at(-1)?.place ?? 0) + 1, id, institution, text, hash, time: row.time });
    return { kinds: ['BACKDATED'] };
  },
  'an old entry at the end, signed by the key': async (scene) => {
    const { rows, row } = await anyLeaf(scene, Math.floor(scene.log.size * 0.8));
    const { id, institution, text, hash } = entryAt(row.time, scene.random);
    const last = rows.at(-1) as LogRow;
    await put(scene.client, { place: last.place + 1, id, institution, text, hash, time: row.time });
    const size = rows.length + 1;
    const root = await remake(scene.client, size);
    const time = new Date(last.time.getTime() + 1_000);
    const note = signNote(checkpointText({ origin: ORIGIN, size, root, time, lines: [] }), scene.log.key);
    await scene.client.query('insert into audit_checkpoint (size, time, last_sequence, root, note) values ($1, $2, $3, $4, $5)', [
      size,
      time,
      last.place + 1,
      root,
      note,
    ]);
    return { kinds: ['BACKDATED'], leaf: size - 1 };
  },
  'a checkpoint dated back, signed by the key': async (scene) => {
    const { one } = await anyCheckpoint(scene);
    await signOther(scene.client, scene.log.key, { ...one, time: new Date(one.time.getTime() - 3 * 3_600_000) });
    return { kinds: ['BACKDATED'] };
  },
  'an entry doubled under another id': async (scene) => {
    const { row, rows } = await anyLeaf(scene);
    const id = `${row.id.slice(0, 24)}${'0'.repeat(12)}`;
    const target = scene.random() < 0.3 ? (rows.at(-1)?.place ?? 0) + 1 : (rows[whole(scene.random, 0, scene.log.size)] as LogRow).place;
    await shift(scene.client, target, 1);
    await put(scene.client, { ...row, id, place: target });
    return { kinds: ['DUPLICATED'] };
  },
  'an entry doubled, its key dropped': async (scene) => {
    const { row, rows } = await anyLeaf(scene);
    const target = scene.random() < 0.3 ? (rows.at(-1)?.place ?? 0) + 1 : (rows[whole(scene.random, 0, scene.log.size)] as LogRow).place;
    await scene.client.query('alter table audit_entry drop constraint audit_entry_pkey');
    await shift(scene.client, target, 1);
    await put(scene.client, { ...row, place: target });
    return { kinds: ['DUPLICATED'] };
  },
  'two at one place': async (scene) => {
    const { rows, row, leaf } = await anyLeaf(scene);
    await scene.client.query('update audit_entry set sequence = $2 where id = $1', [rows[leaf + 1]?.id, row.place]);
    return { kinds: ['DUPLICATED'] };
  },
  'the end deleted': async (scene) => ({ kinds: ['TRUNCATED'], leaf: await cut(scene) }),
  'the end deleted with checkpoints and tiles': async (scene) => {
    const left = await cut(scene);
    await scene.client.query('delete from audit_checkpoint where size > $1', [left]);
    const last = (await checkpointsOf(scene.client)).at(-1)?.size ?? 0;
    await remake(scene.client, last);
    return { kinds: ['TRUNCATED'] };
  },
  'everything deleted': async ({ client }) => {
    for (const table of ['audit_entry', 'audit_tile', 'audit_block', 'audit_checkpoint']) await client.query(`delete from ${table}`);
    return { kinds: ['TRUNCATED'] };
  },
  'newest checkpoints deleted': async (scene) => {
    const { one } = await anyCheckpoint(scene);
    const size = Math.min(one.size, scene.log.size - 1);
    await scene.client.query('delete from audit_checkpoint where size > $1', [size]);
    return { kinds: ['TRUNCATED'] };
  },
  'a checkpoint deleted': async (scene) => {
    const { rows } = await anyCheckpoint(scene);
    // One of a size that no other has, and not the newest.
    const alone = rows.filter(({ size }) => size < scene.log.size && rows.filter((other) => other.size === size).length === 1);
    await scene.client.query('delete from audit_checkpoint where number = $1', [alone[whole(scene.random, 0, alone.length)]?.number]);
    return { kinds: ['MISSING'] };
  },
  'a byte of a note': async (scene) => {
    const { one } = await anyCheckpoint(scene);
    await scene.client.query('update audit_checkpoint set note = $2 where number = $1', [one.number, otherText(one.note, scene.random)]);
    return { kinds: ['WRONGLY_SIGNED', 'UNREADABLE'] };
  },
  'signatures of two exchanged': async (scene) => {
    const { rows, one } = await anyCheckpoint(scene);
    const other = rows.filter(({ number }) => number !== one.number)[whole(scene.random, 0, rows.length - 1)] as typeof one;
    const [text, signature] = [one.note.split('\n\n')[0], other.note.split('\n\n')[1]];
    await scene.client.query('update audit_checkpoint set note = $2 where number = $1', [one.number, `${text}\n\n${signature}`]);
    return { kinds: ['WRONGLY_SIGNED'] };
  },
  'columns of a checkpoint': async (scene) => {
    const { one } = await anyCheckpoint(scene);
    const change = ['size = size + 1', "time = time + interval '1 minute'", 'root = sha256(root)', 'last_sequence = last_sequence - 1'][
      whole(scene.random, 0, 4)
    ];
    await scene.client.query(`update audit_checkpoint set ${change} where number = $1`, [one.number]);
    return { kinds: ['EDITED'] };
  },
  'numbers of two checkpoints exchanged': async (scene) => {
    const { rows, one } = await anyCheckpoint(scene);
    const other = rows.filter(({ number }) => number !== one.number)[whole(scene.random, 0, rows.length - 1)] as typeof one;
    await scene.client.query('alter table audit_checkpoint alter number drop identity');
    const move = (from: number, to: number) => scene.client.query('update audit_checkpoint set number = $2 where number = $1', [from, to]);
    await move(one.number, -1);
    await move(other.number, one.number);
    await move(-1, other.number);
    return { kinds: ['REORDERED'] };
  },
  'history made again, signed by another key': async (scene) => {
    await edit(scene);
    await signAgain(scene.client, scene.log.otherKey);
    return { kinds: ['WRONGLY_SIGNED'] };
  },
  'history made again, signed by the key': async (scene) => {
    await [edit, swap, insertOld][whole(scene.random, 0, 3)]?.(scene);
    await signAgain(scene.client, scene.log.key);
    return { kinds: ['FORKED'] };
  },
  'history made again, the newest signed by the key': async (scene) => {
    const { row } = await anyLeaf(scene, Math.floor(scene.log.size / 2));
    const text = otherText(row.text, scene.random);
    await editText(scene, row, text, leafHash(text));
    await signAgain(scene.client, scene.log.key, ({ size }) => size === scene.log.size);
    return { kinds: ['FORKED'] };
  },
  'another root signed by the key': async (scene) => {
    const { rows } = await anyCheckpoint(scene);
    const earlier = rows.filter(({ size }) => size < scene.log.size);
    const one = earlier[whole(scene.random, 0, earlier.length)] as (typeof rows)[number];
    await signOther(scene.client, scene.log.key, { ...one, root: leafHash(one.note) });
    return { kinds: ['FORKED'] };
  },
  'a row of the index of places': async (scene) => {
    const changes = [
      'update audit_block set first_sequence = first_sequence + 1',
      'update audit_block set last_sequence = last_sequence + 1',
      'update audit_block set entries = entries - 1',
      "update audit_block set first_time = first_time - interval '1 day'",
      "update audit_block set last_time = last_time + interval '1 day'",
      'delete from audit_block',
    ];
    await scene.client.query(`${changes[whole(scene.random, 0, changes.length)]} where block = $1`, [whole(scene.random, 0, Math.ceil(scene.log.size / 256))]);
    return { kinds: ['BLOCK_WRONG'] };
  },
  'what is no entry, taken in like any other': async (scene) => {
    const { id, institution, text, time } = entryAt(new Date(), scene.random);
    const flawed = [text.replace('"reads":[{', '"reads":[null,{'), text.replace('"durationMs":', '"duration":'), text.replace('"clear":["', '"clear":[5,"')];
    const other = flawed[whole(scene.random, 0, flawed.length)] as string;
    await scene.client.query('select append_audit($1, $2, $3, $4, $5)', [[id], [time], [institution], [other], [leafHash(other)]]);
    return { kinds: ['MALFORMED'] };
  },
  'the index over enterprises': async (scene) => {
    const { rows } = await scene.client.query<{ uscc: string }>('select uscc from audit_subject order by uscc');
    const { uscc } = rows[whole(scene.random, 0, rows.length)] as { uscc: string };
    const changes = [
      `update audit_subject_item set time = time + interval '1 ms'`,
      'update audit_subject_item set extract_hash = sha256(extract_hash)',
      'update audit_subject_item set head = sha256(head)',
      'update audit_subject_item set latest = latest + 1',
      'delete from audit_subject_item',
      'update audit_subject set head = sha256(head)',
      'update audit_subject set count = count + 1',
      'delete from audit_subject',
    ];
    await scene.client.query(`${changes[whole(scene.random, 0, changes.length)]} where uscc = $1`, [uscc]);
    return { kinds: ['INDEX_WRONG'] };
  },
  'an enterprise taken out of the index, the checkpoint signed by the key': async (scene) => {
    const { rows } = await anyCheckpoint(scene);
    const newest = rows.at(-1) as (typeof rows)[number];
    await signOther(scene.client, scene.log.key, { ...newest, lines: [`enterprises ${scene.log.size - 1} ${leafHash(newest.note).toString('base64')}`] });
    return { kinds: ['INDEX_WRONG'] };
  },
  'a tile': async (scene) => {
    const { rows } = await scene.client.query<{ level: number; tile: number; bytes: number }>('select level, tile, length(hashes) as bytes from audit_tile');
    const { level, tile, bytes } = rows[whole(scene.random, 0, rows.length)] as (typeof rows)[number];
    const at = whole(scene.random, 0, bytes);
    const change = [
      `update audit_tile set hashes = set_byte(hashes, ${at}, get_byte(hashes, ${at}) # ${whole(scene.random, 1, 256)})`,
      'delete from audit_tile',
      'update audit_tile set hashes = case when length(hashes) < 8192 then hashes || sha256(hashes) else overlay(hashes placing sha256(hashes) from 1) end',
    ][whole(scene.random, 0, 3)];
    await scene.client.query(`${change} where level = $1 and tile = $2`, [level, tile]);
    return { kinds: ['TILE_WRONG'] };
  },
};
