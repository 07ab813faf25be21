/** From codes to GraphQL names and readable English; the only place that knows how they are formed. */

/** `intellectualProperty` -> `IntellectualPropertyRecords`: the GraphQL type of a domain's categories. */
export function recordsTypeName(domain: string): string {
  return `${domain[0]?.toUpperCase()}${domain.slice(1)}Records`;
}

/** `taxPeriodStart` -> `Tax period start`. */
export function readable(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return `${words[0]?.toUpperCase()}${words.slice(1)}`;
}
