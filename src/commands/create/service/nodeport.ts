// `create service nodeport`. Upstream: kubectl/pkg/cmd/create/create_service.go.
import { flag } from '../../../cli/pflag.ts';
import { ServiceGenerator, serviceFlags } from './_service.ts';

export default class CreateServiceNodePort extends ServiceGenerator {
  static short = 'Create a NodePort service';
  static override summary = 'Create a NodePort service with the specified name';
  static examples = `# Create a NodePort service with the specified name
{program} create service nodeport my-svc --tcp=5678:8080`;
  static override usage = 'NAME [--tcp=port:targetPort] [--dry-run=server|client|none]';
  static override flags = {
    ...serviceFlags,
    'node-port': flag.int('Port used to expose the service on each node in a cluster.'),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(CreateServiceNodePort);
    await this.createService({ type: 'NodePort', nodePort: flags['node-port'] }, flags);
  }
}
