// The addresses behind a service. Upstream: kubectl/pkg/describe formatEndpointSlices.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { DescribeContext } from './types.ts';

const SHOWN_ENDPOINTS = 3;

/** Of a service. Rejects where the server has none of the version, too. */
export async function slicesOf(
  namespace: string,
  name: string,
  { cluster }: DescribeContext,
): Promise<EndpointSlice[]> {
  const list = await cluster.json<{ items?: EndpointSlice[] }>(
    'GET',
    `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
    { query: { labelSelector: `kubernetes.io/service-name=${name}` } },
  );
  return list.items ?? [];
}

/** The first three ready addresses of a port, and how many more there are. */
export function formatSlices(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return '<none>';
  const found: string[] = [];
  for (const slice of slices) {
    const ready = (slice.endpoints ?? []).filter((e) => e.conditions?.ready !== false);
    const ports = slice.ports ?? [];
    if (ports.length === 0) found.push(...ready.map((e) => e.addresses[0] ?? ''));
    for (const port of ports) {
      if ((port.name ?? '') !== portName) continue;
      found.push(...ready.map((e) => hostPort(e.addresses[0] ?? '', port.port ?? 0)));
    }
  }
  const shown = found.slice(0, SHOWN_ENDPOINTS).join(',');
  return found.length > SHOWN_ENDPOINTS ? `${shown} + ${found.length - SHOWN_ENDPOINTS} more...` : shown;
}

const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
