// `create secret generic`. Upstream: kubectl/pkg/cmd/create/create_secret.go.
import { CliError } from '../../../cli/errors.ts';
import { flag } from '../../../cli/pflag.ts';
import { keyErrors, readData } from '../_data.ts';
import { SecretGenerator, secretFlags } from './_secret.ts';

export default class CreateSecretGeneric extends SecretGenerator {
  static override summary = 'Create a secret from a local file, directory, or literal value';
  static description = `A single secret may package one or more key/value pairs.

When creating a secret based on a file, the key will default to the basename of the file, and the value will default to the file content. If the basename is an invalid key or you wish to chose your own, you may specify an alternate key.

A folder gives a key for each of its files whose name can be a key. What is no regular file (folders, links, devices, pipes) is left out.`;
  static examples = `# Create a new secret named my-secret with keys for each file in folder bar
{program} create secret generic my-secret --from-file=path/to/bar

# Create a new secret named my-secret with key1=supersecret and key2=topsecret
{program} create secret generic my-secret --from-literal=key1=supersecret --from-literal=key2=topsecret

# Create a new secret named my-secret from env files
{program} create secret generic my-secret --from-env-file=path/to/foo.env --from-env-file=path/to/bar.env

# Keys with names of their own for files
{program} create secret generic my-secret --from-file=ssh-privatekey=path/to/id_rsa --from-file=ssh-publickey=path/to/id_rsa.pub

# A file and a literal in one secret
{program} create secret generic my-secret --from-file=ssh-privatekey=path/to/id_rsa --from-literal=passphrase=topsecret`;
  static override usage =
    'NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]';
  static override flags = {
    ...secretFlags,
    'from-env-file': flag.slice('Specify the path to a file to read lines of key=val pairs to create a secret.'),
    'from-file': flag.slice(
      'Key files can be specified using their file path, in which case a default name will be given to them, or optionally with a name and file path, in which case the given name will be used.  Specifying a directory will iterate each named file in the directory that is a valid secret key.',
    ),
    'from-literal': flag.array('Specify a key and literal value to insert in secret (i.e. mykey=somevalue)'),
    type: flag.string('The type of secret to create'),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateSecretGeneric);
    const name = this.oneName();
    if (flags['from-env-file'].length > 0 && (flags['from-file'].length > 0 || flags['from-literal'].length > 0)) {
      throw new CliError('from-env-file cannot be combined with from-file or from-literal');
    }
    const content = new Map<string, Buffer>();
    readData(
      flags,
      (key, value) => {
        const problems = keyErrors(key);
        if (problems.length > 0) {
          throw new CliError(`${JSON.stringify(key)} is not valid key name for a Secret ${problems.join(';')}`);
        }
        if (content.has(key)) throw new CliError(`cannot add key ${key}, another key by that name already exists`);
        content.set(key, value);
      },
      this.io.cwd,
      'secret',
    );
    await this.createSecret(name, flags.type, content, flags);
  }
}
