// Go templates as `-o go-template` has them: over an object as Kubernetes decodes JSON, so that whole numbers are ints.
// Upstream: cli-runtime/pkg/printers/template.go.
import { execute } from './gotemplate/execute.ts';
import { isFunction } from './gotemplate/functions.ts';
import { parseTemplates } from './gotemplate/parser.ts';

export interface GoTemplateOptions {
  /** Default true: a key that is not there is `<no value>`; false: an error (`--allow-missing-template-keys`). */
  allowMissingKeys?: boolean;
  /** In error texts; kubectl's is `output`. */
  name?: string;
}

export interface GoTemplate {
  /** Throws an Error with Go's text, whose `printed` is what was printed before it. */
  execute(data: unknown): string;
}

/** Throws an Error with Go's text when the template is bad. */
export function parseGoTemplate(text: string, options: GoTemplateOptions = {}): GoTemplate {
  const name = options.name ?? 'output';
  const templates = parseTemplates(name, text, isFunction);
  const missingKeyIsError = options.allowMissingKeys === false;
  return { execute: (data) => execute({ templates, input: text, name, missingKeyIsError }, data) };
}
