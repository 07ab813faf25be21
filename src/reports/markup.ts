/** Markup that cannot be injected: what is put into a template is escaped, unless it came out of one. PURE. */

/** Text that is markup already; only `html` makes it. */
export class Markup {
  readonly #text: string;
  private constructor(text: string) {
    this.#text = text;
  }
  /** A template in which every value is escaped; markup and lists of markup stand as they are. */
  static html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
    return new Markup(parts.reduce((text, part, place) => text + told(values[place - 1] as Value) + part));
  }
  toString(): string {
    return this.#text;
  }
}
type Value = string | number | Markup | readonly Markup[];

export const html = Markup.html;

const told = (value: Value): string => {
  if (value instanceof Markup) return value.toString();
  return typeof value === 'object' ? value.join('') : escaped(String(value));
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Characters that no document may hold, and those that turn the direction of what follows, are dropped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

function escaped(text: string): string {
  return text.replace(FORBIDDEN, '').replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
