/**
 * A query as a tree, before it is text: what the generators make, what is written out as GraphQL, and what the oracle
 * reads. It never looks at the text.
 */
export interface Passed<T> {
  readonly value: T;
  /** Whether it goes through a variable. */
  readonly variable: boolean;
}
export interface Directive {
  readonly name: 'skip' | 'include';
  readonly when: Passed<boolean>;
}
export type Selection = Field | Fragment;
export interface Field {
  readonly kind: 'FIELD';
  readonly name: string;
  readonly alias: string | null;
  readonly first?: Passed<number>;
  readonly after?: string;
  readonly directive: Directive | null;
  readonly selections: readonly Selection[];
}
export interface Fragment {
  readonly kind: 'FRAGMENT';
  /** Type condition; null where there is none, which only an inline one may lack. */
  readonly on: string | null;
  readonly named: boolean;
  /** Spread twice: merging the same again changes nothing. */
  readonly twice: boolean;
  readonly directive: Directive | null;
  readonly selections: readonly Selection[];
}
export interface Inquiry {
  readonly purpose: string;
  readonly caseNumber: string;
}
export type Root =
  | {
      readonly field: 'enterprise';
      readonly alias: string | null;
      readonly uscc: Passed<string>;
      readonly inquiry: Passed<Inquiry>;
      readonly selections: readonly Selection[];
      readonly directive: Directive | null;
    }
  | {
      readonly field: 'enterprises';
      readonly alias: string | null;
      readonly usccs: Passed<readonly string[]>;
      readonly inquiry: Passed<Inquiry>;
      readonly selections: readonly Selection[];
      readonly directive: Directive | null;
    }
  | {
      readonly field: 'myAccess';
      readonly alias: string | null;
      readonly purpose: string;
      readonly category: string;
      readonly uscc: string | null;
      readonly directive: Directive | null;
    };
export interface Question {
  readonly institution: string;
  readonly roots: readonly Root[];
}

/** A field as execution sees it: its response key, and all that is selected below it. */
export interface Resolved {
  readonly key: string;
  readonly field: Field;
  readonly selections: readonly Selection[];
}

export function isIncluded(directive: Directive | null): boolean {
  if (directive === null) return true;
  return directive.name === 'skip' ? !directive.when.value : directive.when.value;
}

/** Fields of a selection set on an object of one type (or of a type that the fragment is on), merged by response key. */
export function fieldsOn(selections: readonly Selection[], typeNames: readonly string[]): Resolved[] {
  const found: { key: string; field: Field; selections: Selection[] }[] = [];
  const visit = (list: readonly Selection[]): void => {
    for (const selection of list) {
      if (!isIncluded(selection.directive)) continue;
      if (selection.kind === 'FRAGMENT') {
        if (selection.on === null || typeNames.includes(selection.on)) visit(selection.selections);
        continue;
      }
      const key = selection.alias ?? selection.name;
      const same = found.find((one) => one.key === key);
      if (same) same.selections.push(...selection.selections);
      else found.push({ key, field: selection, selections: [...selection.selections] });
    }
  };
  visit(selections);
  return found;
}
