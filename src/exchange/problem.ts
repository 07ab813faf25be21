/** One code of a batch that cannot be answered, as both executions tell it. */
import { FAULTS } from '../faults.js';

export interface Problem {
  /** As given, valid or not. */
  readonly uscc: string;
  readonly code: 'INVALID_USCC' | 'ENTERPRISE_UNKNOWN';
  readonly message: string;
}

export function problem(uscc: string, code: Problem['code'], detail?: string): Problem {
  const { zh, en } = FAULTS[code].message;
  return { uscc, code, message: `${zh} / ${en}${detail ? `: ${detail}` : ''}` };
}
