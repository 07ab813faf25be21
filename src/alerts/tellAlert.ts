/** An alert in a sentence, in Chinese and English. MUST name no enterprise and no value: it goes to a webhook, too. */
import type { Bilingual } from '../terms.js';
import type { AlertKind } from './rules.js';
import { MANY_SUBJECTS, type Subject } from './subject.js';

export interface Told {
  readonly kind: AlertKind;
  readonly subject: Subject;
  readonly count: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly thresholds: Readonly<Record<string, number>>;
}

export function tellAlert({ kind, subject, count, figures, thresholds }: Told): Bilingual {
  const { institution, operator, caseNumber, topic } = subject;
  const who = [institution ?? '-', operator].filter(Boolean).join(' / ');
  const of = (name: string, from = figures) => String(from[name] ?? '-');
  if (topic === MANY_SUBJECTS)
    return {
      zh: `${institution ?? '-'} 同日触发规则 ${kind} 的主体过多，其余合并于此，共 ${count} 次`,
      en: `${institution ?? '-'} met the rule ${kind} with too many subjects in a day: the others are gathered here, ${count} times in all`,
    };
  // Not of one person: of all who stand behind a client.
  if (figures.others !== undefined && (kind === 'ONE_OPERATOR_MANY_ENTERPRISES' || kind === 'READS_AT_NIGHT'))
    return {
      zh: `${institution ?? '-'} 的系统 ${topic ?? '-'} 以许多经办人之名${kind === 'READS_AT_NIGHT' ? '在夜间' : '一日内'}读取 ${count} 次，平日 ${of('usual')}`,
      en: `${institution ?? '-'} read ${count} ${kind === 'READS_AT_NIGHT' ? 'at night' : 'in a day'} through ${topic ?? '-'} under many operators' names; usual are ${of('usual')}`,
    };
  const texts: Readonly<Record<AlertKind, readonly [zh: string, en: string]>> = {
    READS_WITHOUT_LIVE_CASE: [
      `${who} 一日内读取了 ${of('count')} 家无在办案件的企业`,
      `${who} read ${of('count')} enterprises in a day for which no live case was reported`,
    ],
    ONE_OPERATOR_MANY_ENTERPRISES: [
      `${who} 一日内读取约 ${of('count')} 家不同企业`,
      `${who} read about ${of('count')} different enterprises in a day, for ${topic === 'MONITORING' ? 'monitoring' : 'lending'}`,
    ],
    UNUSUAL_VOLUME: [
      `${who} 当日 ${topic} 读取 ${of('count')} 家次，为其平日（${of('usual')}）的 ${of('times')} 倍，同业为 ${of('peersTimes')} 倍`,
      `${who} read ${of('count')} for ${topic} in a day, ${of('times')} times its usual ${of('usual')}; its peers ${of('peersTimes')} times theirs`,
    ],
    READS_AT_NIGHT: [
      `${who} 夜间（${of('fromHour', thresholds)} 时至 ${of('untilHour', thresholds)} 时）读取 ${of('count')} 家次`,
      `${who} read ${of('count')} at night, from ${of('fromHour', thresholds)} to ${of('untilHour', thresholds)} o'clock`,
    ],
    READS_AFTER_DECLINE: [`${who} 在案件 ${caseNumber} 被拒后读取 ${count} 次`, `${count} reads by ${who} after its case ${caseNumber} was declined`],
    DENIAL_BURST: [
      `${who}（${topic || '-'}）十分钟内 ${of('count')} 次被拒或查无`,
      `${who} (${topic || '-'}) was refused or found nothing ${of('count')} times in ten minutes`,
    ],
    CANARY_TOUCHED: [`${who} 读取了无人有理由读取的企业 ${count} 次`, `${who} asked ${count} times about enterprises that nobody has reason to read`],
    STALE_CHECKPOINT: [`审计日志的检查点已 ${of('count')} 秒未更新`, `The audit log has had no checkpoint for ${of('count')} seconds`],
    VERIFIER_FINDING: topic
      ? [`见证方 ${topic} 拒绝审计日志的检查点`, `The witness ${topic} refuses the checkpoints of the audit log`]
      : [`审计日志核验发现 ${of('count')} 处问题`, `A verification of the audit log found ${of('count')} faults`],
    RULE_LOOSENED: [`告警规则 ${topic} 被放宽或停用`, `The alert rule ${topic} was loosened or switched off`],
  };
  const [zh, en] = texts[kind];
  return { zh, en };
}
