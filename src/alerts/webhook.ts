/** One message to the webhook, signed as Standard Webhooks has it. Follows no redirect, waits not for ever, reads no answer. */
import { createHmac } from 'node:crypto';

export interface Webhook {
  readonly url: string;
  /** Secret: `whsec_` and base64, or any other text as it is. */
  readonly secret: string;
}
export interface Message {
  /** The same for each attempt, so that who receives it twice can tell. */
  readonly id: string;
  readonly body: string;
}
export type Sent = { readonly ok: boolean /** Status, or why there was none. */; readonly outcome: string };

const LIMIT_MS = 5_000;

/** Headers that prove who sent a message, and when. */
export function headersOf({ secret }: Pick<Webhook, 'secret'>, { id, body }: Message, time: Date): Record<string, string> {
  const timestamp = String(Math.floor(time.getTime() / 1000));
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

export async function send(webhook: Webhook, message: Message, time: Date): Promise<Sent> {
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: headersOf(webhook, message, time),
      body: message.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    await response.body?.cancel();
    return { ok: response.ok, outcome: String(response.status) };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { ok: false, outcome: cause?.code ?? name };
  }
}
