/**
 * The page on which staff sign in: plain HTML of its own, in both languages, without scripts. An interaction of the provider
 * stands behind it, which only the browser that began it holds the cookie of.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Staff } from './staff.js';

const LONGEST_FORM = 4_096;
const STYLE =
  'body{font:1rem/1.6 system-ui,sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}label{display:block;margin-top:1rem}' +
  'input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #595959;border-radius:4px}button{font:inherit;margin-top:1.5rem;padding:.5rem 1.5rem;' +
  'color:#fff;background:#0b4f9e;border:0;border-radius:4px}[role=alert]{color:#a8071a;font-weight:600}:focus-visible{outline:3px solid #0b4f9e;outline-offset:2px}';

type Message = 'NONE' | 'REFUSED' | 'THROTTLED';
const MESSAGES: Readonly<Record<Message, string>> = {
  NONE: '',
  REFUSED: '<p role="alert" id="why">账号或密码不正确 / Login or password is not right</p>',
  THROTTLED: '<p role="alert" id="why">尝试次数过多，请稍后（至多十五分钟）再试 / Too many attempts; try again later, in fifteen minutes at most</p>',
};

/** Answers GET and POST of `/interaction/<uid>`. */
export async function answerSignIn(parts: { provider: Provider; staff: Staff }, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { provider, staff } = parts;
  const details = await provider.interactionDetails(request, response).catch(() => null);
  const uid = /^\/interaction\/([\w-]{1,64})$/.exec(request.url ?? '')?.[1];
  if (!details || details.uid !== uid || details.prompt.name !== 'login') return page(response, 400, expired());
  const redirect = new URL(String(details.params.redirect_uri)).origin;
  if (request.method === 'GET') return page(response, 200, form('', 'NONE'), redirect);
  if (request.method !== 'POST' || !isOfThisPage(request)) return page(response, 400, expired());
  const fields = await readForm(request);
  if (!fields) return page(response, 413, expired());
  const login = fields.get('login') ?? '';
  const outcome = await staff.signIn(login, fields.get('password') ?? '');
  if (outcome.kind !== 'SIGNED_IN') return page(response, outcome.kind === 'THROTTLED' ? 429 : 401, form(login, outcome.kind), redirect);
  await provider.interactionFinished(request, response, { login: { accountId: outcome.login, remember: false } }, { mergeWithLastSubmission: false });
}

/** A form that another site sends here carries that site's name. */
function isOfThisPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = headers;
  if (origin === undefined) return headers['content-type']?.split(';')[0] === 'application/x-www-form-urlencoded';
  return URL.canParse(origin) && new URL(origin).host === headers.host;
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > LONGEST_FORM) return null;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function page(response: ServerResponse, status: number, body: string, redirect = ''): void {
  const text = `<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>登录 Sign in · 金融公共数据专区</title>
<style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // After signing in the form leads back to the console, which browsers take for a part of sending it.
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${redirect}; frame-ancestors 'none'; base-uri 'none'`,
    'referrer-policy': 'same-origin',
  });
  response.end(text);
}

function form(login: string, message: Message): string {
  const described = message === 'NONE' ? '' : ' aria-describedby="why"';
  return `<h1>登录 <span lang="en">Sign in</span></h1>${MESSAGES[message]}
<form method="post"><label for="login">账号 <span lang="en">Login</span></label>
<input id="login" name="login" autocomplete="username" required maxlength="64" value="${escaped(login)}"${described}>
<label for="password">密码 <span lang="en">Password</span></label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"${described}>
<button type="submit">登录 <span lang="en">Sign in</span></button></form>`;
}

function expired(): string {
  return '<h1>登录已失效 <span lang="en">This sign-in has ended</span></h1><p>请回到控制台重新开始 / Go back to the console and begin again</p>';
}

function escaped(text: string): string {
  return text.slice(0, 64).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
