/** Source texts as syntax trees, by the parser that compiles the tests: a comment or a string that looks like code is none. */
import { type Options, parseSync } from '@swc/core';

export interface Node {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a tree of every shape
  readonly [key: string]: any;
}
const SYNTAX = { syntax: 'typescript', decorators: true, target: 'es2022' } as Options & { syntax: 'typescript' };
const parsed = new Map<string, Node>();

export function treeOf(text: string): Node {
  let tree = parsed.get(text);
  if (!tree) parsed.set(text, (tree = parseSync(text, SYNTAX) as unknown as Node));
  return tree;
}

/** Every node of a tree, parents first; `enter` may say false to keep out of a subtree. */
export function visit(node: unknown, enter: (node: Node) => unknown): void {
  if (Array.isArray(node)) for (const part of node) visit(part, enter);
  else if (typeof node === 'object' && node !== null) {
    if (typeof (node as Node).type === 'string' && enter(node as Node) === false) return;
    for (const part of Object.values(node)) if (typeof part === 'object') visit(part, enter);
  }
}

export interface Import {
  readonly from: string;
  /** The module named; null where it is an expression that nobody can follow. */
  readonly to: string | null;
  /** Erased by the compiler: nothing of the module runs. */
  readonly typeOnly: boolean;
  /** Values taken from it, by the names they have there; `*` where all of them are. */
  readonly values: readonly string[];
}

export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const note = (to: Node | undefined, typeOnly: boolean, values: string[] = typeOnly ? [] : ['*']) => {
    found.push({ from: path, to: to?.type === 'StringLiteral' ? (to.value as string) : null, typeOnly, values });
  };
  visit(treeOf(text), (node) => {
    switch (node.type) {
      case 'ImportDeclaration': {
        const named = node.specifiers as Node[];
        const values = node.typeOnly ? [] : named.filter(({ isTypeOnly }) => isTypeOnly !== true);
        note(
          node.source,
          node.typeOnly === true || (named.length > 0 && values.length === 0),
          values.map(({ type, imported, local }) => (type === 'ImportSpecifier' ? (imported ?? local).value : '*')),
        );
        break;
      }
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
        if (node.source) note(node.source, node.typeOnly === true);
        break;
      case 'TsImportType':
        note(node.argument, true);
        break;
      case 'TsExternalModuleReference':
        note(node.expression, false);
        break;
      case 'CallExpression':
        if (node.callee.type === 'Import' || (node.callee.type === 'Identifier' && node.callee.value === 'require')) note(node.arguments[0]?.expression, false);
    }
  });
  return found;
}

/** Names that a file gives: of values, types, parameters and members; not those of others that it uses. */
export function declaredIn(tree: Node): string[] {
  const names: string[] = [];
  const bind = (pattern: Node | null | undefined): void => {
    if (pattern?.type === 'Identifier') names.push(pattern.value);
    if (pattern?.type === 'AssignmentPatternProperty') names.push(pattern.key.value);
    if (pattern?.type === 'AssignmentPattern') bind(pattern.left);
    if (pattern?.type === 'KeyValuePatternProperty') bind(pattern.value);
    if (pattern?.type === 'RestElement') bind(pattern.argument);
    if (pattern?.type === 'TsParameterProperty') bind(pattern.param);
    for (const part of [...(pattern?.elements ?? []), ...(pattern?.properties ?? [])]) bind(part);
  };
  visit(tree, (node) => {
    switch (node.type) {
      case 'VariableDeclarator':
      case 'TsInterfaceDeclaration':
      case 'TsTypeAliasDeclaration':
      case 'TsEnumDeclaration':
        bind(node.id);
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ClassDeclaration':
      case 'ClassExpression':
        bind(node.identifier);
        break;
      case 'Parameter':
        bind(node.pat);
        break;
      case 'TsParameterProperty':
        bind(node.param);
        break;
      case 'ArrowFunctionExpression':
        for (const pattern of node.params) bind(pattern);
        break;
      case 'ClassMethod':
      case 'ClassProperty':
      case 'TsPropertySignature':
      case 'TsMethodSignature':
        bind(node.key);
        break;
      case 'PrivateMethod':
      case 'PrivateProperty':
        names.push(node.key.value ?? node.key.id?.value);
        break;
      case 'TsTypeParameter':
        bind(node.name);
    }
  });
  return names.filter((name) => typeof name === 'string');
}
