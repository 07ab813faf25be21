// Puts a month through the real sequencer, counters and rules, on a real database, by a clock that runs ahead; then holds
// what was raised against what was planted.
import { DAY, MONTH_BEGIN } from './month.mjs';

const HOUR = 3_600_000;
/** An officer looks at what is open twice a day and closes it. */
const CLOSED_AFTER = 20 * HOUR;
/** Cases are waited for, so an alert about them comes a day later; others come soon, or were not about it. */
const latestOf = (kind) => (kind === 'READS_WITHOUT_LIVE_CASE' ? 27 : 2) * HOUR;

/**
 * @param parts what the project gives: { owner, canonical, leafHash, newRequestId, sequencerAt(clock), watchAt(clock) }
 * @param month what `monthOf` gives
 */
export async function runMonth(
  { owner, canonical, leafHash, newRequestId, sequencerAt, watchAt },
  month,
  { tickMs = 300_000, progress = () => undefined } = {},
) {
  let now = new Date(MONTH_BEGIN);
  const clock = () => now;
  const sequencer = sequencerAt(clock);
  const watch = watchAt(clock);
  await owner.query({ text: 'select create_audit_months($1, $2)', values: [new Date(MONTH_BEGIN), new Date(month.end)] });
  await owner.query({
    text: "insert into institution (code, name_zh, name_en, kind) select code, code, code, 'BANK' from unnest($1::text[]) as code on conflict do nothing",
    values: [[...new Set([...month.reports, ...month.entries].map(({ institution }) => institution))]],
  });
  await owner.query({ text: "insert into canary_enterprise (uscc, reason) select uscc, 'bench' from unnest($1::text[]) as uscc", values: [month.canaries] });
  const raises = [];
  const spent = { sequencing: 0, judging: 0, evaluations: 0, slowest: 0 };
  let [nextEntry, nextReport, nextFinding, lastEvent] = [0, 0, 0, 0];
  const findings = [...month.findings].sort((a, b) => a.time - b.time);
  const revisions = new Map();
  let waiting = 0;
  for (let time = MONTH_BEGIN; time < month.end + 2 * DAY; time += tickMs) {
    now = new Date(time);
    const reports = [];
    for (; nextReport < month.reports.length && month.reports[nextReport].time < time; nextReport++) reports.push(month.reports[nextReport]);
    if (reports.length > 0) await addReports(reports);
    const entries = [];
    for (; nextEntry < month.entries.length && month.entries[nextEntry].time < time; nextEntry++) entries.push(entryOf(month.entries[nextEntry]));
    if (entries.length > 0) await append(entries);
    waiting += entries.length;
    for (; nextFinding < findings.length && findings[nextFinding].time < time; nextFinding++)
      await owner.query({
        text: 'insert into audit_verification (started_at, finished_at, entries, findings, kinds) values ($1, $1, 1, 1, $2)',
        values: [new Date(findings[nextFinding].time), findings[nextFinding].kinds],
      });
    const isOut = month.outages.some(({ from, until }) => time >= from && time < until);
    if (!isOut) {
      const began = performance.now();
      do {
        await sequencer.step();
        waiting -= 5_000;
      } while (waiting > 0);
      waiting = 0;
      spent.sequencing += performance.now() - began;
    }
    const began = performance.now();
    while ((await watch.evaluate())?.more);
    const took = performance.now() - began;
    spent.judging += took;
    spent.evaluations++;
    spent.slowest = Math.max(spent.slowest, took);
    const events = await owner.query({
      text: `select e.number, a.id, a.kind, a.subject, e.event from alert_event e join alert a on a.id = e.alert where e.number > $1 and e.actor = 'zone' order by 1`,
      values: [lastEvent],
    });
    for (const { number, kind, subject } of events) {
      lastEvent = number;
      const [institution, operator, caseNumber, topic] = JSON.parse(subject);
      raises.push({ kind, institution, operator, caseNumber, topic, time });
    }
    if (time % (12 * HOUR) === 0) await closeOld();
    if ((time - MONTH_BEGIN) % DAY === 0) progress((time - MONTH_BEGIN) / DAY);
  }
  return { raises, spent, entries: nextEntry, ...(await held(month, raises)) };

  async function addReports(reports) {
    const rows = reports.map((report) => {
      const key = `${report.institution} ${report.uscc} ${report.caseNumber}`;
      revisions.set(key, (revisions.get(key) ?? 0) + 1);
      return { ...report, revision: revisions.get(key) };
    });
    const column = (name) => rows.map((row) => row[name]);
    await owner.query({
      text: `insert into case_report (uscc, institution, case_number, revision, state, client, reported_at)
        select r.*, 'core', $6::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[]) r`,
      values: [column('uscc'), column('institution'), column('caseNumber'), column('revision'), column('state'), now],
    });
  }
  function entryOf({ institution, time, operator, purpose, caseNumber, usccs, denied, unknown, invalid }) {
    const enterprises = [...usccs];
    const categories = [{ category: 'tax.payment', ...(denied ? { denied: { CONSENT_REQUIRED: ['amount'] } } : { clear: ['amount'] }) }];
    return {
      v: 1,
      id: newRequestId(time),
      time: new Date(time).toISOString(),
      institution,
      client: `${institution}-core`,
      ...(operator ? { operator } : {}),
      caseNumber,
      purpose,
      fields: ['enterprises'],
      reads: [
        {
          field: 'enterprises',
          enterprises,
          categories,
          ...(invalid > 0 ? { invalid } : {}),
          ...(unknown > 0 ? { unknown: Array.from({ length: Math.min(unknown, enterprises.length) }, (_, place) => place) } : {}),
        },
      ],
      durationMs: 1,
      outcome: 'ANSWERED',
    };
  }
  async function append(entries) {
    const texts = entries.map(canonical);
    await owner.query({
      text: 'select count(*) from append_audit($1, $2, $3, $4, $5)',
      values: [entries.map(({ id }) => id), entries.map(({ time }) => time), entries.map(({ institution }) => institution), texts, texts.map(leafHash)],
    });
  }
  async function closeOld() {
    await owner.query({
      text: `insert into alert_event (alert, event, time, actor, reason)
        select alert, 'CLOSED', $1, 'staff:bench', 'looked at' from (select distinct on (alert) alert, event, time from alert_event order by alert, number desc) l
        where event <> 'CLOSED' and time < $2`,
      values: [now, new Date(now.getTime() - CLOSED_AFTER)],
    });
  }
}

