// `config set`. Upstream: kubectl/pkg/cmd/config/set.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { ConfigCommand } from './_config.ts';
import { changeProperty } from './_property.ts';

export default class ConfigSet extends ConfigCommand {
  static override summary = 'Set an individual value in a kubeconfig file';
  static description = `PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.

PROPERTY_VALUE is the new value you want to set. Binary fields such as 'certificate-authority-data' expect a base64 encoded string unless the --set-raw-bytes flag is used.

Specifying an attribute name that already exists will merge new fields on top of existing values.`;
  static examples = `# Set the server field on the my-cluster cluster to https://1.2.3.4
{program} config set clusters.my-cluster.server https://1.2.3.4

# Set the certificate-authority-data field on the my-cluster cluster
{program} config set clusters.my-cluster.certificate-authority-data $(echo "cert_data_here" | base64 -i -)

# Set the cluster field in the my-context context to my-cluster
{program} config set contexts.my-context.cluster my-cluster

# Set the client-key-data field in the cluster-admin user using --set-raw-bytes option
{program} config set users.cluster-admin.client-key-data cert_data_here --set-raw-bytes=true`;
  static override usage = 'PROPERTY_NAME PROPERTY_VALUE';
  static override flags = {
    'set-raw-bytes': flag.bool(
      'When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.',
      { noOpt: 'true' },
    ),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(ConfigSet);
    if (args.length !== 2) await this.unexpected(args);
    const [property, value] = args as [string, string];
    if (value === '') throw new CliError('you cannot use set to unset a property');
    if (property === '') throw new CliError('you must specify a property');
    this.modify((config) => changeProperty(config, property, { value, rawBytes: flags['set-raw-bytes'] }));
    this.out(`Property ${JSON.stringify(property)} set.\n`);
  }
}
