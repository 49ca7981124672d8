// `gitops resume`.
import { Command } from '../../cli/base.ts';
import { gitopsKinds, gitopsNamespace, parseTarget, readObject, reconcile, timeoutFlag } from '../../cli/gitops.ts';

export default class GitOpsResume extends Command {
  static override summary = 'Follow or apply again what was suspended';
  static examples = `# Resume the Kustomization apps
{program} gitops resume apps

# Resume a repository
{program} gitops resume gitrepository apps`;
  static override usage = '[KIND] NAME';
  static override flags = { ...timeoutFlag };
  async run(): Promise<void> {
    const { flags, args } = this.parse(GitOpsResume);
    const { kind, name } = parseTarget(args);
    const cluster = await this.cluster();
    await readObject(cluster, kind, name);
    const key = { namespace: gitopsNamespace(cluster), name };
    await cluster.client.patch(gitopsKinds[kind], key, 'merge', { spec: { suspend: false } });
    this.out(`${kind}/${name} resumed\n`);
    await reconcile(cluster, kind, name, flags.timeout, this.context.signal);
    this.out(`${kind}/${name} reconciled\n`);
  }
}