/** Precision and recall by rule, and how long it took. */
function held({ truths }, raises) {
  const isOf = (raise, truth) =>
    (truth.institution === undefined ? truth.kind === raise.kind : truth.institution === raise.institution) &&
    (!raise.operator || !truth.operator || raise.operator === truth.operator) &&
    (!raise.caseNumber || !truth.caseNumber || raise.caseNumber === truth.caseNumber) &&
    raise.time >= truth.from &&
    raise.time <= truth.until + latestOf(raise.kind);
  const judged = raises.map((raise) => ({ ...raise, right: truths.some((truth) => isOf(raise, truth)) }));
  const found = truths.map((truth) => {
    const own = raises.find((raise) => raise.kind === truth.kind && isOf(raise, truth));
    const any = raises.find((raise) => isOf(raise, truth));
    return { ...truth, own: own ? own.time - truth.from : null, any: any ? any.time - truth.from : null };
  });
  return { judged, found };
}

/** Figures of a run, a row for each rule and one for all. */
export function figuresOf({ judged, found }) {
  const kinds = [...new Set(found.map(({ kind }) => kind))].sort();
  const share = (part, whole) => (whole === 0 ? null : part / whole);
  const row = (name, raised, planted) => {
    const delays = planted.flatMap(({ own }) => (own === null ? [] : [own / 60_000])).sort((a, b) => a - b);
    const recallOf = (intensity) => {
      const some = planted.filter((truth) => truth.intensity === intensity);
      return share(some.filter(({ own }) => own !== null).length, some.length);
    };
    return {
      rule: name,
      raised: raised.length,
      precision: share(raised.filter(({ right }) => right).length, raised.length),
      planted: planted.length,
      recall: share(planted.filter(({ own }) => own !== null).length, planted.length),
      faint: recallOf('faint'),
      plain: recallOf('plain'),
      gross: recallOf('gross'),
      byAnyRule: share(planted.filter(({ any }) => any !== null).length, planted.length),
      medianDelayMinutes: delays.length > 0 ? delays[delays.length >> 1] : null,
    };
  };
  return [
    ...kinds.map((kind) =>
      row(
        kind,
        judged.filter((raise) => raise.kind === kind),
        found.filter((truth) => truth.kind === kind),
      ),
    ),
    row('all', judged, found),
  ];
}
