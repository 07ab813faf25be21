/**
 * A walk through the life of a permission, against a running gateway: a bank asks, two officers approve, an enterprise
 * consents, the bank reads, the enterprise withdraws, the bank is told why, an officer tries a wider grant.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../config.js';
import { Fault } from '../faults.js';
import { demoFirm } from '../synthetic/firm.js';
import { indented, say } from './paper.js';
import { ask, at, type GraphQLAnswer, sandboxToken, type Who } from './query.js';

interface Step {
  readonly file: string;
  readonly who: Who;
  readonly variables?: Readonly<Record<string, unknown>>;
}
const OFFICER: Who = { staff: 'li.wei', roles: 'GOVERNANCE_OFFICER' };
const SECOND: Who = { staff: 'zhao.min', roles: 'GOVERNANCE_OFFICER' };

export async function tour({ url, institution, uscc = demoFirm(8, 1) }: { url: string; institution: string; uscc?: string }): Promise<void> {
  const bank: Who = { institution };
  const enterprise: Who = { enterprise: uscc };
  const walk = async ({ file, who, variables = {} }: Step): Promise<Record<string, unknown>> => {
    const document = readFileSync(join(readConfig().seedsFolder, 'queries', 'governance', `${file}.graphql`), 'utf8');
    const { body } = await ask({ url, token: await sandboxToken(who), query: document, variables });
    tell(document, who, body);
    if (!body.data) throw new Fault('BAD_USER_INPUT', { detail: `${file}: ${body.errors?.[0]?.message}` });
    return body.data;
  };
  const read = { file: '1-read', who: bank, variables: { uscc } };
  await walk(read);
  const requested = await walk({ file: '2-request-access', who: bank, variables: { key: randomUUID() } });
  const request = at(requested, 'requestAccess.request.id');
  const approved = await walk({ file: '3-approve-request', who: OFFICER, variables: { key: randomUUID(), request } });
  const proposal = at(approved, 'approveAccessRequest.request.proposal');
  // Where the institution may see it already, nothing widens and no second officer is needed.
  if (proposal) await walk({ file: '4-approve-proposal', who: SECOND, variables: { key: randomUUID(), proposal } });
  await walk(read);
  const given = await walk({ file: '5-give-consent', who: enterprise, variables: { key: randomUUID(), institution } });
  await walk(read);
  await walk({ file: '6-withdraw-consent', who: enterprise, variables: { key: randomUUID(), consent: at(given, 'giveConsent.consent.id') } });
  await walk(read);
  await walk({ file: '7-my-access', who: bank, variables: { uscc } });
  // Another bank, whose grant has expired, asks about a firm that consents to it: the wider grant would concern this read.
  await walk({ file: '1-read', who: { institution: 'bank-07' }, variables: { uscc: demoFirm(2, 1) } });
  await walk({ file: '8-simulate', who: OFFICER });
}

function tell(document: string, { institution, staff, enterprise }: Who, { data, errors = [], extensions }: GraphQLAnswer): void {
  const who = institution ?? staff ?? enterprise;
  const denials = errors.map(({ message, extensions: told }) => `  ${told?.reason ?? told?.code}: ${message}\n    ${told?.remedy}`);
  const receipt = extensions?.receipt ? `  回执 receipt ${extensions.receipt.id}` : '';
  say([`\n${who}  ${document.slice(2, document.indexOf('\n'))}`, indented(data), ...denials, receipt].filter(Boolean).join('\n'));
}
