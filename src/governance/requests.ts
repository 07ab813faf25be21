/** Access requests: an institution asks, an officer approves in whole or in part, or declines with a reason. */
import type { PolicyChange } from '../access/policy.js';
import type { Catalogue } from '../catalogue/model.js';
import type { Client } from '../postgres.js';
import type { InstitutionId, Purpose } from '../terms.js';
import { enact, holdPolicy, type Making } from './changes.js';
import { LONGEST_TERM_YEARS, purposeFaults, scopeFaults, termFaults, textFaults } from './checks.js';
import type { Done } from './desk.js';
import { type UserError, userError } from './userErrors.js';

export interface AccessAsked {
  readonly purposes: readonly Purpose[];
  readonly scope: readonly string[];
  readonly effect: 'CLEAR' | 'MASKED';
  /** ISO 8601. */
  readonly validUntil: string;
  readonly justification: string;
}
/** What of a request is approved; what is left out is as it was asked. */
export interface Approval {
  readonly request: string;
  readonly purposes: readonly Purpose[] | null;
  readonly scope: readonly string[] | null;
  readonly effect: 'CLEAR' | 'MASKED' | null;
  readonly validUntil: string | null;
  readonly reason: string;
}

export async function fileRequest(
  client: Client,
  { institution, client: system, asked }: { institution: InstitutionId; client: string; asked: AccessAsked },
  { catalogue, now, newId }: Making,
): Promise<Done<{ request: string }>> {
  const { purposes, scope, effect, validUntil, justification } = asked;
  const errors = [
    ...purposeFaults(purposes, 'input.purposes'),
    ...scopeFaults(scope, catalogue, 'input.scope'),
    ...termFaults({ validFrom: now.toISOString(), validUntil }, now, LONGEST_TERM_YEARS, 'input'),
    ...textFaults(justification, 'input.justification'),
  ];
  if (errors.length > 0) return { ok: false, errors };
  const id = newId();
  await client.query(
    `insert into access_request (id, institution, client, purposes, scope, effect, valid_until, justification, filed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, institution, system, purposes, scope, effect, validUntil, justification, now],
  );
  return { ok: true, result: { request: id }, raises: [], change: { request: id, detail: asked } };
}

/** Makes a grant of it, which waits for a second officer as far as it widens anything. */
export async function approveRequest(client: Client, officer: string, approval: Approval, making: Making): Promise<Done<{ request: string }>> {
  const policy = await holdPolicy(client);
  const found = await openRequest(client, approval.request);
  if ('code' in found) return { ok: false, errors: [found] };
  const purposes = approval.purposes ?? found.purposes;
  const scope = approval.scope ?? found.scope;
  const validUntil = approval.validUntil ?? found.valid_until.toISOString();
  const effect = approval.effect ?? found.effect;
  const isAsked = (name: string) => coversName(found.scope, name, making.catalogue);
  const errors = [
    ...textFaults(approval.reason, 'input.reason'),
    ...scope.filter((name) => !isAsked(name)).map((name) => userError('input.scope', 'NOT_ASKED', name.slice(0, 100))),
    ...purposes.filter((purpose) => !found.purposes.includes(purpose)).map((purpose) => userError('input.purposes', 'NOT_ASKED', purpose)),
    ...(effect === 'CLEAR' && found.effect === 'MASKED' ? [userError('input.effect', 'NOT_ASKED')] : []),
    ...(new Date(validUntil) > found.valid_until ? [userError('input.validUntil', 'NOT_ASKED')] : []),
  ];
  if (errors.length > 0) return { ok: false, errors };
  const grant: PolicyChange = {
    change: 'GRANT_ACCESS',
    id: making.newId(),
    institution: found.institution,
    institutionKind: null,
    purposes,
    scope,
    effect,
    validFrom: making.now.toISOString(),
    validUntil,
  };
  const enacted = await enact(client, policy, { changes: [grant], author: officer, reason: approval.reason }, making);
  if (!enacted.ok) return enacted;
  const { version, proposal } = enacted.result;
  await client.query(
    `insert into access_request_decision (request, approved, officer, reason, decided_at, scope, proposal, version) values ($1, true, $2, $3, $4, $5, $6, $7)`,
    [approval.request, officer, approval.reason, making.now, scope, proposal, version],
  );
  return { ok: true, result: { request: approval.request }, raises: enacted.raises, change: { ...enacted.change, request: approval.request } };
}

export async function declineRequest(
  client: Client,
  { request, officer, reason }: { request: string; officer: string; reason: string },
  { now }: Making,
): Promise<Done<{ request: string }>> {
  await holdPolicy(client);
  const found = await openRequest(client, request);
  const errors = ['code' in found ? found : null, ...textFaults(reason, 'reason')].filter((error): error is UserError => error !== null);
  if (errors.length > 0) return { ok: false, errors };
  await client.query('insert into access_request_decision (request, approved, officer, reason, decided_at) values ($1, false, $2, $3, $4)', [
    request,
    officer,
    reason,
    now,
  ]);
  return { ok: true, result: { request }, raises: [], change: { request } };
}

interface RequestRow {
  institution: InstitutionId;
  purposes: Purpose[];
  scope: string[];
  effect: 'CLEAR' | 'MASKED';
  valid_until: Date;
  decided: boolean;
}

async function openRequest(client: Client, id: string): Promise<RequestRow | UserError> {
  const { rows } = await client.query<RequestRow>(
    `select institution, purposes, r.scope, effect, valid_until, d.request is not null as decided
     from access_request r left join access_request_decision d on d.request = r.id where r.id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return userError('request', 'UNKNOWN');
  return row.decided ? userError('request', 'ALREADY_DECIDED') : row;
}

/** Whether a scope covers what a name of domain, category or item stands for. */
function coversName(scope: readonly string[], name: string, catalogue: Catalogue): boolean {
  const parts = name.split('.');
  const above = parts.map((_part, length) => parts.slice(0, length + 1).join('.'));
  if (scope.includes('*') || above.some((one) => scope.includes(one))) return true;
  if (name === '*') return false;
  // A domain is covered by all of its categories, a category by all of its items.
  const inDomain = catalogue.categories.filter(({ domain }) => domain === name).map(({ code }) => code as string);
  const below = inDomain.length > 0 ? inDomain : (catalogue.category(name)?.items.map(({ code }) => code as string) ?? []);
  return below.length > 0 && below.every((code) => coversName(scope, code, catalogue));
}
