// `tree`: an object among its owners and dependents, custom resources too, each with its state.
import { ageOf } from '../api/duration.ts';
import { healthOf, replicaProgress } from '../api/health/health.ts';
import { summarizePod } from '../api/pod-status.ts';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { objectsCalled } from '../cli/called.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, selectorFlag } from '../cli/flags.ts';
import { membersOf, ownerForest, type OwnerNode, readMembers, rootsOf } from '../cli/owners.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { checkDataOutput, dataOutputFlag, formatData } from '../cli/print/data.ts';
import { objectName } from '../cli/print/object.ts';
import { terminalColumns } from '../cli/print/style.ts';

const flags = {
  ...allNamespacesFlag,
  ...dataOutputFlag,
  'no-headers': flag.bool("Don't print headers."),
  owners: flag.bool('Begin at the owner that nobody owns, not at the object itself.', { default: true }),
  ...selectorFlag,
};

interface TreeItem {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
  uid?: string;
  ready?: string;
  status: string;
  message?: string;
  children: TreeItem[];
}

export default class Tree extends Command {
  static override summary = 'Show what owns an object and what depends on it';
  static description =
    'Owner references are followed up to the owner that nobody owns, and down to everything that would be deleted with it. Kinds that may not be listed are left out, which is said on standard error.';
  static examples = `# What a deployment is made of
{program} tree deployment web

# What all that is called web is made of
{program} tree web

# Where a pod comes from
{program} tree pod/web-5d9c7b9f6-x2x7k

# Every cron job of the namespace with its jobs and pods, as data
{program} tree cronjobs -o json`;
  static override usage = '(TYPE [NAME | -l label] | TYPE/NAME ...)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Tree);
    this.opts = opts;
    await checkDataOutput(opts.output);
    if (args.length === 0) this.usageError('an object is needed: TYPE NAME or TYPE/NAME');
    const roots = await this.roots(await this.objects(args));
    const data = await formatData(
      opts.output,
      roots.map((node) => this.item(node)),
    );
    if (data !== undefined) return this.write(data);
    if (roots.length === 0) return this.err('No resources found\n');
    await this.print(roots);
  }

  /** One word that is no type is a name: `tree web`. */
  private async objects(args: readonly string[]): Promise<Unstructured[]> {
    const { opts } = this;
    try {
      const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
        args,
        labelSelector: opts.selector,
        allNamespaces: opts['all-namespaces'],
        typeAlone: true,
        fetch: 'latest',
      }).build();
      throwCollected(built.errors);
      return built.infos.map((info) => info.object!);
    } catch (error) {
      const isName = args.length === 1 && !args[0]!.includes('/') && opts.selector === '';
      const called = isName ? await objectsCalled(await this.cluster(), args[0]!) : [];
      if (called.length === 0) throw error;
      return called;
    }
  }

  private async roots(objects: readonly Unstructured[]): Promise<OwnerNode[]> {
    const cluster = await this.cluster();
    const somewhere = objects.every((o) => o.metadata.namespace !== undefined) && !this.opts['all-namespaces'];
    const forest = await ownerForest(cluster, somewhere ? cluster.namespace : undefined);
    if (forest.hidden.length > 0) this.err(`Not listed, so not shown: ${forest.hidden.sort().join(', ')}\n`);
    const nodes = objects.map((object) => {
      const node = forest.byUid.get(object.metadata.uid ?? '');
      if (!node) throw new CliError(`${objectName(object)} is gone, or its kind may not be listed`);
      return node;
    });
    const roots = this.opts.owners ? nodes.flatMap((node) => rootsOf(node)) : nodes;
    const unique = [...new Set(roots)];
    await readMembers(cluster, membersOf(unique));
    return unique;
  }

  private item(node: OwnerNode, above: readonly OwnerNode[] = []): TreeItem {
    const { object } = node;
    const { name = '', namespace, uid } = object.metadata;
    const { ready, status, message } = stateOf(object, this.io.nowMs());
    return {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      namespace,
      uid,
      ...(ready ? { ready } : {}),
      status,
      ...(message ? { message } : {}),
      children: below(node, above).map((child) => this.item(child, [...above, node])),
    };
  }

  private async print(roots: readonly OwnerNode[]): Promise<void> {
    const columns = await terminalColumns(this.io);
    if (!this.opts['no-headers']) columns.add(['NAME', 'READY', 'STATUS', 'AGE', 'MESSAGE']);
    const visit = (node: OwnerNode, own: string, under: string, above: readonly OwnerNode[]): void => {
      const { ready, status, message } = stateOf(node.object, this.io.nowMs());
      const { namespace, creationTimestamp } = node.object.metadata;
      const where = this.opts['all-namespaces'] && namespace && above.length === 0 ? ` (${namespace})` : '';
      const age = ageOf(creationTimestamp, this.io.nowMs());
      columns.add([`${own}${objectName(node.object)}${where}`, ready, status, age, message].map((t) => t ?? ''));
      const children = below(node, above);
      for (const [i, child] of children.entries()) {
        const last = i === children.length - 1;
        visit(child, `${under}${last ? '└─' : '├─'}`, `${under}${last ? '  ' : '│ '}`, [...above, node]);
      }
    };
    for (const root of roots) visit(root, '', '', []);
    await this.write(columns.flush().replaceAll(/ +$/gm, ''));
  }
}

/** References that run in a circle end where they began. */
const below = (node: OwnerNode, above: readonly OwnerNode[]): OwnerNode[] =>
  node.children.filter((child) => child !== node && !above.includes(child));

function stateOf(object: Unstructured, nowMs: number): { ready?: string; status: string; message?: string } {
  const health = healthOf(object, nowMs);
  const message = health.status === 'Current' ? undefined : health.message;
  if (object.kind === 'Pod' && object.apiVersion === 'v1') {
    const { ready, total, reason } = summarizePod(object as never);
    return { ready: `${ready}/${total}`, status: reason, message };
  }
  return { ready: replicaProgress(object), status: health.status, message };
}
