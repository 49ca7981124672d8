// `api-versions`. Upstream: kubectl/pkg/cmd/apiresources/apiversions.go.
import { apiVersionOf } from '../api/types.ts';
import { Command } from '../cli/base.ts';

export default class ApiVersions extends Command {
  static override summary = 'Print the supported API versions on the server, in the form of "group/version"';
  static examples = `# Print the supported API versions
{program} api-versions`;
  static override usage = '';

  async run(): Promise<void> {
    const { args } = this.parse(ApiVersions);
    if (args.length > 0) this.usageError(`unexpected arguments: [${args.join(' ')}]`);
    const { resources } = await (await (await this.cluster()).mapper()).fresh();
    const versions = [...new Set(resources.map(apiVersionOf))].sort();
    this.out(`${versions.join('\n')}\n`);
  }
}
