// Upstream: kubectl/pkg/describe describeService, formatEndpointSlices.
import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { formatLabels } from '../print/table.ts';
import { Document } from './_document.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { type DescribeContext, defineDescriber } from './types.ts';

const SHOWN_ENDPOINTS = 3;

export default defineDescriber<Service>({
  group: '',
  kind: 'Service',
  async describe(service, context) {
    const doc = new Document();
    const { spec } = service;
    const slices = await slicesOf(service, context);
    nameAndLabels(doc, service as KubeObject);
    doc.field(0, 'Selector', formatLabels(spec?.selector));
    doc.field(0, 'Type', spec?.type ?? '');
    addressLines(doc, service);
    for (const port of spec?.ports ?? []) {
      const name = port.name || '<unset>';
      const protocol = port.protocol ?? 'TCP';
      doc.line(0, `Port:\t${name}\t${port.port}/${protocol}`);
      doc.field(0, 'TargetPort', `${port.targetPort ?? port.port}/${protocol}`);
      if (port.nodePort) doc.line(0, `NodePort:\t${name}\t${port.nodePort}/${protocol}`);
      doc.field(0, 'Endpoints', formatSlices(slices, port.name ?? ''));
    }
    doc.field(0, 'Session Affinity', spec?.sessionAffinity ?? '');
    if (spec?.externalTrafficPolicy) doc.field(0, 'External Traffic Policy', spec.externalTrafficPolicy);
    if (spec?.internalTrafficPolicy) doc.field(0, 'Internal Traffic Policy', spec.internalTrafficPolicy);
    if (spec?.healthCheckNodePort) doc.field(0, 'HealthCheck NodePort', spec.healthCheckNodePort);
    if (spec?.loadBalancerSourceRanges?.length) {
      doc.field(0, 'LoadBalancer Source Ranges', spec.loadBalancerSourceRanges.join(','));
    }
    await eventLines(doc, { ...service, kind: 'Service' } as KubeObject, context);
    return doc.toString();
  },
});

function addressLines(doc: Document, { spec, status }: Service): void {
  if (spec?.ipFamilyPolicy) doc.field(0, 'IP Family Policy', spec.ipFamilyPolicy);
  doc.field(0, 'IP Families', spec?.ipFamilies?.length ? spec.ipFamilies.join(',') : '<none>');
  doc.field(0, 'IP', spec?.clusterIP ?? '');
  doc.field(0, 'IPs', spec?.clusterIPs?.length ? spec.clusterIPs.join(',') : '<none>');
  if (spec?.externalIPs?.length) doc.field(0, 'External IPs', spec.externalIPs.join(','));
  if (spec?.loadBalancerIP) doc.field(0, 'Desired LoadBalancer IP', spec.loadBalancerIP);
  if (spec?.externalName) doc.field(0, 'External Name', spec.externalName);
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length === 0) return;
  const texts = ingress.map((i) => {
    const mode = (i as { ipMode?: string }).ipMode;
    return i.ip ? `${i.ip}${mode ? ` (${mode})` : ''}` : (i.hostname ?? '');
  });
  doc.field(0, 'LoadBalancer Ingress', texts.join(', '));
}

async function slicesOf(service: Service, { cluster }: DescribeContext): Promise<EndpointSlice[]> {
  const { namespace = '', name = '' } = service.metadata ?? {};
  try {
    const list = await cluster.json<{ items?: EndpointSlice[] }>(
      'GET',
      `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
      { query: { labelSelector: `kubernetes.io/service-name=${name}` } },
    );
    return list.items ?? [];
  } catch {
    return [];
  }
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
