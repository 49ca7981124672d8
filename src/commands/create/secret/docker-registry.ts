// `create secret docker-registry`. Upstream: kubectl/pkg/cmd/create/create_secret_docker.go.
import { CliError } from '../../../cli/errors.ts';
import { flag } from '../../../cli/pflag.ts';
import { readData } from '../_data.ts';
import { SecretGenerator, secretFlags } from './_secret.ts';

const KEY = '.dockerconfigjson';

export default class CreateSecretDockerRegistry extends SecretGenerator {
  static short = 'Create a secret for use with a Docker registry';
  static override summary = 'Create a new secret for use with Docker registries';
  static description = `Dockercfg secrets are used to authenticate against Docker registries. When creating applications, you may have a Docker registry that requires authentication; the nodes pull images with the credentials of this secret.

'docker login DOCKER_REGISTRY_SERVER --username=DOCKER_USER --password=DOCKER_PASSWORD --email=DOCKER_EMAIL' writes such a file (~/.dockercfg) for your own pushes and pulls; the email address is optional. Nodes need a secret of the same contents, which is attached to the service account of the pods.`;
  static examples = `# If you do not already have a .dockercfg file, create a dockercfg secret directly
{program} create secret docker-registry my-secret --docker-server=DOCKER_REGISTRY_SERVER --docker-username=DOCKER_USER --docker-password=DOCKER_PASSWORD --docker-email=DOCKER_EMAIL

# Create a new secret named my-secret from ~/.docker/config.json
{program} create secret docker-registry my-secret --from-file=path/to/.docker/config.json`;
  static override usage =
    'NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]';
  static override flags = {
    ...secretFlags,
    'docker-email': flag.string('Email for Docker registry'),
    'docker-password': flag.string('Password for Docker registry authentication'),
    'docker-server': flag.string('Server location for Docker registry', { default: 'https://index.docker.io/v1/' }),
    'docker-username': flag.string('Username for Docker registry authentication'),
    'from-file': flag.slice(
      'Key files can be specified using their file path, in which case a default name of .dockerconfigjson will be given to them, or optionally with a name and file path, in which case the given name will be used. Specifying a directory will iterate each named file in the directory that is a valid secret key. For this command, the key should always be .dockerconfigjson.',
    ),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateSecretDockerRegistry);
    const name = this.oneName();
    const { 'docker-username': username, 'docker-password': password, 'docker-email': email } = flags;
    const server = flags['docker-server'];
    const content = new Map<string, Buffer>();
    if (flags['from-file'].length > 0) {
      const sources = {
        'from-file': flags['from-file'].map((f) => (f.includes('=') ? f : `${KEY}=${f}`)),
        'from-literal': [],
        'from-env-file': [],
      };
      readData(sources, (key, value) => void content.set(key, value), this.io.cwd, 'secret');
    } else {
      if (!username || !password || !server) {
        throw new CliError(
          'either --from-file or the combination of --docker-username, --docker-password and --docker-server is required',
        );
      }
      const auth = Buffer.from(`${username}:${password}`).toString('base64');
      const entry = { username, password, ...(email ? { email } : {}), auth };
      content.set(KEY, Buffer.from(JSON.stringify({ auths: { [server]: entry } })));
    }
    await this.createSecret(name, 'kubernetes.io/dockerconfigjson', content, flags);
  }
}
