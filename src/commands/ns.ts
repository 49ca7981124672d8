// `ns`: the namespaces of the cluster, and which one the current context works in. kubectl has `config set-context
// --current --namespace`; this one looks whether the namespace is there, and goes back.
import { isNotFound, isReason } from '../api/status.ts';
import type { Unstructured } from '../api/types.ts';
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { keepPrevious, readPrevious } from '../cli/previous.ts';
import { checkDataOutput, dataOutputFlag, formatData } from '../cli/print/data.ts';
import { paintFor } from '../cli/print/style.ts';
import { nearest } from '../cli/suggest.ts';
import { ConfigCommand } from './config/_config.ts';

export default class Ns extends ConfigCommand {
  static override summary = 'Show the namespaces, or work in another one from now on';
  static description =
    'Without an argument all namespaces are listed, the one in use marked. A dash goes back. The namespace is written to the current context of the kubeconfig.';
  static examples = `# List the namespaces
{program} ns

# Work in another one
{program} ns kube-system

# Go back to the one before
{program} ns -

# Only the name of the one in use
{program} ns --current`;
  static override usage = '[NAME | -]';
  static override flags = {
    current: flag.bool('Print the name of the namespace in use only.', { short: 'c' }),
    force: flag.bool('Switch without asking the server whether the namespace is there.'),
    ...dataOutputFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Ns);
    if (args.length > 1) this.usageError(`Unexpected args: [${args.slice(1).join(' ')}]`);
    await checkDataOutput(flags.output);
    if (args.length === 1) return this.use(args[0]!, flags.force);
    const current = this.inUse().namespace;
    if (flags.current) return this.out(`${current}\n`);
    const names = await this.names();
    const data = await formatData(flags.output, { current, namespaces: names });
    if (data !== undefined) return this.out(data);
    const paint = await paintFor(this.io);
    for (const name of names) this.out(name === current ? `${paint.good(`* ${name}`)}\n` : `  ${name}\n`);
  }

  private inUse(): { context: string; namespace: string } {
    const config = this.load();
    const context = this.context.globals.context || config.currentContext;
    return { context, namespace: config.contexts.get(context)?.namespace || 'default' };
  }

  private async names(): Promise<string[]> {
    const cluster = await this.cluster();
    const list = await cluster.json<{ items?: Unstructured[] }>('GET', '/api/v1/namespaces', {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' },
    });
    return (list.items ?? []).map((i) => i.metadata.name ?? '').sort();
  }

  private async use(asked: string, force: boolean): Promise<void> {
    const { context, namespace } = this.inUse();
    const cacheDir = this.context.globals['cache-dir'];
    if (context === '') throw new CliError('current-context is not set');
    const name = asked === '-' ? (readPrevious(cacheDir, this.io).namespaces?.[context] ?? '') : asked;
    if (name === '') throw new CliError('there is no namespace to go back to');
    if (!force) await this.check(name);
    if (name !== namespace) {
      this.modify((config) => {
        const stanza = config.contexts.get(context);
        if (!stanza) throw new CliError(`no context exists with the name: ${JSON.stringify(context)}`);
        stanza.namespace = name;
      });
      keepPrevious(cacheDir, this.io, (previous) => {
        previous.namespaces = { ...previous.namespaces, [context]: namespace };
      });
    }
    this.out(`Context ${JSON.stringify(context)} works in namespace ${JSON.stringify(name)}.\n`);
  }

  /** Who may not read namespaces may still work in one. */
  private async check(name: string): Promise<void> {
    const cluster = await this.cluster();
    try {
      await cluster.json('GET', `/api/v1/namespaces/${encodeURIComponent(name)}`);
    } catch (error) {
      if (isReason(error, 'Forbidden')) return;
      if (!isNotFound(error)) throw error;
      const near = nearest(name, await this.names().catch(() => []));
      const hint = near ? ` Did you mean ${JSON.stringify(near)}?` : '';
      throw new CliError(`namespace ${JSON.stringify(name)} is not there.${hint} --force switches in any case`);
    }
  }
}
