// `config get-users`. Upstream: kubectl/pkg/cmd/config/get_users.go.
import { ConfigCommand } from './_config.ts';

export default class GetUsers extends ConfigCommand {
  static override summary = 'Display users defined in the kubeconfig';
  static examples = `# List the users that {program} knows about
{program} config get-users`;
  static override usage = '';

  async run(): Promise<void> {
    const names = [...this.load().users.keys()].sort();
    this.out(['NAME', ...names].map((n) => `${n}\n`).join(''));
  }
}
