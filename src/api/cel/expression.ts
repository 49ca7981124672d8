// The tree of a CEL expression, and what is said when a text is none. Macros are already expanded: what they become
// are comprehensions, as in cel-go, since costs are counted on those.
// Upstream: cel-go common/ast/expr.go, common/error.go.

export type Literal = null | boolean | bigint | number | string | Uint8Array | Uint;

/** An unsigned integer. Signed ones are bigint, doubles are number. */
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

interface Node {
  id: number;
  /** Where it is in the text, in code points. */
  at: number;
}

export type Expr = Node &
  (
    | { kind: 'literal'; value: Literal }
    | { kind: 'ident'; name: string }
    | { kind: 'select'; operand: Expr; field: string; testOnly?: boolean }
    | { kind: 'call'; name: string; target?: Expr; args: Expr[] }
    | { kind: 'list'; elements: Expr[]; optionals: ReadonlySet<number> }
    | { kind: 'map'; entries: { key: Expr; value: Expr; optional: boolean }[] }
    | Comprehension
  );

export interface Comprehension {
  kind: 'comprehension';
  iterVar: string;
  /** The second variable of the two-variable macros: then the first is the index or key. */
  iterVar2?: string;
  range: Expr;
  accuVar: string;
  init: Expr;
  condition: Expr;
  step: Expr;
  result: Expr;
}

/** One thing that is wrong with an expression. */
export interface Issue {
  at: number;
  message: string;
}

/** Upstream's Issues.String(): each problem with its place shown under the line. */
export class CompileError extends Error {
  readonly issues: readonly Issue[];
  constructor(text: string, issues: readonly Issue[]) {
    const sorted = [...issues].sort((a, b) => a.at - b.at);
    super(sorted.map((issue) => display(text, issue)).join('\n'));
    this.issues = sorted;
  }
}

const SNIPPET_LIMIT = 16_384;

function display(text: string, { at, message }: Issue): string {
  const points = [...text];
  const before = points.slice(0, at);
  const line = before.filter((c) => c === '\n').length;
  const column = at - (before.lastIndexOf('\n') + 1);
  const head = `ERROR: <input>:${line + 1}:${column + 1}: ${message}`;
  const snippet = text.split('\n')[line]!.replaceAll('\t', ' ');
  if (snippet.length > SNIPPET_LIMIT) return head;
  const shown = [...snippet];
  const wide = (c: string | undefined): boolean => c !== undefined && c.codePointAt(0)! > 0x7f;
  const dots = shown
    .slice(0, column)
    .map((c) => (wide(c) ? '\uff0e' : '.'))
    .join('');
  return `${head}\n | ${snippet}\n | ${dots}${wide(shown[column]) ? '\uff3e' : '^'}`;
}
