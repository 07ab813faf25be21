interface Log {
  readonly url: string;
  readonly keyFile: string;
  readonly origin: string;
}
export function checkLog(log: Log): Promise<{ leaves: number; checkpoints: number; faults: string[] }>;
