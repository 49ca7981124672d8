// `config rename-context`. Upstream: kubectl/pkg/cmd/config/rename_context.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class RenameContext extends ConfigCommand {
  static override summary = 'Renames a context from the kubeconfig file';
  static short = 'Rename a context from the kubeconfig file';
  static description = `CONTEXT_NAME is the context name that you want to change.

NEW_NAME is the new name you want to set.

Note: If the context being renamed is the 'current-context', this field will also be updated.`;
  static examples = `# Rename the context 'old-name' to 'new-name' in your kubeconfig file
{program} config rename-context old-name new-name`;
  static override usage = 'CONTEXT_NAME NEW_NAME';

  async run(): Promise<void> {
    const { args } = this.parse(RenameContext);
    if (args.length !== 2) await this.unexpected(args);
    const [from, to] = args as [string, string];
    if (to === '') throw new CliError('You must specify a new non-empty context name');
    const file = this.fileName;
    this.modify((config) => {
      const context = config.contexts.get(from);
      if (!context) throw new CliError(`cannot rename the context ${JSON.stringify(from)}, it's not in ${file}`);
      if (config.contexts.has(to)) {
        throw new CliError(
          `cannot rename the context ${JSON.stringify(from)}, the context ${JSON.stringify(to)} already exists in ${file}`,
        );
      }
      config.contexts.delete(from);
      config.contexts.set(to, context);
      if (config.currentContext === from) config.currentContext = to;
    });
    this.out(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.\n`);
  }
}
