// From a text to something that can be run and of which is known what it may cost at most: the front door of cel/.
// Upstream: cel-go cel/env.go (Compile, EstimateCost).
import { type Checked, check } from './checker.ts';
import { type SizeOf, estimateCost } from './estimate.ts';
import { CompileError } from './expression.ts';
import { functions } from './library/index.ts';
import { literalIssues } from './literals.ts';
import { parse } from './parser.ts';
import { type Program, plan } from './program.ts';
import { DYN, type Type } from './types.ts';

export interface Compiled {
  type: Type;
  /** The variables that it reads. */
  references: ReadonlySet<string>;
  /** Its highest cost; above 2^53 not exact. */
  maxCost(sizeOf: SizeOf): number;
  program: Program;
}

/** Throws CompileError. */
export function compile(text: string, variables: ReadonlyMap<string, Type>): Compiled {
  const checked: Checked = check(text, parse(text), functions(), variables);
  const issues = literalIssues(checked);
  if (issues.length > 0) throw new CompileError(text, issues);
  return {
    type: checked.types.get(checked.root.id) ?? DYN,
    references: checked.references,
    maxCost: (sizeOf) => estimateCost(checked, sizeOf).max,
    program: plan(checked, [...variables.keys()]),
  };
}
