/** Columns of many rows as the server reads them at once: the driver would quote each value. */

/** A list of numbers. */
export function numbers(values: readonly number[]): string {
  return `{${values.join()}}`;
}
