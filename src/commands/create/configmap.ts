// `create configmap`. Upstream: kubectl/pkg/cmd/create/create_configmap.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { isUtf8, keyErrors, nameHash, readData } from './_data.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const ConfigMaps = type('', 'v1', 'configmaps', 'ConfigMap');

export default class CreateConfigMap extends Generator {
  static override summary = 'Create a config map from a local file, directory or literal value';
  static description = `A single config map may package one or more key/value pairs.

When creating a config map based on a file, the key will default to the basename of the file, and the value will default to the file content.  If the basename is an invalid key, you may specify an alternate key.

When creating a config map based on a directory, each file whose basename is a valid key in the directory will be packaged into the config map.  Any directory entries except regular files are ignored (e.g. subdirectories, symlinks, devices, pipes, etc).`;
  static aliases = ['cm'];
  static examples = `# Create a new config map named my-config based on folder bar
{program} create configmap my-config --from-file=path/to/bar

# Create a new config map named my-config with specified keys instead of file basenames on disk
{program} create configmap my-config --from-file=key1=/path/to/bar/file1.txt --from-file=key2=/path/to/bar/file2.txt

# Create a new config map named my-config with key1=config1 and key2=config2
{program} create configmap my-config --from-literal=key1=config1 --from-literal=key2=config2

# Create a new config map named my-config from an env file
{program} create configmap my-config --from-env-file=path/to/foo.env --from-env-file=path/to/bar.env

# Take every file of a folder, or one file with its pairs as text
{program} create configmap my-config --from-file=path/to/bar`;
  static override usage = 'NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]';
  static override flags = {
    'append-hash': flag.bool('Append a hash of the configmap to its name.'),
    'from-env-file': flag.slice('Specify the path to a file to read lines of key=val pairs to create a configmap.'),
    'from-file': flag.slice(
      'Key file can be specified using its file path, in which case file basename will be used as configmap key, or optionally with a key and file path, in which case the given key will be used.  Specifying a directory will iterate each named file in the directory whose basename is a valid configmap key.',
    ),
    'from-literal': flag.array('Specify a key and literal value to insert in configmap (i.e. mykey=somevalue)'),
    ...generatorFlags,
  };
  protected override failure = 'failed to create configmap: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateConfigMap);
    let name = this.oneName();
    if (flags['from-env-file'].length > 0 && (flags['from-file'].length > 0 || flags['from-literal'].length > 0)) {
      throw new CliError('from-env-file cannot be combined with from-file or from-literal');
    }
    const data: Record<string, string> = {};
    const binaryData: Record<string, string> = {};
    readData(
      flags,
      (key, value) => {
        const problems = keyErrors(key);
        if (problems.length > 0) {
          throw new CliError(`${JSON.stringify(key)} is not a valid key name for a ConfigMap: ${problems.join(',')}`);
        }
        for (const [field, map] of Object.entries({ Data: data, BinaryData: binaryData })) {
          if (!(key in map)) continue;
          throw new CliError(
            `cannot add key ${JSON.stringify(key)}, another key by that name already exists in ${field} for ConfigMap ${JSON.stringify(name)}`,
          );
        }
        if (isUtf8(value)) data[key] = value.toString('utf8');
        else binaryData[key] = value.toString('base64');
      },
      this.io.cwd,
      'config',
    );
    const content = {
      ...(Object.keys(data).length > 0 ? { data: sorted(data) } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData: sorted(binaryData) } : {}),
    };
    if (flags['append-hash']) {
      const hashed = { ...(content.binaryData ? { binaryData: content.binaryData } : {}), data: content.data ?? '' };
      name = `${name}-${nameHash({ ...hashed, kind: 'ConfigMap', name })}`;
    }
    await this.create(ConfigMaps, typed(ConfigMaps, { metadata: this.metadata(name), ...content }), flags);
  }
}

const sorted = (map: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
