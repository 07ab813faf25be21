/** What can be wrong with what somebody handed in: a closed table. Such an answer changes nothing and is told beside no data. */
import type { Bilingual } from '../terms.js';

const TABLE = {
  UNKNOWN: { zh: '所指对象不存在', en: 'It names nothing that exists' },
  EMPTY: { zh: '不可为空', en: 'It must not be empty' },
  TOO_LONG: { zh: '过长', en: 'It is too long' },
  NOT_PRINTABLE: { zh: '含不可见字符', en: 'It holds characters that cannot be shown' },
  NOT_A_HASH: { zh: '应为 SHA-256（64 位十六进制）', en: 'It must be a SHA-256 of 64 hexadecimal digits' },
  TERM_REVERSED: { zh: '终止时间应晚于起始时间', en: 'The term ends before it begins' },
  TERM_OVER: { zh: '期限已过', en: 'The term is over already' },
  TERM_TOO_LONG: { zh: '期限超过上限', en: 'The term is longer than allowed' },
  OUT_OF_RANGE: { zh: '超出允许范围', en: 'It is out of range' },
  NOT_ASKED: { zh: '超出申请范围', en: 'It is more than was asked' },
  NOTHING_CHANGES: { zh: '与现状相同，无需变更', en: 'It is so already' },
  ALREADY_DECIDED: { zh: '已有决定', en: 'It has been decided already' },
  SAME_OFFICER: { zh: '扩大权限须由另一名官员批准', en: 'What widens access is approved by another officer than the one who proposed it' },
  POLICY_MOVED: { zh: '策略已变更，提案不再适用', en: 'Policy has moved on and the proposal no longer fits' },
  BAD_OPERATION: { zh: '该操作不能登记', en: 'The operation cannot be registered' },
  EVIDENCE_USED: {
    zh: '该授权书已登记过；撤回或划去之后须由企业重新签署或自行授权',
    en: 'This authorisation has been registered before; after a withdrawal the enterprise signs anew, or consents itself',
  },
  OWN_ALERT: { zh: '放宽规则者不能自行关闭由此产生的告警', en: 'Who loosened the rule does not close the alert about it' },
  ALWAYS_ON: { zh: '此规则不能停用', en: 'This rule cannot be switched off' },
  KEY_REUSED: { zh: '该幂等键已用于另一请求', en: 'The idempotency key was used for another request' },
  BAD_KEY: { zh: '幂等键为 8 至 64 个可见 ASCII 字符', en: 'An idempotency key is 8 to 64 visible ASCII characters' },
} as const satisfies Record<string, Bilingual>;

export type UserErrorCode = keyof typeof TABLE;
export const USER_ERROR_CODES = Object.freeze(Object.keys(TABLE) as UserErrorCode[]);

export interface UserError {
  /** Path of the argument, such as `['input', 'validUntil']`. */
  readonly field: readonly string[];
  readonly code: UserErrorCode;
  readonly message: Bilingual;
}

/** `detail` holds nothing but what the caller sent or a limit. */
export function userError(field: string, code: UserErrorCode, detail?: string): UserError {
  const { zh, en } = TABLE[code];
  const added = detail === undefined ? '' : `: ${detail}`;
  return { field: field.split('.'), code, message: { zh: `${zh}${added}`, en: `${en}${added}` } };
}
