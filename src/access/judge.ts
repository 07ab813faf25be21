/** The rules applied to one item: deny wins, the strictest wins, among denials the first of `REASONS` is told. */
import { type Outcome, REASONS, type Reason } from './outcome.js';
import { RULES } from './rules/index.js';
import type { Question, Rule } from './rules/rule.js';

export interface Judgement {
  readonly outcome: Outcome;
  /** The rule that decided; null when none objected. */
  readonly rule: Rule | null;
}

export function judge(question: Question): Judgement {
  let masking: Rule | null = null;
  let denial: { reason: Reason; rule: Rule } | null = null;
  for (const rule of RULES) {
    const verdict = rule.judge(question);
    if (verdict === null) continue;
    if (verdict === 'MASKED') masking ??= rule;
    else if (denial === null || REASONS.indexOf(verdict) < REASONS.indexOf(denial.reason)) denial = { reason: verdict, rule };
  }
  if (denial) return { outcome: { effect: 'DENIED', reason: denial.reason }, rule: denial.rule };
  return masking ? { outcome: { effect: 'MASKED' }, rule: masking } : { outcome: { effect: 'CLEAR' }, rule: null };
}
