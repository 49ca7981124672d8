// `config unset`. Upstream: kubectl/pkg/cmd/config/unset.go.
import { CliError } from '../../cli/errors.ts';
import { ConfigCommand } from './_config.ts';
import { changeProperty } from './_property.ts';

export default class ConfigUnset extends ConfigCommand {
  static override summary = 'Unset an individual value in a kubeconfig file';
  static description =
    'PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.';
  static examples = `# Unset the current-context
{program} config unset current-context

# Unset namespace in foo context
{program} config unset contexts.foo.namespace`;
  static override usage = 'PROPERTY_NAME';

  async run(): Promise<void> {
    const { args } = this.parse(ConfigUnset);
    const property = await this.oneArgument(args);
    if (property === '') throw new CliError('you must specify a property');
    this.modify((config) => changeProperty(config, property, { unset: true }));
    this.out(`Property ${JSON.stringify(property)} unset.\n`);
  }
}
