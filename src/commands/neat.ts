// `neat`: objects as a person would have written them, from the server, a file or a pipe.
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, filenameFlags, selectorFlag } from '../cli/flags.ts';
import { neat } from '../cli/neat/neat.ts';
import { flag } from '../cli/pflag.ts';
import { objectPrinter } from '../cli/print/object.ts';

export default class Neat extends Command {
  static override summary = 'Print objects without what only the server writes';
  static description =
    'Status, managed fields, identifiers, revisions and the values that a server fills in by itself are left out, so that what remains can be read, kept and applied again. Objects of files are not looked up on the server.';
  static examples = `# A deployment as one would have written it
{program} neat deployment/web

# Everything with a label, as one file
{program} neat deployments,services -l app=web > web.yaml

# What another command prints
{program} get pod web-0 -o yaml | {program} neat -f -`;
  static override usage = '(TYPE [NAME | -l label] | TYPE/NAME ... | -f FILENAME)';
  static override flags = {
    ...allNamespacesFlag,
    ...filenameFlags('Filename, directory, or URL to files of the objects'),
    output: flag.string('Output format. One of: (json, yaml).', { short: 'o', default: 'yaml' }),
    ...selectorFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Neat);
    if (flags.output !== 'json' && flags.output !== 'yaml') {
      throw new CliError(
        `unable to match a printer suitable for the output format ${JSON.stringify(flags.output)}, allowed formats are: json,yaml`,
      );
    }
    const fromFiles = flags.filename.length > 0 || flags.kustomize !== '';
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: flags,
      labelSelector: flags.selector,
      allNamespaces: flags['all-namespaces'],
      typeAlone: true,
      local: fromFiles,
    }).build();
    const print = await objectPrinter({ output: flags.output, typed: true });
    for (const { object } of built.infos) await this.write(print(neat(object!)));
    throwCollected(built.errors);
  }
}
