// `set resources`. Upstream: kubectl/pkg/cmd/set/set_resources.go.
import { canonicalQuantity, quantityError } from '../../api/quantity.ts';
import { CliError } from '../../cli/errors.ts';
import { dryRunOf } from '../../cli/flags.ts';
import { flag } from '../../cli/pflag.ts';
import { SetCommand, setFlags } from './_set.ts';

export default class SetResources extends SetCommand {
  static short = 'Update resource requests/limits on objects with pod templates';
  static override summary =
    'Specify compute resource requirements (CPU, memory) for any resource that defines a pod template. If a pod is successfully scheduled, it is guaranteed the amount of resource requested, but may burst up to its specified limits';
  static description = `Where a limit is given and a request is not, the limit is the request, too.

Everything that has a pod template can be named; "{program} api-resources" lists the types of the server.`;
  static examples = `# Set a deployments nginx container CPU limits to "200m" and memory to "512Mi"
{program} set resources deployment nginx -c=nginx --limits=cpu=200m,memory=512Mi

# Set the resource request and limits for all containers in nginx
{program} set resources deployment nginx --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi

# Remove the resource requests for resources on containers in nginx
{program} set resources deployment nginx --limits=cpu=0,memory=0 --requests=cpu=0,memory=0

# Show as YAML what a local file would become, without a server
{program} set resources -f path/to/file.yaml --limits=cpu=200m,memory=512Mi --local -o yaml`;
  static override usage = '(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]';
  static override flags = {
    ...setFlags('resources'),
    containers: flag.string(
      'The names of containers in the selected pod templates to change, all containers are selected by default - may use wildcards',
      { short: 'c', default: '*' },
    ),
    limits: flag.string(
      "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.  Note that server side components may assign requests depending on the server configuration, such as limit ranges.",
    ),
    requests: flag.string(
      "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.  Note that server side components may assign requests depending on the server configuration, such as limit ranges.",
    ),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetResources);
    this.dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const limits = quantitiesOf(flags.limits);
    const requests = quantitiesOf(flags.requests);
    const pattern = new RegExp(`^${flags.containers.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
    const words = {
      operation: 'resource requirements updated',
      failure: 'failed to patch resources update to pod template',
      validate: () => {
        if (flags.limits || flags.requests) return;
        throw new CliError('you must specify an update to requests or limits (in the form of --requests/--limits)');
      },
    };
    await this.changePodSpecs(flags, args, words, (spec, errors) => {
      const found = [...spec.containers, ...(spec.initContainers ?? [])].filter((c) => pattern.test(c.name));
      if (found.length === 0) errors.push(new CliError(`error: unable to find container named ${flags.containers}`));
      for (const container of found) {
        const resources = (container.resources ??= {});
        if (Object.keys(limits).length > 0) resources.limits = { ...resources.limits, ...limits };
        if (Object.keys(requests).length > 0) resources.requests = { ...resources.requests, ...requests };
      }
    });
  }
}

/** `cpu=100m,memory=256Mi`; a wrong quantity is found before anything is sent. Upstream: populateResourceListV1. */
export function quantitiesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(',').filter((p) => p !== '')) {
    const pieces = part.split('=');
    if (pieces.length !== 2) throw new CliError(`Invalid argument syntax ${part}, expected <resource>=<value>`);
    const wrong = quantityError(pieces[1]!);
    if (wrong !== undefined) throw new CliError(wrong);
    found[pieces[0]!] = canonicalQuantity(pieces[1]!);
  }
  return found;
}
