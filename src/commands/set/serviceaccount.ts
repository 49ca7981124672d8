// `set serviceaccount`. Upstream: kubectl/pkg/cmd/set/set_serviceaccount.go.
import { CliError } from '../../cli/errors.ts';
import { dryRunOf } from '../../cli/flags.ts';
import { SetCommand, setFlags } from './_set.ts';

const { selector: _, ...withoutSelector } = setFlags('serviceaccount');
void _;

export default class SetServiceAccount extends SetCommand {
  static short = 'Update the service account of a resource';
  static override summary = 'Update the service account of pod template resources';
  static aliases = ['sa'];
  static description = `Possible resources are (in any case): replicationcontroller (rc), deployment (deploy), daemonset (ds), job, replicaset (rs), statefulset`;
  static examples = `# Set deployment nginx-deployment's service account to serviceaccount1
{program} set serviceaccount deployment nginx-deployment serviceaccount1

# Show as YAML what a local file would become, without a server
{program} set sa -f nginx-deployment.yaml serviceaccount1 --local --dry-run=client -o yaml`;
  static override usage = '(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT';
  static override flags = withoutSelector;

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetServiceAccount);
    this.dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const name = args.at(-1);
    if (name === undefined) throw new CliError('serviceaccount is required');
    const words = {
      operation: 'serviceaccount updated',
      failure: 'failed to patch ServiceAccountName',
      evenIfEmpty: true,
    };
    await this.changePodSpecs(flags, args.slice(0, -1), words, (spec) => {
      spec.serviceAccountName = name;
    });
  }
}
