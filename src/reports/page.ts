/** The monthly report as a page that stands by itself: no script, nothing fetched, fit for print. PURE. */
import { type Bar, barChart, columnChart, type Part } from './charts.js';
import type { ConsentFigures, MonthFigures, Share, VersionFigures } from './figures.js';
import { html, type Markup } from './markup.js';

const CLEAR: Part = { name: '明文 clear', colour: '#1f6fb2' };
const MASKED: Part = { name: '脱敏 masked', colour: '#e0a030' };
const DENIED: Part = { name: '拒绝 denied', colour: '#b23a48' };
const SOURCES: readonly Part[] = [
  { name: '进程内存 memory', colour: '#2d8f5a' },
  { name: 'Redis', colour: '#6fbf8f' },
  { name: 'PostgreSQL', colour: '#8a8f98' },
];
/** Parts drawn; the tables name them all. */
const MOST_DRAWN = 15;
/** Nothing but what stands in the page itself is ever shown. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const digits = (value: number) => value.toLocaleString('en-US');
const percent = (part: number, whole: number) => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);

export function reportPage(figures: MonthFigures, { id, time }: { readonly id: string; readonly time: Date }): string {
  const { subject, name, month, days, whole, denials, requests, purposes, institutions, categories, versions, consents } = figures;
  const code = subject.kind === 'INSTITUTION' ? subject.institution : subject.provider;
  const title = `${name.zh} ${month} 数据使用月报 / ${name.en}: use of data in ${month}`;
  const denied = denials.reduce((sum, { times }) => sum + times, 0);
  const facts: readonly (readonly [string, string])[] = [
    ['给出次数 Items given', digits(whole.reads.times)],
    ['其中脱敏 Of these masked', `${digits(whole.masked.times)} (${percent(whole.masked.times, whole.reads.times)})`],
    ['拒绝次数 Denials', digits(denied)],
    ['给出过信息的企业 Enterprises read', digits(whole.reads.enterprises)],
    ['被查询的企业 Enterprises asked about', digits(whole.asked)],
    ...(requests
      ? ([
          ['应答 Answers', digits(requests.requests)],
          ['被拒请求 Requests refused', digits(requests.refused)],
        ] as const)
      : []),
  ];
  const page = html`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${name.zh}<small>${name.en}</small></h1><p><b>${month}</b> 数据使用月报 · Monthly report on the use of data · ${code}</p></header>
<section class="facts">${facts.map(([label, value]) => html`<div><span>${label}</span><b>${value}</b></div>`)}</section>
<section><h2>按日 <small>By day</small></h2>
${columnChart(
  '每日给出次数 Items given a day',
  [CLEAR, MASKED],
  days.map(({ day, clear, masked }) => ({ label: day, values: [clear, masked] })),
)}
${columnChart(
  '每日拒绝次数 Denials a day',
  [DENIED],
  days.map(({ day, denied: count }) => ({ label: day, values: [count] })),
)}</section>
${sharesSection('按信息类', 'By category', categories)}
${sharesSection('按使用目的', 'By purpose', purposes)}
${institutions.length > 0 ? sharesSection('按机构', 'By institution', institutions) : html``}
<section><h2>拒绝原因 <small>Denials by reason</small></h2>
${barChart(
  '各原因的拒绝次数 Denials by reason',
  [DENIED],
  denials.map(({ reason, times }): Bar => ({ label: reason, values: [times] })),
)}
${table(
  ['原因 Reason', '次数 Denials', '企业 Enterprises'],
  denials.map(({ reason, times, enterprises }) => [reason, digits(times), digits(enterprises)]),
)}</section>
${sourcesSection(requests)}
${consentsSection(consents)}
${versionsSection(versions)}
<footer><p>一次为一家企业的一个信息项；日期为北京时间；被撤回而未送达的应答不计。Counts are of items, one for each enterprise; days are those of Beijing; answers that were thrown away before they left do not count.</p>
<p>编制 Made ${time.toISOString()} · 审计回执 Receipt ${id}</p></footer>
</body>
</html>
`;
  return page.toString();
}

function sharesSection(zh: string, en: string, shares: readonly Share[]): Markup {
  const bars = shares.slice(0, MOST_DRAWN).map(({ name, clear, masked }): Bar => ({ label: name.zh, values: [clear, masked] }));
  const rows = shares.map(({ code, name, clear, masked, denied, enterprises }) => [
    name.zh === code ? code : `${name.zh} ${name.en} (${code})`,
    ...[clear, masked, denied, enterprises].map(digits),
  ]);
  return html`<section><h2>${zh} <small>${en}</small></h2>
${barChart(`${zh}给出次数 Items given ${en.toLowerCase()}`, [CLEAR, MASKED], bars)}
${table(['', CLEAR.name, MASKED.name, DENIED.name, '企业 enterprises'], rows)}</section>`;
}

function sourcesSection(requests: MonthFigures['requests']): Markup {
  if (!requests) return html``;
  const values = [requests.memory, requests.redis, requests.postgres];
  const sum = values.reduce((one, other) => one + other, 0);
  return html`<section><h2>缓存命中 <small>Cache hits</small></h2>
${barChart('记录取自何处 Where records were taken from', SOURCES, [{ label: '记录 records', values }])}
${table(
  ['取自 From', '记录 Records', '占比 Share'],
  values.map((value, place) => [SOURCES[place]?.name ?? '', digits(value), percent(value, sum)]),
)}</section>`;
}

function consentsSection(consents: ConsentFigures | null): Markup {
  if (!consents)
    return html`<section><h2>企业授权 <small>Consents</small></h2><p>授权按机构统计，见各机构月报。Consents are counted by institution: see the reports of institutions.</p></section>`;
  const { most, consents: count, enterprises, uses } = consents;
  return html`<section><h2>所用企业授权 <small>Consents used</small></h2>
<p>${digits(count)} 份授权，${digits(enterprises)} 家企业，${digits(uses)} 次应答依据。${digits(count)} consents of ${digits(enterprises)} enterprises; ${digits(uses)} times an answer rested on one.</p>
${table(
  ['企业 Enterprise', '授权 Consent', '应答 Answers'],
  most.map((one) => [one.uscc, one.consent, digits(one.uses)]),
)}</section>`;
}

function versionsSection(versions: readonly VersionFigures[]): Markup {
  const rows = versions.map(({ version, time, author, approver, reason, requests }) => [
    String(version),
    time.toISOString().slice(0, 16).replace('T', ' '),
    approver ? `${author} + ${approver}` : author,
    reason,
    requests === null ? '' : digits(requests),
  ]);
  return html`<section><h2>当月有效的策略版本 <small>Policy versions in force in the month</small></h2>
${table(['版本 Version', '时间 (UTC) Since', '提出与批准 By', '理由 Reason', '请求 Requests'], rows)}</section>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): Markup {
  if (rows.length === 0) return html`<p class="none">无 None</p>`;
  return html`<table><thead><tr>${head.map((cell) => html`<th>${cell}</th>`)}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table>`;
}

const STYLE = html`
body{font:14px/1.5 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:#1c2430;max-width:820px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;border-bottom:2px solid #1f6fb2;padding-bottom:.2rem;margin:2rem 0 .8rem}
small{font-weight:400;color:#5a6472;margin-left:.6em;font-size:.8em}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:.6rem;margin-top:1rem}
.facts div{border:1px solid #d5dae1;border-radius:4px;padding:.5rem .7rem}.facts span{display:block;color:#5a6472;font-size:.8rem}.facts b{font-size:1.2rem}
figure{margin:0 0 1rem;break-inside:avoid}figcaption{color:#5a6472;font-size:.85rem;margin-bottom:.3rem}
figcaption span{margin-left:1em}figcaption i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}
svg{width:100%;height:auto}svg text{font-size:11px;fill:#1c2430}.grid{stroke:#d5dae1}
table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e4e8ed;overflow-wrap:anywhere}
td:not(:first-child),th:not(:first-child){text-align:right}td:not(:first-child){overflow-wrap:normal}tr{break-inside:avoid}thead{display:table-header-group}
footer{margin-top:2rem;color:#5a6472;font-size:.8rem}.none{color:#5a6472}
@media print{body{margin:0;max-width:none}section{break-inside:auto}h2{break-after:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
@page{size:A4;margin:16mm}
`;
