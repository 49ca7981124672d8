// `cluster-info`. Upstream: kubectl/pkg/cmd/clusterinfo/clusterinfo.go.
import type { Service } from 'kubernetes-types/core/v1.js';
import { Command } from '../cli/base.ts';
import type { Cluster } from '../cli/cluster.ts';

export default class ClusterInfo extends Command {
  static override summary =
    "Display addresses of the control plane and services with label kubernetes.io/cluster-service=true. To further debug and diagnose cluster problems, use '{program} cluster-info dump'.";
  static examples = `# Print the address of the control plane and cluster services
{program} cluster-info`;

  async run(): Promise<void> {
    try {
      await this.list(await this.cluster());
    } finally {
      this.out(`\nTo further debug and diagnose cluster problems, use '${this.context.program} cluster-info dump'.\n`);
    }
  }

  private async list(cluster: Cluster): Promise<void> {
    const namespace = this.context.globals.namespace || 'kube-system';
    const list = await cluster.json<{ items?: Service[] }>('GET', `/api/v1/namespaces/${namespace}/services`, {
      query: { labelSelector: 'kubernetes.io/cluster-service=true' },
    });
    this.out(`Kubernetes control plane is running at ${cluster.url}\n`);
    for (const service of list.items ?? []) {
      const name = service.metadata?.labels?.['kubernetes.io/name'] || service.metadata?.name;
      this.out(`${name} is running at ${linkTo(cluster.url, service)}\n`);
    }
  }
}

function linkTo(url: string, { metadata, spec, status }: Service): string {
  const ingress = status?.loadBalancer?.ingress?.[0];
  if (ingress) return (spec?.ports ?? []).map((p) => `http://${ingress.ip || ingress.hostname}:${p.port} `).join('');
  const port = spec?.ports?.[0];
  let name = metadata?.name ?? '';
  if (port) {
    const secure = port.name === 'https' || port.port === 443;
    if (secure) name = `https:${name}:${port.name ?? ''}`;
    else if (port.name) name = `${name}:${port.name}`;
  }
  return `${url}/api/v1/namespaces/${metadata?.namespace}/services/${name}/proxy`;
}
