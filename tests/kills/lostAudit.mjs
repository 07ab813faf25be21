/**
 * The lost-audit checker: holds what a client received against what the log kept. It stands outside the server: its own SQL,
 * its own hashing, nothing of `src`. MUST find every answer that has no entry, every entry that tells something else than
 * its answer did, and every leaf that the tree has lost, doubled or moved.
 */
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { canonicalText, faultOfNote, leafOf, OwnTree } from './ownTree.mjs';

const PAGE = 2_000;
const SEQUENCED_WITHIN_MS = 60_000;
/** Refusals that by design leave no entry: nothing was given, and there was nowhere to write it or no time to. */
const UNAUDITED = new Set(['AUDIT_UNAVAILABLE', 'ZONE_UNAVAILABLE', 'OVERLOADED']);

/**
 * @param drained ports of gateways that were ended by SIGTERM: whatever of theirs stands in the log was answered
 * @returns counts, and every fault found, in words
 */
export async function checkEvidence({ url, file, keyFile, origin, drained = [] }) {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  try {
    const faults = [];
    await allSequenced(database, faults);
    const log = await readLog(database, faults, { origin, secretPem: readFileSync(keyFile, 'utf8') });
    const answers = await compareAnswers(file, log, new Set(drained), faults);
    await changesHaveEntries(database, log, faults);
    return { ...answers, entries: log.entries.size, checkpoints: log.checkpoints, leaves: log.leaves, extra: log.entries.size - answers.matched, faults };
  } finally {
    await database.end();
  }
}

/** The log alone: every entry, its place in the tree, and every checkpoint. @returns every fault found, in words */
export async function checkLog({ url, keyFile, origin }) {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  try {
    const faults = [];
    const { leaves, checkpoints } = await readLog(database, faults, { origin, secretPem: readFileSync(keyFile, 'utf8') });
    return { leaves, checkpoints, faults };
  } finally {
    await database.end();
  }
}

/** After the last request the sequencer catches up. */
async function allSequenced(database, faults) {
  const until = Date.now() + SEQUENCED_WITHIN_MS;
  for (;;) {
    const { rows } = await database.query(
      `select (select coalesce(max(sequence), 0) from audit_entry) as written,
              (select coalesce(max(last_sequence), 0) from audit_checkpoint) as sequenced`,
    );
    if (rows[0].written === rows[0].sequenced) return;
    if (Date.now() > until) {
      faults.push(`the tree ends at place ${rows[0].sequenced}, the log at ${rows[0].written}`);
      return;
    }
    await sleep(200);
  }
}

/** Walks the whole log in the order of places: hashes, canonical form, tree, checkpoints, tiles, blocks. */
async function readLog(database, faults, { origin, secretPem }) {
  const checkpoints = (await database.query('select number, size, last_sequence, root, note from audit_checkpoint order by number')).rows;
  const blocks = new Map(
    (await database.query('select block, first_sequence, last_sequence, entries from audit_block')).rows.map((row) => [Number(row.block), row]),
  );
  const tiles = new Map((await database.query('select tile, hashes from audit_tile where level = 0')).rows.map((row) => [Number(row.tile), row.hashes]));
  const tree = new OwnTree();
  const [entries, changes, cases] = [new Map(), new Map(), new Map()];
  let next = 0;
  let place = 0;
  const checkpointsHere = () => {
    for (; next < checkpoints.length && Number(checkpoints[next].size) === tree.size; next++) {
      const { number, last_sequence: last, root, note } = checkpoints[next];
      if (Number(last) !== place) faults.push(`checkpoint ${number} ends at place ${last}, its last leaf stands at ${place}`);
      if (!root.equals(tree.root)) faults.push(`checkpoint ${number} of ${tree.size} leaves has another root`);
      const fault = faultOfNote(note, { origin, size: tree.size, root: tree.root, secretPem });
      if (fault) faults.push(`checkpoint ${number}: ${fault}`);
    }
  };
  for (;;) {
    const { rows } = await database.query(
      'select sequence, id, time, institution, entry, leaf_hash from audit_entry where sequence > $1 order by sequence limit $2',
      [place, PAGE],
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      const hash = leafOf(row.entry);
      const entry = JSON.parse(row.entry);
      const where = `entry ${row.id} at place ${row.sequence}`;
      if (!hash.equals(row.leaf_hash)) faults.push(`${where}: its hash is not that of its text`);
      if (canonicalText(entry) !== row.entry) faults.push(`${where}: not canonical`);
      if (entry.id !== row.id || entry.time !== row.time.toISOString() || entry.institution !== row.institution)
        faults.push(`${where}: its columns say something else than its text`);
      if (entries.has(row.id)) faults.push(`${where}: stands there twice`);
      entries.set(row.id, { entry, hash: hash.toString('hex'), time: entry.time });
      if (entry.caseNumber) cases.set(entry.caseNumber, row.id);
      for (const change of entry.changes ?? []) if (change.key) changes.set(change.key, { ...change, id: row.id });
      const [block, rank] = [Math.floor(tree.size / 256), tree.size % 256];
      if (
        !tiles
          .get(block)
          ?.subarray(rank * 32, rank * 32 + 32)
          .equals(hash)
      )
        faults.push(`${where}: leaf ${tree.size} of the tiles is another`);
      const { first_sequence: first, last_sequence: last, entries: held } = blocks.get(block) ?? {};
      if (!(Number(first) <= Number(row.sequence) && Number(row.sequence) <= Number(last) && rank < held)) faults.push(`${where}: not in block ${block}`);
      tree.add(hash);
      place = Number(row.sequence);
      checkpointsHere();
    }
  }
  if (next < checkpoints.length)
    faults.push(`checkpoint ${checkpoints[next].number} is of ${checkpoints[next].size} leaves, and no leaf of the log ends there`);
  return { entries, changes, cases, leaves: tree.size, checkpoints: checkpoints.length };
}

