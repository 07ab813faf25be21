// A month of entries as the institutions of the zone might leave them, and abuse planted among them. The generator knows
// nothing of the rules and their thresholds; what is planted stands apart, as the truth that the alerts are held against.
const HOUR = 3_600_000;
const MINUTE = 60_000;
export const DAY = 24 * HOUR;
/** Midnight in Beijing of Tuesday, 1 September 2026. */
export const MONTH_BEGIN = Date.parse('2026-09-01T00:00:00+08:00');
const LETTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed) {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end) => Math.floor(unit() * end);
  const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  return {
    unit,
    below,
    normal,
    between: (from, until) => from + unit() * (until - from),
    chance: (share) => unit() < share,
    of: (list) => list[below(list.length)],
  };
}

/** A code of the right form; whether such a firm exists does not matter to the log. */
const firmOf = (number) => {
  let text = '';
  for (let rest = number * 7_919 + 104_729, place = 0; place < 7; place++, rest = Math.floor(rest / 31) + number) text += LETTERS[rest % 31];
  return `91110108MA0${text}`;
};

/** Institutions of the zone: a few that are large, many that are small. */
function institutionsOf(random, count) {
  const kinds = Array.from({ length: 22 }, (_, n) => `bank-${String(n + 1).padStart(2, '0')}`).concat(
    ['guarantee-01', 'guarantee-02', 'guarantee-03'],
    ['microloan-01', 'factoring-01', 'leasing-01', 'appraisal-01'],
  );
  return kinds.slice(0, count).map((code, place) => {
    const newCases = place < 3 ? random.between(60, 110) : place < 22 ? random.between(8, 45) : random.between(2, 10);
    return {
      code,
      newCases,
      operators: Array.from({ length: Math.max(2, Math.ceil(newCases / 6)) }, (_, n) => `${code}-op-${n + 1}`),
      reports: random.chance(0.6) || place < 2,
      portfolio: Array.from({ length: Math.round(newCases * random.between(8, 25)) }, () => firmOf(random.below(400_000))),
      batchDay: 1 + random.below(5),
      batchOperator: random.chance(0.2) ? `${code}-batch` : undefined,
      // Some lend through a web page, by day and by night.
      online: place === 4 || place === 11,
      campaign: random.chance(0.1) ? 5 + random.below(15) : null,
    };
  });
}

/**
 * @returns entries in the order of time, reports of cases, canaries, and what was planted: `{ kind, intensity, institution,
 * operator, caseNumber, from, until }`
 */
