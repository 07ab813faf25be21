export interface Sent {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  /** Answers of any status but 200: they count for nothing else. */
  readonly refused: number;
  readonly sender: number;
}
export function requestBytes(request: { path?: string; headers?: Record<string, string>; body: string }): Buffer;
export function send(sending: { port: number; requests: readonly Buffer[]; callers: number; seconds: number; again?: boolean }): Promise<Sent>;
export function askOnce(port: number, request: Buffer): Promise<{ status: number; text: string }>;
