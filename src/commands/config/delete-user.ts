// `config delete-user`. Upstream: kubectl/pkg/cmd/config/delete_user.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';

export default class DeleteUser extends ConfigCommand {
  static override summary = 'Delete the specified user from the kubeconfig';
  static examples = `# Delete the minikube user
{program} config delete-user minikube`;
  static override usage = 'NAME';

  async run(): Promise<void> {
    const { args } = this.parse(DeleteUser);
    const name = await this.oneArgument(args);
    const file = this.fileName;
    this.modify((config) => {
      if (!config.users.delete(name)) throw new CliError(`cannot delete user ${name}, not in ${file}`);
    });
    this.out(`deleted user ${name} from ${file}\n`);
  }
}
