// kubectl's jsonpath for printing, with its words when a template fails: the engine is api/jsonpath.ts.
// Upstream: cli-runtime/pkg/printers/jsonpath.go.
import { goPrint, goSyntax } from '../../api/go-format.ts';
import { parseJsonPath } from '../../api/jsonpath.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import type { Printer, PrintOptions } from './object.ts';

/** Finds the values of `{.a.b}` in an object: a list of results for each brace. */
export function compilePath(path: string, allowMissing: boolean): (object: Unstructured) => unknown[][] {
  const compiled = parse(path, { allowMissingKeys: allowMissing });
  return (object) => compiled.find(object);
}

/** A value as Go's %v prints it. */
export const formatValue = (value: unknown): string => goPrint(value);

export function jsonpathPrinter(template: string, options: PrintOptions & { asJson: boolean }): Printer {
  const compiled = parse(template, { allowMissingKeys: options.allowMissingKeys ?? true, outputJson: options.asJson });
  return (object) => {
    try {
      return compiled.execute(object);
    } catch (error) {
      const why = (error as Error).message;
      const details = `\ttemplate was:\n\t\t${template}\n\tobject given to jsonpath engine was:\n\t\t${goSyntax(object)}\n\n`;
      const head = `Error executing template: ${why}. Printing more information for debugging the template:`;
      throw new CliError(`error executing jsonpath ${JSON.stringify(template)}: ${head}\n${details}\n`);
    }
  };
}

function parse(template: string, options: Parameters<typeof parseJsonPath>[1]): ReturnType<typeof parseJsonPath> {
  try {
    return parseJsonPath(template, options);
  } catch (error) {
    throw new CliError(`error parsing jsonpath ${template}, ${(error as Error).message}`);
  }
}
