// `create serviceaccount`. Upstream: kubectl/pkg/cmd/create/create_serviceaccount.go.
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const ServiceAccounts = type('', 'v1', 'serviceaccounts', 'ServiceAccount');

export default class CreateServiceAccount extends Generator {
  static override summary = 'Create a service account with the specified name';
  static aliases = ['sa'];
  static examples = `# Create a new service account named my-service-account
{program} create serviceaccount my-service-account`;
  static override usage = 'NAME [--dry-run=server|client|none]';
  static override flags = generatorFlags;
  protected override failure = 'failed to create serviceaccount: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateServiceAccount);
    await this.create(ServiceAccounts, typed(ServiceAccounts, { metadata: this.metadata(this.oneName()) }), flags);
  }
}
