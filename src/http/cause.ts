/** Type and message chain of what failed, for the log. Messages of the driver name tables and codes, never values. */
export function causeOf(cause: unknown): string | undefined {
  const words: string[] = [];
  for (let error = cause; error instanceof Error && words.length < 4; error = error.cause) words.push(`${error.name}: ${error.message.slice(0, 200)}`);
  return words.length > 0 ? words.join(' <- ') : undefined;
}
