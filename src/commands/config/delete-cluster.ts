// `config delete-cluster`. Upstream: kubectl/pkg/cmd/config/delete_cluster.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class DeleteCluster extends ConfigCommand {
  static override summary = 'Delete the specified cluster from the kubeconfig';
  static examples = `# Delete the minikube cluster
{program} config delete-cluster minikube`;
  static override usage = 'NAME';

  async run(): Promise<void> {
    const { args } = this.parse(DeleteCluster);
    const name = await this.oneArgument(args);
    const file = this.fileName;
    this.modify((config) => {
      if (!config.clusters.delete(name)) throw new CliError(`cannot delete cluster ${name}, not in ${file}`);
    });
    this.out(`deleted cluster ${name} from ${file}\n`);
  }
}
