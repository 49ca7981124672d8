// `create deployment`. Upstream: kubectl/pkg/cmd/create/create_deployment.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';

const Deployments = type('apps', 'v1', 'deployments', 'Deployment');

export default class CreateDeployment extends Generator {
  static override summary = 'Create a deployment with the specified name';
  static aliases = ['deploy'];
  static examples = `# Create a deployment named my-dep that runs the busybox image
{program} create deployment my-dep --image=busybox

# Create a deployment with a command
{program} create deployment my-dep --image=busybox -- date

# Create a deployment named my-dep that runs the nginx image with 3 replicas
{program} create deployment my-dep --image=nginx --replicas=3

# Create a deployment named my-dep that runs the busybox image and expose port 5701
{program} create deployment my-dep --image=busybox --port=5701

# Create a deployment named my-dep that runs multiple containers
{program} create deployment my-dep --image=busybox:latest --image=ubuntu:latest --image=nginx`;
  static override usage = 'NAME --image=image -- [COMMAND] [args...]';
  static override flags = {
    ...generatorFlags,
    image: flag.slice('Image names to run. A deployment can have multiple images set for multi-container pod.'),
    port: flag.int32('The containerPort that this deployment exposes.', { default: -1 }),
    replicas: flag.int32('Number of replicas to create. Default is 1.', { short: 'r', default: 1 }),
  };
  protected override failure = 'failed to create deployment: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateDeployment);
    this.requireFlags('image');
    const name = this.oneName();
    const { command } = this;
    if (flags.image.length > 1 && command.length > 0) {
      throw new CliError('cannot specify multiple --image options and command');
    }
    const labels = { app: name };
    const containers = flags.image.map((image, i) => ({
      name: containerName(image),
      image,
      ...(command.length > 0 ? { command } : {}),
      ...(flags.port >= 0 && i === 0 ? { ports: [{ containerPort: flags.port }] } : {}),
      resources: {},
    }));
    const template = { metadata: { creationTimestamp: null, labels }, spec: { containers } };
    const spec = { replicas: flags.replicas, selector: { matchLabels: labels }, template, strategy: {} };
    const metadata = this.metadata(name, { labels });
    await this.create(Deployments, typed(Deployments, { metadata, spec, status: {} }), flags);
  }
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

const randomSuffix = (): string =>
  Array.from({ length: 5 }, () => SUFFIX_LETTERS[Math.floor(Math.random() * SUFFIX_LETTERS.length)]).join('');

/** The image's last path segment without tag and digest; one that must be changed may be another's, and gets a suffix. */
function containerName(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  const name = last.split(':')[0]!.split('@')[0]!;
  return /[_.]/.test(name) ? `${name.replaceAll(/[_.]/g, '-')}-${randomSuffix()}` : name;
}
