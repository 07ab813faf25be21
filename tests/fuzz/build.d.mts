/** A new folder that holds the compiled project; the caller removes it. */
export function compileProject(): string;
