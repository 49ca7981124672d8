// kubectl's jsonpath for printing: the engine is api/jsonpath.ts.
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import type { Printer, PrintOptions } from './object.ts';

/** Finds the values of `{.a.b}` in an object: a list of results for each brace. */
export function compilePath(path: string, allowMissing: boolean): (object: Unstructured) => unknown[][] {
  void allowMissing;
  throw new CliError(`error parsing jsonpath ${path}`);
}
export const formatValue = (value: unknown): string => String(value);
export function jsonpathPrinter(template: string, options: PrintOptions & { asJson: boolean }): Printer {
  void options;
  throw new CliError(`error parsing jsonpath ${template}`);
}