async function compareAnswers(file, log, drained, faults) {
  const counts = {
    received: 0,
    matched: 0,
    answered: 0,
    refused: 0,
    unaudited: 0,
    unanswered: 0,
    brokenOff: 0,
    recordedUnanswered: 0,
    changes: 0,
    changedUnanswered: 0,
    items: 0,
  };
  const receipts = new Set();
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const line = JSON.parse(text);
    const where = `answer ${line.n} (${line.kind})`;
    if (line.event === 'UNANSWERED') {
      counts.unanswered++;
      const recorded = log.cases.get(line.caseNumber) ?? log.changes.get(line.key)?.id;
      if (recorded) counts.recordedUnanswered++;
      // A process that was asked to end answers whatever it took on.
      if (recorded && drained.has(line.port)) faults.push(`${where}: ${recorded} stands in the log, and the client that ended in good order never answered`);
      if (!line.head) continue;
      counts.brokenOff++;
      // Its first byte had left: then its entry was durable.
      if (line.head.status < 500 && !log.entries.has(line.head.requestId))
        faults.push(`${where}: broken off after its head, and ${line.head.requestId} has no entry`);
      continue;
    }
    counts.received++;
    if (line.receipt === null) {
      counts.unaudited++;
      if (line.answered || line.status !== 503 || !UNAUDITED.has(line.code)) faults.push(`${where}: status ${line.status}, ${line.code}, without a receipt`);
      continue;
    }
    const found = log.entries.get(line.receipt.id);
    if (!found) {
      faults.push(`${where}: LOST, ${line.receipt.id} has no entry`);
      continue;
    }
    if (receipts.has(line.receipt.id)) faults.push(`${where}: another answer has receipt ${line.receipt.id} too`);
    receipts.add(line.receipt.id);
    counts.matched++;
    counts[line.answered ? 'answered' : 'refused']++;
    for (const fault of faultsOf(line, found, counts)) faults.push(`${where}, receipt ${line.receipt.id}: ${fault}`);
  }
  return counts;
}

/** Where an answer and its entry tell different things. */
function faultsOf(line, { entry, hash, time }, counts) {
  const faults = [];
  const same = (what, told, kept) => {
    if (JSON.stringify(told) !== JSON.stringify(kept)) faults.push(`${what}: the answer tells ${JSON.stringify(told)}, the entry ${JSON.stringify(kept)}`);
  };
  same('digest', line.receipt.leafHash, hash);
  same('time', line.receipt.time, time);
  same('request id', line.requestId, line.receipt.id);
  same('institution', line.institution, entry.institution);
  const [change] = entry.changes ?? [];
  // What was changed is durable with its entry, though nobody could compose the answer any more: its receipt says so.
  const changedUnanswered = !line.answered && line.status >= 500 && line.key !== undefined && change?.key === line.key && change.state === 'DONE';
  if (changedUnanswered) {
    counts.changedUnanswered++;
    return faults;
  }
  same('outcome', line.answered ? 'ANSWERED' : 'REFUSED', entry.outcome);
  same('code', line.code, entry.code ?? null);
  if (entry.operation !== undefined || line.answered) same('operation', line.operation, entry.operation);
  if (entry.caseNumber !== undefined || (line.answered && line.caseNumber)) same('case', line.caseNumber, entry.caseNumber);
  if (entry.purpose !== undefined || (line.answered && line.caseNumber)) same('purpose', line.purpose, entry.purpose);
  const [read] = entry.reads ?? [];
  if (line.usccs && line.answered) {
    same('enterprises', line.usccs, read?.enterprises);
    for (const { uscc, items } of line.given) {
      const position = read?.enterprises.indexOf(uscc) ?? -1;
      for (const [category, names] of Object.entries(items)) {
        const kept = itemsGiven(read, category, position);
        for (const name of names)
          if (name !== 'provenance' && !kept.has(name)) faults.push(`${category}.${name} of ${uscc} was given, and the entry does not say so`);
        counts.items += names.length;
      }
    }
  }
  if (line.change && line.change.errors.length === 0) {
    counts.changes++;
    same('key', line.key, change?.key);
    same('state', 'DONE', change?.state);
    same('consent', line.change.consent, change?.consent);
    same('enterprise', line.uscc, change?.enterprise);
  }
  return faults;
}

function itemsGiven(read, category, position) {
  const groups = (read?.categories ?? []).filter((group) => group.category === category && (!group.enterprises || group.enterprises.includes(position)));
  return new Set(groups.flatMap(({ clear = [], masked = [] }) => [...clear, ...masked]));
}

/** The other way round: what changed has an entry that says so. */
async function changesHaveEntries(database, log, faults) {
  const done = [...log.changes.values()].filter(({ state }) => state === 'DONE');
  const counted = (mutation) => new Set(done.filter((change) => change.mutation === mutation).map(({ consent }) => consent));
  const [registered, withdrawn] = [counted('registerConsent'), counted('withdrawConsent')];
  const { rows } = await database.query("select id, withdrawn_at, revision from consent where evidence_reference like 'K/%'");
  for (const { id, withdrawn_at: at, revision } of rows) {
    if (revision === 1 && !registered.has(id)) faults.push(`consent ${id} was registered, and no entry says so`);
    if (at && !withdrawn.has(id)) faults.push(`consent ${id} was withdrawn, and no entry says so`);
  }
  const kept = new Set(rows.map(({ id }) => id));
  for (const id of registered) if (!kept.has(id)) faults.push(`an entry says that consent ${id} was registered, and it is not there`);
}
