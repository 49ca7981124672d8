// `create service clusterip`. Upstream: kubectl/pkg/cmd/create/create_service.go.
import { flag } from '../../../cli/pflag.ts';
import { ServiceGenerator, serviceFlags } from './_service.ts';

export default class CreateServiceClusterIP extends ServiceGenerator {
  static short = 'Create a ClusterIP service';
  static override summary = 'Create a ClusterIP service with the specified name';
  static examples = `# Create a ClusterIP service with the specified name
{program} create service clusterip my-svc --tcp=5678:8080

# A headless service
{program} create service clusterip my-cs --clusterip="None"`;
  static override usage = 'NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]';
  static override flags = {
    ...serviceFlags,
    clusterip: flag.string("Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing)."),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateServiceClusterIP);
    await this.createService({ type: 'ClusterIP', clusterIP: flags.clusterip }, flags);
  }
}