export function monthOf({ seed = 1, institutions: count = 29, days = 30, planted = 3 }) {
  const random = randomOf(seed);
  const institutions = institutionsOf(random, count);
  const canaries = Array.from({ length: 20 }, (_, n) => firmOf(900_000 + n));
  const entries = [];
  const reports = [];
  const truths = [];
  let cases = 0;
  let firms = 0;
  const read = (institution, time, { operator, purpose, caseNumber, usccs, denied = false, unknown = 0, invalid = 0 }) =>
    entries.push({ institution: institution.code, time, operator, purpose, caseNumber, usccs, denied, unknown, invalid });
  const report = (institution, time, caseNumber, uscc, state) => {
    if (institution.reports) reports.push({ institution: institution.code, time, caseNumber, uscc, state });
  };
  const isWeekend = (day) => [5, 6].includes((day + 1) % 7);
  const dayAt = (day) => MONTH_BEGIN + day * DAY;
  /** Working hours with a dip at noon. */
  const working = (day) => dayAt(day) + (random.chance(0.55) ? random.between(8.8, 11.8) : random.between(13.2, 18)) * HOUR;
  const workdayAfter = (time) => {
    let day = Math.floor((time - MONTH_BEGIN) / DAY) + 1;
    while (isWeekend(day)) day++;
    return working(day);
  };
  const lastDays = new Set([days - 1, days - 2, days - 3]);

  for (const institution of institutions) {
    // Loans of before: most of them were reported when the register was opened.
    for (const uscc of institution.portfolio) if (!random.chance(0.003)) report(institution, MONTH_BEGIN - 20 * DAY, `L-${++cases}`, uscc, 'APPROVED');
    for (let day = 0; day < days; day++) {
      const weekend = isWeekend(day);
      const busy =
        (weekend ? 0.05 : 1) *
        (lastDays.has(day) ? 1.8 : 1) *
        (institution.campaign !== null && day >= institution.campaign && day < institution.campaign + 5 ? 1.6 : 1);
      const applications = Math.max(0, Math.round(institution.newCases * busy * (1 + 0.18 * random.normal())));
      for (let n = 0; n < applications; n++) lendingCase(institution, working(day), random.of(institution.operators), false);
      if (institution.online)
        for (let n = 0; n < 14 + random.below(20); n++) lendingCase(institution, dayAt(day) + random.unit() * DAY, `${institution.code}-web`, true);
      if (!weekend && (day + 1) % 7 === institution.batchDay % 7) {
        // The whole portfolio, a hundred at a time, while nobody works.
        let time = dayAt(day) + random.between(1, 2) * HOUR;
        for (let from = 0; from < institution.portfolio.length; from += 100, time += random.between(5_000, 40_000)) {
          const usccs = institution.portfolio.slice(from, from + 100);
          read(institution, time, {
            operator: institution.batchOperator,
            purpose: 'POST_LOAN_MONITORING',
            caseNumber: `P-${day}`,
            usccs,
            unknown: random.chance(0.3) ? 1 : 0,
          });
        }
      }
      if (!weekend)
        for (let n = random.below(6); n > 0; n--) {
          const uscc = random.of(institution.portfolio);
          if (uscc)
            read(institution, working(day), {
              operator: random.of(institution.operators),
              purpose: random.chance(0.8) ? 'POST_LOAN_MONITORING' : 'RISK_DISPOSAL',
              caseNumber: `M-${day}-${n}`,
              usccs: [uscc],
            });
        }
      // Somebody finishes a file late in the evening.
      for (const operator of institution.operators)
        if (!weekend && random.chance(0.03)) {
          const begin = dayAt(day) + random.between(19, 22.5) * HOUR;
          for (let n = 1 + random.below(5); n > 0; n--) lendingCase(institution, begin + n * random.between(3, 12) * MINUTE, operator, true);
        }
      // A system that is set wrongly asks the same in vain until somebody notices.
      if (random.chance(0.01)) {
        const begin = working(day);
        const uscc = firmOf(++firms);
        for (let n = 0, times = 5 + random.below(35); n < times; n++)
          read(institution, begin + n * random.between(5, 25) * 1_000, {
            operator: undefined,
            purpose: 'PRE_LOAN_REVIEW',
            caseNumber: `R-${day}`,
            usccs: [uscc],
            denied: true,
          });
      }
    }
  }

  /** An application from its first look to its end, as far as the month reaches. */
  function lendingCase(institution, begin, operator, atOnce) {
    const uscc = firmOf(++firms);
    const caseNumber = `C-${++cases}`;
    // Registers are fed by people and by night; a few are late.
    report(
      institution,
      begin + (random.chance(0.004) ? random.between(26, 60) : random.chance(0.3) ? random.between(-2, 0) : random.between(0, 18)) * HOUR,
      caseNumber,
      uscc,
      'OPEN',
    );
    let time = begin;
    for (let n = 1 + random.below(3); n > 0; n--) {
      read(institution, time, {
        operator,
        purpose: 'PRE_LOAN_REVIEW',
        caseNumber,
        usccs: [uscc],
        denied: random.chance(0.02),
        unknown: random.chance(0.004) ? 1 : 0,
        invalid: random.chance(0.004) ? 1 : 0,
      });
      time += random.between(2, 50) * MINUTE;
    }
    const approval = atOnce ? time + random.between(0, 1) * HOUR : workdayAfter(time + random.below(4) * DAY);
    if (random.chance(0.8))
      read(institution, approval, { operator: atOnce ? operator : random.of(institution.operators), purpose: 'LOAN_APPROVAL', caseNumber, usccs: [uscc] });
    const decided = approval + random.between(1, 30) * HOUR;
    if (random.chance(0.7)) report(institution, decided, caseNumber, uscc, 'APPROVED');
    else {
      report(institution, decided, caseNumber, uscc, 'DECLINED');
      // A second look soon after; an appeal that became a new case; and one that nobody reported.
      if (random.chance(0.05)) read(institution, decided + random.between(0.1, 6) * HOUR, { operator, purpose: 'LOAN_APPROVAL', caseNumber, usccs: [uscc] });
      if (random.chance(0.02)) {
        report(institution, decided + 3 * DAY, `${caseNumber}-2`, uscc, 'OPEN');
        read(institution, decided + 3 * DAY + HOUR, { operator, purpose: 'PRE_LOAN_REVIEW', caseNumber: `${caseNumber}-2`, usccs: [uscc] });
      }
      if (random.chance(0.003)) read(institution, workdayAfter(decided + 2 * DAY), { operator, purpose: 'LOAN_APPROVAL', caseNumber, usccs: [uscc] });
    }
  }

  const abuse = plant();
  entries.sort((a, b) => a.time - b.time);
  reports.sort((a, b) => a.time - b.time);
  const end = dayAt(days);
  return {
    entries: entries.filter(({ time }) => time < end),
    reports,
    canaries,
    truths,
    outages: abuse.outages,
    findings: abuse.findings,
    end,
  };

  /** Abuse of each kind, faint, plain and gross, `planted` times each, on days of the second half of the month. */
  function plant() {
    const first = Math.max(8, Math.floor(days / 3));
    const days2 = Array.from({ length: Math.max(1, days - first - 3) }, (_, n) => first + n).filter((day) => !isWeekend(day));
    const used = new Set();
    /** No two on one institution within four days, or nobody could tell which was found. */
    const place = (candidates = institutions) => {
      for (let tries = 0; ; tries++) {
        const [institution, day] = [random.of(candidates), random.of(days2)];
        const near = [-3, -2, -1, 0, 1, 2, 3].some((other) => used.has(`${institution.code} ${day + other}`));
        if (near && tries < 300) continue;
        used.add(`${institution.code} ${day}`);
        return { institution, day };
      }
    };
    const truth = (kind, intensity, { institution, operator, caseNumber }, from, until) =>
      truths.push({ kind, intensity, institution: institution.code, operator, caseNumber, from, until });
    const reporting = institutions.filter(({ reports: does }) => does);
    const silent = institutions.filter(({ reports: does, online }) => !does && !online);
    const offline = institutions.filter(({ online }) => !online);
    for (let n = 0; n < planted; n++) {
      for (const [intensity, reads] of Object.entries({ faint: 1, plain: 5, gross: 30 })) {
        const { institution, day } = place(reporting);
        const operator = random.of(institution.operators);
        const begin = dayAt(day) + random.between(9, 15) * HOUR;
        for (let k = 0; k < reads; k++)
          read(institution, begin + k * 5 * MINUTE, {
            operator,
            purpose: 'PRE_LOAN_REVIEW',
            caseNumber: `C-${1_000_000 + random.below(90_000)}`,
            usccs: [firmOf(++firms)],
          });
        truth('READS_WITHOUT_LIVE_CASE', intensity, { institution, operator }, begin, begin + reads * 5 * MINUTE);
      }
      for (const [intensity, enterprises] of Object.entries({ faint: 80, plain: 200, gross: 900 })) {
        const { institution, day } = place(silent.length > 0 ? silent : offline);
        const operator = random.of(institution.operators);
        const begin = dayAt(day) + 9 * HOUR;
        const pause = (8 * HOUR) / enterprises;
        for (let k = 0; k < enterprises; k++)
          read(institution, begin + k * pause, { operator, purpose: 'PRE_LOAN_REVIEW', caseNumber: `C-${++cases}`, usccs: [firmOf(++firms)] });
        truth('ONE_OPERATOR_MANY_ENTERPRISES', intensity, { institution, operator }, begin, begin + 8 * HOUR);
      }
      for (const [intensity, times] of Object.entries({ faint: 1.8, plain: 4, gross: 10 })) {
        // Through the systems of an institution, under no name.
        const { institution, day } = place(offline.filter(({ newCases }) => newCases > 20));
        const reads = Math.round(institution.newCases * 2 * times);
        const begin = dayAt(day) + 9 * HOUR;
        for (let k = 0; k < reads; k++) {
          const uscc = firmOf(++firms);
          const caseNumber = `C-${++cases}`;
          report(institution, begin, caseNumber, uscc, 'OPEN');
          read(institution, begin + (k * 8 * HOUR) / reads, { purpose: 'PRE_LOAN_REVIEW', caseNumber, usccs: [uscc] });
        }
        truth('UNUSUAL_VOLUME', intensity, { institution }, begin, begin + 8 * HOUR);
      }
      for (const [intensity, reads] of Object.entries({ faint: 6, plain: 20, gross: 60 })) {
        const { institution, day } = place(offline);
        const operator = random.of(institution.operators);
        const begin = dayAt(day) + random.between(22.2, 26) * HOUR;
        for (let k = 0; k < reads; k++) {
          const uscc = firmOf(++firms);
          const caseNumber = `C-${++cases}`;
          report(institution, begin, caseNumber, uscc, 'OPEN');
          read(institution, begin + k * 2 * MINUTE, { operator, purpose: 'PRE_LOAN_REVIEW', caseNumber, usccs: [uscc] });
        }
        truth('READS_AT_NIGHT', intensity, { institution, operator }, begin, begin + reads * 2 * MINUTE);
      }
      for (const [intensity, reads] of Object.entries({ faint: 1, plain: 3, gross: 10 })) {
        const { institution, day } = place(reporting);
        const operator = random.of(institution.operators);
        const caseNumber = `C-${++cases}`;
        const uscc = firmOf(++firms);
        report(institution, dayAt(day - 7), caseNumber, uscc, 'OPEN');
        report(institution, dayAt(day - 3), caseNumber, uscc, 'DECLINED');
        const begin = dayAt(day) + random.between(9, 15) * HOUR;
        for (let k = 0; k < reads; k++) read(institution, begin + k * 10 * MINUTE, { operator, purpose: 'PRE_LOAN_REVIEW', caseNumber, usccs: [uscc] });
        truth('READS_AFTER_DECLINE', intensity, { institution, caseNumber, operator }, begin, begin + reads * 10 * MINUTE);
      }
      // Faint probing is slow: two an hour at first sight, forty over a day.
      for (const [intensity, probes, minutes] of [
        ['faint', 40, 480],
        ['plain', 45, 9],
        ['gross', 300, 30],
      ]) {
        const { institution, day } = place(silent.length > 0 ? silent : offline);
        const begin = dayAt(day) + random.between(9, 11) * HOUR;
        for (let k = 0; k < probes; k++)
          read(institution, begin + (k * minutes * MINUTE) / probes, {
            operator: random.of(institution.operators),
            purpose: 'PRE_LOAN_REVIEW',
            caseNumber: `C-${++cases}`,
            usccs: [firmOf(++firms)],
            denied: k % 2 === 0,
            unknown: k % 2,
          });
        truth('DENIAL_BURST', intensity, { institution }, begin, begin + minutes * MINUTE);
      }
      // Who reads at random comes upon a canary sooner or later; how soon, is chance.
      for (const [intensity, reads, met] of [
        ['faint', 8, 0],
        ['plain', 20, 1],
        ['gross', 60, 3],
      ]) {
        const { institution, day } = place(silent.length > 0 ? silent : offline);
        const operator = random.of(institution.operators);
        const begin = dayAt(day) + random.between(9, 12) * HOUR;
        for (let k = 0; k < reads; k++) {
          const uscc = k < met ? random.of(canaries) : firmOf(++firms);
          read(institution, begin + ((k * 7) % reads) * 3 * MINUTE, { operator, purpose: 'PRE_LOAN_REVIEW', caseNumber: `C-${++cases}`, usccs: [uscc] });
        }
        truth('CANARY_TOUCHED', intensity, { institution, operator }, begin, begin + reads * 3 * MINUTE);
      }
    }
    const outages = [];
    const findings = [];
    for (let n = 0; n < planted; n++) {
      const from = dayAt(random.of(days2)) + random.between(9, 17) * HOUR;
      outages.push({ from, until: from + 20 * MINUTE });
      truths.push({ kind: 'STALE_CHECKPOINT', intensity: 'plain', from, until: from + 20 * MINUTE });
      const time = dayAt(random.of(days2)) + random.between(2, 5) * HOUR;
      findings.push({ time, kinds: { EDITED: 1 + n } });
      truths.push({ kind: 'VERIFIER_FINDING', intensity: 'plain', from: time, until: time });
    }
    return { outages, findings };
  }
}
