/** What a statement must keep to where its tables are spread over the nodes of a Citus cluster by `uscc`. */

/** Whether a statement reads or writes one of the tables, as a table. */
export function touches(text: string, tables: readonly string[]): boolean {
  return new RegExp(`\\b(from|join|into|update|truncate|copy|,)\\s+(only\\s+)?(${tables.join('|')})\\b`, 'i').test(plain(text));
}

/** What breaks the rules: every part of it that touches a spread table names its enterprises, and nothing needs several nodes at once. */
export function breaches(text: string, tables: readonly string[]): string[] {
  const found: string[] = [];
  for (const part of plain(text).split(/\bunion(?: all)?\b/i)) {
    if (!touches(part, tables)) continue;
    const outer = outermost(part);
    if (!/\b(?:\w+\.)?uscc = (?:\$\d+|any\(\$\d+(?:::text\[\])?\))/i.test(outer) || /\bor\b/i.test(outer))
      found.push('reads enterprises that it does not name');
    if (/\bfor (?:no key )?(?:update|share)\b/i.test(part)) found.push('locks rows');
    if (/\bover\s*\(/i.test(part)) found.push('looks through a window');
    if (/\blateral\b/i.test(part)) found.push('joins row by row');
    if (/\bnextval\b|\bcurrval\b/i.test(part)) found.push('takes from a sequence');
    if (/\bwith recursive\b/i.test(part)) found.push('goes round');
    if (/\bjoin\b/i.test(part)) found.push('joins');
    if (/\b(?:insert into|update|delete from)\b/i.test(part)) found.push('writes');
  }
  return found;
}

/** Without what stands in parentheses: conditions in there may hold or not. */
function outermost(part: string): string {
  for (let text = part; ; ) {
    const less = text.replace(/(\bany)?\(([^()]*)\)/gi, (all, any) => (any ? all.replace('(', '\u0001').replace(')', '\u0002') : ' '));
    if (less === text) return text.replaceAll('\u0001', '(').replaceAll('\u0002', ')');
    text = less;
  }
}

function plain(text: string): string {
  return text
    .replace(/--.*$/gm, ' ')
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/\s+/g, ' ');
}
