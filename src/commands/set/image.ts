// `set image`. Upstream: kubectl/pkg/cmd/set/set_image.go.
import { CliError } from '../../cli/errors.ts';
import { dryRunOf } from '../../cli/flags.ts';
import { splitPairs } from '../../cli/metadata-edit.ts';
import { SetCommand, setFlags } from './_set.ts';

export default class SetImage extends SetCommand {
  static short = 'Update the image of a pod template';
  static override summary = 'Update existing container image(s) of resources';
  static description = `Possible resources include (case insensitive):

  pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs)`;
  static examples = `# Set a deployment's nginx container image to 'nginx:1.9.1', and its busybox container image to 'busybox'
{program} set image deployment/nginx busybox=busybox nginx=nginx:1.9.1

# Update all deployments' and rc's nginx container's image to 'nginx:1.9.1'
{program} set image deployments,rc nginx=nginx:1.9.1 --all

# Update image of all containers of daemonset abc to 'nginx:1.9.1'
{program} set image daemonset abc *=nginx:1.9.1

# Print result (in yaml format) of updating nginx container image from local file, without hitting the server
{program} set image -f path/to/file.yaml nginx=nginx:1.9.1 --local -o yaml`;
  static override usage =
    '(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N';
  static override flags = setFlags('image');

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetImage);
    this.dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const { resources, pairs } = splitPairs(args, 'image');
    const images = new Map<string, string>();
    for (const pair of pairs) {
      const at = pair.indexOf('=');
      if (at <= 0) throw new CliError(`invalid image format: ${pair}`);
      images.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const words = {
      operation: 'image updated',
      failure: 'failed to patch image update to pod template:',
      validate: () => checkImages(images),
    };
    await this.changePodSpecs(flags, resources, words, (spec, errors) => {
      for (const [name, image] of images) {
        const all = [...(spec.initContainers ?? []), ...spec.containers];
        const found = name === '*' ? all : all.filter((c) => c.name === name);
        if (found.length === 0)
          errors.push(new CliError(`error: unable to find container named ${JSON.stringify(name)}`));
        for (const container of found) container.image = image;
      }
    });
  }
}

function checkImages(images: ReadonlyMap<string, string>): void {
  if (images.size === 0) throw new CliError('at least one image update is required');
  if (images.size > 1 && images.has('*')) {
    throw new CliError(
      'all containers are already specified by *, but saw more than one container_name=container_image pairs',
    );
  }
}
