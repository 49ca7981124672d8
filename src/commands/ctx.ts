// `ctx`: the contexts of the kubeconfig, and switching between them. kubectl has `config get-contexts` and
// `config use-context`; this one also goes back.
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { keepPrevious, readPrevious } from '../cli/previous.ts';
import { checkDataOutput, dataOutputFlag, formatData } from '../cli/print/data.ts';
import { paintFor } from '../cli/print/style.ts';
import { nearest } from '../cli/suggest.ts';
import { ConfigCommand } from './config/_config.ts';

export default class Ctx extends ConfigCommand {
  static override summary = 'Show the contexts, or use another one from now on';
  static description = 'Without an argument all contexts are listed, the current one marked. A dash goes back.';
  static examples = `# List the contexts
{program} ctx

# Use another one
{program} ctx staging

# Go back to the one before
{program} ctx -

# Only the name of the current one
{program} ctx --current`;
  static override usage = '[NAME | -]';
  static override flags = {
    current: flag.bool('Print the name of the current context only.', { short: 'c' }),
    ...dataOutputFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Ctx);
    if (args.length > 1) this.usageError(`Unexpected args: [${args.slice(1).join(' ')}]`);
    await checkDataOutput(flags.output);
    if (args.length === 1) return this.use(args[0]!);
    const { contexts, currentContext } = this.load();
    if (flags.current) {
      if (currentContext === '') throw new CliError('current-context is not set');
      return this.out(`${currentContext}\n`);
    }
    const list = [...contexts].sort(([a], [b]) => (a < b ? -1 : 1));
    const data = await formatData(flags.output, {
      current: currentContext,
      contexts: list.map(([name, c]) => ({
        name,
        cluster: c.cluster,
        user: c.user,
        namespace: c.namespace ?? 'default',
      })),
    });
    if (data !== undefined) return this.out(data);
    const paint = await paintFor(this.io);
    for (const [name] of list) this.out(name === currentContext ? `${paint.good(`* ${name}`)}\n` : `  ${name}\n`);
  }

  private use(asked: string): void {
    const { contexts, currentContext } = this.load();
    const cacheDir = this.context.globals['cache-dir'];
    const name = asked === '-' ? (readPrevious(cacheDir, this.io).context ?? '') : asked;
    if (name === '') throw new CliError('there is no context to go back to');
    if (!contexts.has(name)) {
      const near = nearest(name, [...contexts.keys()]);
      throw new CliError(
        `no context exists with the name: ${JSON.stringify(name)}${near ? `. Did you mean ${JSON.stringify(near)}?` : ''}`,
      );
    }
    if (name !== currentContext) {
      this.modify((config) => {
        config.currentContext = name;
      });
      if (currentContext !== '') keepPrevious(cacheDir, this.io, (previous) => (previous.context = currentContext));
    }
    this.out(`Switched to context ${JSON.stringify(name)}.\n`);
  }
}
