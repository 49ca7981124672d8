// `gitops reconcile`: now, not at the next interval; waits for the end and says at which commit the cluster is.
import { Command } from '../../cli/base.ts';
import { CliError } from '../../cli/errors.ts';
import { parseTarget, readObject, reconcile, timeoutFlag } from '../../cli/gitops.ts';
import { flag } from '../../cli/pflag.ts';

export default class GitOpsReconcile extends Command {
  static override summary = 'Fetch and apply now';
  static examples = `# Fetch the source of the Kustomization apps, then apply it
{program} gitops reconcile apps --with-source

# Fetch a repository
{program} gitops reconcile gitrepository apps`;
  static override usage = '[KIND] NAME [flags]';
  static override flags = {
    'with-source': flag.bool('Fetch the source of a Kustomization first.'),
    ...timeoutFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(GitOpsReconcile);
    const { kind, name } = parseTarget(args);
    const cluster = await this.cluster();
    const { spec } = await readObject(cluster, kind, name);
    if (spec.suspend) throw new CliError(`${kind} ${name} is suspended: resume it first`);
    const { signal } = this.context;
    if (flags['with-source'] && spec.sourceRef?.kind === 'GitRepository') {
      await reconcile(cluster, 'gitrepository', spec.sourceRef.name, flags.timeout, signal);
    }
    const { status } = await reconcile(cluster, kind, name, flags.timeout, signal);
    const revision = status?.lastAppliedRevision ?? status?.artifact?.revision ?? '';
    this.out(`${kind}/${name} ${kind === 'kustomization' ? 'applied' : 'fetched'} ${revision}\n`);
  }
}
