// `config get-clusters`. Upstream: kubectl/pkg/cmd/config/get_clusters.go.
import { ConfigCommand } from './_config.ts';

export default class GetClusters extends ConfigCommand {
  static override summary = 'Display clusters defined in the kubeconfig';
  static examples = `# List the clusters that {program} knows about
{program} config get-clusters`;
  static override usage = '';

  async run(): Promise<void> {
    const names = [...this.load().clusters.keys()].sort();
    this.out(['NAME', ...names].map((n) => `${n}\n`).join(''));
  }
}
