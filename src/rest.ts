/** Lets the thread serve others: whoever works through many rows MUST rest every few milliseconds. */
export function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
