// `gitops get`: what is followed, and what was applied at which commit.
import { isNotFound } from '../../api/status.ts';
import { Command } from '../../cli/base.ts';
import { CliError } from '../../cli/errors.ts';
import { type GitOpsKind, type GitOpsObject, gitopsKind, gitopsKinds, readyOf } from '../../cli/gitops.ts';
import { allNamespacesFlag } from '../../cli/flags.ts';
import { tabulate } from '../../cli/print/tabwriter.ts';

export default class GitOpsGet extends Command {
  static override summary = 'Show repositories and kustomizations: what was applied at which commit';
  static examples = `# Show everything that the GitOps loop follows
{program} gitops get

# Show Kustomizations of one namespace
{program} gitops get kustomizations -n sampan-system`;
  static override usage = '[KIND] [NAME] [flags]';
  static override flags = { ...allNamespacesFlag };

  async run(): Promise<void> {
    const { args } = this.parse(GitOpsGet);
    const kinds: GitOpsKind[] = args[0] ? [gitopsKind(args[0])] : ['gitrepository', 'kustomization'];
    if (args.length > 2) throw new CliError('give at most a kind and a name');
    const cluster = await this.cluster();
    const rows: string[][] = [];
    for (const kind of kinds) {
      const list = await cluster.client
        .list(gitopsKinds[kind], cluster.explicitNamespace ? { namespace: cluster.namespace } : {})
        .catch((error: unknown) => {
          // A cluster without the GitOps loop has no such kinds.
          if (isNotFound(error)) return { items: [] };
          throw error;
        });
      for (const item of list.items as GitOpsObject[]) {
        if (args[1] === undefined || item.metadata.name === args[1]) rows.push(row(kind, item));
      }
    }
    if (args[1] !== undefined && rows.length === 0) {
      const where = cluster.explicitNamespace ? ` in namespace "${cluster.namespace}"` : '';
      throw new CliError(`${kinds[0]} "${args[1]}" not found${where}`);
    }
    if (rows.length === 0) {
      this.err('No repositories and no kustomizations found.\n');
      return;
    }
    const head = ['NAMESPACE', 'NAME', 'READY', 'SUSPENDED', 'REVISION', 'OBJECTS', 'MESSAGE'];
    this.out(tabulate([head, ...rows].map((cells) => `${cells.join('\t')}\n`).join('')));
  }
}

function row(kind: GitOpsKind, { metadata, spec, status }: GitOpsObject): string[] {
  const revision = status?.lastAppliedRevision ?? status?.artifact?.revision ?? '';
  const ready = readyOf({ metadata, spec, status } as GitOpsObject);
  return [
    metadata.namespace ?? '',
    `${kind}/${metadata.name ?? ''}`,
    ready?.status ?? 'Unknown',
    spec.suspend ? 'True' : 'False',
    revision.replace(/(sha1:.{8}).*/, '$1'),
    kind === 'kustomization' ? String(status?.inventory?.entries.length ?? 0) : '-',
    ready?.message.replaceAll(/(sha1:.{8})[0-9a-f]*/g, '$1') ?? 'waiting for the GitOps loop',
  ];
}
