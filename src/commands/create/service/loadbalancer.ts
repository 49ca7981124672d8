// `create service loadbalancer`. Upstream: kubectl/pkg/cmd/create/create_service.go.
import { ServiceGenerator, serviceFlags } from './_service.ts';

export default class CreateServiceLoadBalancer extends ServiceGenerator {
  static short = 'Create a LoadBalancer service';
  static override summary = 'Create a LoadBalancer service with the specified name';
  static examples = `# Create a LoadBalancer service with the specified name
{program} create service loadbalancer my-svc --tcp=5678:8080`;
  static override usage = 'NAME [--tcp=port:targetPort] [--dry-run=server|client|none]';
  static override flags = serviceFlags;

  async run(): Promise<void> {
    const { flags } = this.parse(CreateServiceLoadBalancer);
    await this.createService({ type: 'LoadBalancer' }, flags);
  }
}
