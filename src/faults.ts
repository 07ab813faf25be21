/**
 * The closed table of everything that can be refused. A fault carries a code; what the outside reads (status, sentence,
 * what to do) comes from this table only, so that no inner text ever leaves by accident.
 */
import type { Bilingual } from './terms.js';

interface FaultEntry {
  /** HTTP status when the whole request is refused for it; 200 when it stands beside data. */
  readonly status: number;
  readonly message: Bilingual;
  /** What the caller can do. */
  readonly remedy: Bilingual;
}

const entry = (status: number, zh: string, en: string, remedyZh: string, remedyEn: string): FaultEntry => ({
  status,
  message: { zh, en },
  remedy: { zh: remedyZh, en: remedyEn },
});

export const FAULTS = Object.freeze({
  // The request as bytes
  INVALID_REQUEST: entry(
    400,
    '请求格式不正确',
    'The request is not of the right form',
    '以 JSON 发送 query、variables、operationName',
    'Send JSON with query, variables and operationName',
  ),
  INVALID_ENCODING: entry(400, '请求不是有效的 UTF-8', 'The request is not valid UTF-8', '以 UTF-8 编码后重发', 'Encode the body as UTF-8'),
  METHOD_NOT_ALLOWED: entry(405, '此地址只接受 POST', 'Only POST is accepted here', '改用 POST', 'Use POST'),
  NOT_FOUND: entry(404, '没有此地址', 'There is nothing at this address', '请求 /graphql', 'Ask /graphql'),
  BODY_TOO_LARGE: entry(413, '请求体超过上限', 'The body is larger than allowed', '缩小请求，或分批查询', 'Send less, or ask in several batches'),
  UNSUPPORTED_MEDIA_TYPE: entry(
    415,
    '不支持的内容类型',
    'The content type is not supported',
    '使用 application/json，且不压缩',
    'Use application/json, not compressed',
  ),
  // Who asks
  TOKEN_MISSING: entry(401, '缺少访问令牌', 'There is no bearer token', '在 Authorization 中携带 Bearer 令牌', 'Send Authorization: Bearer <token>'),
  TOKEN_INVALID: entry(401, '访问令牌无效', 'The token is not valid', '重新申请令牌', 'Obtain a new token'),
  TOKEN_EXPIRED: entry(401, '访问令牌已过期', 'The token has expired', '重新申请令牌；有效期至多五分钟', 'Obtain a new token; one lives five minutes at most'),
  TOKEN_UNBOUND: entry(
    401,
    '访问令牌未与调用方密钥绑定',
    'The token is not bound to a key of the caller',
    '以客户端证书（mTLS）或 DPoP 申请并使用令牌',
    'Obtain and use tokens with a client certificate (mTLS) or DPoP',
  ),
  CALLER_UNKNOWN: entry(
    401,
    '令牌所示机构不是入驻机构',
    'The institution of the token is not resident',
    '联系平台核对机构代码',
    'Ask the platform about the institution code',
  ),
  // The operation
  GRAPHQL_PARSE_FAILED: entry(400, '查询语法错误', 'The document does not parse', '按所示位置修正', 'Mend it at the place named'),
  GRAPHQL_VALIDATION_FAILED: entry(
    400,
    '查询与模式不符',
    'The document does not fit the schema',
    '对照模式修正字段与参数',
    'Compare fields and arguments with the schema',
  ),
  BAD_USER_INPUT: entry(400, '变量或参数不正确', 'A variable or an argument is wrong', '按所示修正', 'Mend what is named'),
  OPERATION_NOT_SUPPORTED: entry(
    400,
    '不支持此操作',
    'This operation is not supported',
    '只发送查询与变更；多个操作时给出 operationName',
    'Send queries and mutations only; name one where there are several',
  ),
  QUERY_TOO_DEEP: entry(400, '查询嵌套过深', 'The document is nested too deeply', '减少嵌套层数', 'Nest less'),
  TOO_MANY_ALIASES: entry(400, '别名过多', 'There are too many aliases', '使用 enterprises 批量查询代替别名', 'Use enterprises instead of aliases'),
  TOO_MANY_TOKENS: entry(400, '查询文本过长', 'The document has too many tokens', '拆分查询', 'Split the document'),
  TOO_MANY_DIRECTIVES: entry(400, '指令过多', 'There are too many directives', '减少指令', 'Use fewer directives'),
  QUERY_TOO_COSTLY: entry(
    400,
    '查询成本超过上限',
    'The operation costs more than allowed',
    '减少企业数或信息类，分批查询',
    'Ask fewer enterprises or categories at once',
  ),
  BATCH_TOO_LARGE: entry(400, '一次查询的企业过多', 'Too many enterprises in one batch', '每批至多 1000 家', 'Ask at most 1,000 at once'),
  MIXED_INQUIRIES: entry(
    400,
    '一次操作只能有一个查询事由',
    'One operation states one inquiry',
    '不同目的或案件分开查询',
    'Ask separately for other purposes or cases',
  ),
  MANY_MUTATIONS: entry(400, '一次操作只能有一项变更', 'One operation makes one change', '每项变更单独发送', 'Send each mutation by itself'),
  OPERATION_NOT_REGISTERED: entry(
    403,
    '该操作未登记',
    'This operation is not registered',
    '登记操作后以 documentId 发送',
    'Register the operation, then send its documentId',
  ),
  // How much is asked
  BUDGET_SPENT: entry(
    429,
    '本机构此目的的查询额度暂已用尽',
    'The budget of the institution for this purpose is spent for now',
    '按 Retry-After 重试，或按 fits 减少企业数',
    'Come again after Retry-After, or ask fewer enterprises as fits says',
  ),
  TOO_MANY_ENTERPRISES_TODAY: entry(
    429,
    '本机构此目的当日查询的企业数已达上限',
    'The institution has asked about as many enterprises as it may today for this purpose',
    '次日再查；当日已查过的企业不受限',
    'Ask tomorrow; enterprises asked earlier today do not count again',
  ),
  TOO_MANY_AT_ONCE: entry(
    429,
    '本机构此目的同时进行的请求过多',
    'The institution has too many requests under way for this purpose',
    '等前面的请求完成后再发',
    'Wait for earlier requests to end',
  ),
  EXPORT_UNDER_WAY: entry(
    429,
    '您已有一项导出正在进行',
    'An export of yours is under way',
    '等它完成，或断开后重试',
    'Wait for it to end, or break it off, then try again',
  ),
  // What is asked
  INVALID_USCC: entry(
    400,
    '统一社会信用代码不正确',
    'The unified social credit code is not valid',
    '核对 18 位代码（GB 32100-2015）',
    'Check the 18 characters (GB 32100-2015)',
  ),
  INVALID_INQUIRY: entry(400, '查询事由不完整', 'The inquiry is incomplete', '填写目的与本机构的案件编号', 'Give the purpose and your own case number'),
  INVALID_PAGE: entry(
    400,
    '分页参数不正确',
    'The page asked for is not valid',
    'first 取 1 至 100；after 取自上一页',
    'first is 1 to 100; after comes from the page before',
  ),
  USAGE_TOO_WIDE: entry(
    400,
    '所求用量统计过宽',
    'The usage asked for is too wide',
    '缩短期间、减少维度，或加筛选',
    'Ask a shorter span, fewer dimensions, or with a filter',
  ),
  CURSOR_STALE: entry(400, '数据已更新，游标失效', 'The record changed since the cursor was given', '从第一页重新读取', 'Start again from the first page'),
  ENTERPRISE_UNKNOWN: entry(
    200,
    '专区中没有该企业',
    'The zone holds no such enterprise',
    '核对代码；新设企业次日可见',
    'Check the code; new firms appear a day later',
  ),
  RECEIPT_UNKNOWN: entry(
    200,
    '没有此回执，或非本方的回执',
    'There is no such receipt, or it is not yours',
    '核对回执编号；只能查看本方的回执',
    'Check the id; only receipts of your own are explained',
  ),
  RECEIPT_PENDING: entry(409, '该回执尚未纳入已签署的检查点', 'The receipt is in no signed checkpoint yet', '几秒后重试', 'Try again in a few seconds'),
  CHECKPOINT_UNKNOWN: entry(
    404,
    '没有这样的检查点',
    'There is no such checkpoint',
    '使用曾签署的检查点的 size；最新的见 /audit/checkpoint',
    'Use sizes of checkpoints that were signed; /audit/checkpoint has the newest',
  ),
  LOG_CONTRADICTED: entry(
    500,
    '日志条目与已签署的树不一致',
    'The entry is not what stands in the signed tree',
    '保留回执并告知审计人员',
    'Keep the receipt and tell the auditor',
  ),
  STATEMENT_TOO_LONG: entry(
    400,
    '所选时段内或其后的读取过多，无法在一份证明中列出',
    'There are more reads within the span, or after it, than one proof holds',
    '缩短时段或选择更晚的起始时间；或不取 proof，逐页查阅',
    'Take a shorter or a later span, or read page by page without the proof',
  ),
  STATEMENT_NOT_READY: entry(
    503,
    '尚无包含企业索引的检查点',
    'No checkpoint carries the index over enterprises yet',
    '稍后重试；若持续如此，排序进程未在运行',
    'Try again shortly; where it stays so, nobody sequences the log',
  ),
  RECEIPT_ARCHIVED: entry(
    200,
    '该回执所在月份的日志已归档，不在库中',
    'The month of the log that this receipt belongs to is archived and not in the database',
    '请平台从归档文件恢复该月后再查；取包含证明，附上回执的 time 与 leafHash 即可',
    'Ask the platform to restore the month from its archive, then ask again; a proof needs only the time and the leafHash of the receipt',
  ),
  ITEM_DENIED: entry(200, '该信息项不予提供', 'This item is not given', '见 reason 与 remedy', 'See reason and remedy'),
  ACCESS_DENIED: entry(403, '本机构现不得使用此功能', 'The institution may not use this now', '联系平台', 'Ask the platform'),
  // The zone itself
  AUDIT_UNAVAILABLE: entry(503, '审计日志暂不可写，未返回数据', 'The audit log cannot be written, so nothing is given', '稍后重试', 'Try again shortly'),
  ZONE_UNAVAILABLE: entry(503, '数据服务暂不可用', 'The zone cannot answer at the moment', '稍后重试', 'Try again shortly'),
  OVERLOADED: entry(503, '请求过多，暂缓受理', 'There is more work than can be done now', '按 Retry-After 重试', 'Try again after Retry-After'),
  POLICY_CHANGING: entry(503, '授权正在变更，未返回数据', 'Policy is changing under this request, so nothing is given', '立即重试', 'Try again at once'),
  INTERNAL: entry(500, '内部错误，未返回数据', 'Something failed inside; nothing is given', '凭请求编号联系平台', 'Report the request id'),
  // Operating the zone (command line)
  CONFIG_FAULTY: entry(500, '配置有误', 'The configuration is faulty', '逐项修正', 'Mend each fault'),
  CATALOGUE_FAULTY: entry(500, '目录有误', 'The catalogue is faulty', '运行 catalogue check', 'Run catalogue check'),
  ZONE_NOT_EMPTY: entry(
    409,
    '专区中已有其他数据',
    'The zone holds other data already',
    '另设 ZONE_HOME，或用 --replace 清空后重填',
    'Choose another ZONE_HOME, or discard what is there with --replace',
  ),
  ZONE_UNFINISHED: entry(
    503,
    '专区正在填充，或填充中断',
    'The zone is being filled, or filling it was broken off',
    '等待完成，或再次运行同一 seed 命令接续；或用 --replace 重填',
    'Wait for the end, or run the same seed again, which continues; or fill it anew with --replace',
  ),
  ARCHIVE_REFUSED: entry(
    409,
    '此月现在不能归档或恢复',
    'This month cannot be archived or restored now',
    '按所示处理后重试',
    'See to what is named, then try again',
  ),
  ARCHIVE_FAULTY: entry(
    500,
    '归档文件不完整或与日志不符',
    'The archive file is not whole, or not what the log says',
    '不要使用此文件；核对存储并报告',
    'Do not use this file; check where it is kept, and report it',
  ),
  DELIVERY_REFUSED: entry(400, '交付无法受理', 'The delivery cannot be taken', '按所示修正文件或映射', 'Mend the file or the mapping'),
  POSTGRES_NOT_STARTED: entry(
    500,
    '内置 PostgreSQL 未能启动',
    'The embedded PostgreSQL did not start',
    '查看日志，或设置 DATABASE_URL',
    'Read its log, or set DATABASE_URL',
  ),
} satisfies Record<string, FaultEntry>);

export type FaultCode = keyof typeof FAULTS;

export interface FaultOptions {
  /** Added to the public sentence; MUST hold nothing that the caller did not send or may not see. */
  readonly detail?: string;
  /** Structured facts for `extensions`, under the same rule. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** For logs only. */
  readonly cause?: unknown;
}

/** A refusal. Its message is public by construction. */
export class Fault extends Error {
  readonly facts: Readonly<Record<string, unknown>>;
  constructor(
    readonly code: FaultCode,
    readonly options: FaultOptions = {},
  ) {
    const { zh, en } = FAULTS[code].message;
    super(`${zh} / ${en}${options.detail ? `: ${options.detail}` : ''}`, { cause: options.cause });
    this.name = 'Fault';
    this.facts = options.facts ?? {};
  }
  get status(): number {
    return FAULTS[this.code].status;
  }
  /** What a client reads beside the message. */
  get extensions(): Record<string, unknown> {
    const { zh, en } = FAULTS[this.code].remedy;
    return { code: this.code, remedy: `${zh} / ${en}`, ...this.facts };
  }
}
