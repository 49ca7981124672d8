// Go templates for printing, with kubectl's words when one fails: the engine is api/gotemplate.ts.
// Upstream: cli-runtime/pkg/printers/template.go, genericclioptions/template_flags.go.
import { stringifyJson, stringifySorted } from '../../api/codec/json.ts';
import { goPrint } from '../../api/go-format.ts';
import { parseGoTemplate } from '../../api/gotemplate.ts';
import { CliError } from '../errors.ts';
import type { Printer, PrintOptions } from './object.ts';

export function templatePrinter(text: string, options: PrintOptions): Printer {
  let template: ReturnType<typeof parseGoTemplate>;
  try {
    template = parseGoTemplate(text, { allowMissingKeys: options.allowMissingKeys ?? true, name: 'output' });
  } catch (error) {
    throw new CliError(`error parsing template ${text}, ${(error as Error).message}`);
  }
  return (object) => {
    try {
      return template.execute(object);
    } catch (error) {
      const why = (error as Error).message;
      const { printed = '' } = error as { printed?: string };
      // What explains the failure is output, as upstream has it; the error itself follows on stderr.
      options.onFailure?.(
        `${printed}Error executing template: ${why}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${text}\n\traw data was:\n\t\t${options.typed ? stringifyJson(object) : stringifySorted(object)}\n\tobject given to template engine was:\n\t\t${goPrint(object)}\n\n`,
      );
      throw new CliError(`error executing template ${JSON.stringify(text)}: ${why}`);
    }
  };
}
