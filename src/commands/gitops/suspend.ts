// `gitops suspend`.
import { Command } from '../../cli/base.ts';
import { gitopsKinds, gitopsNamespace, parseTarget, readObject } from '../../cli/gitops.ts';

export default class GitOpsSuspend extends Command {
  static override summary = 'Stop following a repository or applying a kustomization';
  static examples = `# Suspend the Kustomization apps
{program} gitops suspend apps

# Suspend a repository
{program} gitops suspend gitrepository apps`;
  static override usage = '[KIND] NAME';

  async run(): Promise<void> {
    const { args } = this.parse(GitOpsSuspend);
    const { kind, name } = parseTarget(args);
    const cluster = await this.cluster();
    await readObject(cluster, kind, name);
    const key = { namespace: gitopsNamespace(cluster), name };
    await cluster.client.patch(gitopsKinds[kind], key, 'merge', { spec: { suspend: true } });
    this.out(`${kind}/${name} suspended\n`);
  }
}
