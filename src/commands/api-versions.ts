// `api-versions`. Upstream: kubectl/pkg/cmd/apiresources/apiversions.go.
import { apiVersionOf } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import type { Mapping } from '../cli/builder/mapper.ts';
import { connectionCause } from '../cli/connection-message.ts';
import { CliError } from '../cli/errors.ts';

export default class ApiVersions extends Command {
  static override summary = 'Print the supported API versions on the server, in the form of "group/version"';
  static examples = `# Print the supported API versions
{program} api-versions`;
  static override usage = '';

  async run(): Promise<void> {
    const { args } = this.parse(ApiVersions);
    if (args.length > 0) this.usageError(`unexpected arguments: [${args.join(' ')}]`);
    const { resources } = await this.discovered();
    const versions = [...new Set(resources.map(apiVersionOf))].sort();
    this.out(`${versions.join('\n')}\n`);
  }

  private async discovered(): Promise<{ resources: Mapping[] }> {
    const cluster = await this.cluster();
    try {
      return await (await cluster.mapper()).fresh();
    } catch (error) {
      const cause = connectionCause(error, cluster.server);
      if (cause === undefined) throw error;
      const failure = `Get "${cluster.url}/api?timeout=32s": ${cause}`;
      throw new CliError(`couldn't get available api versions from server: ${failure}`);
    }
  }
}
