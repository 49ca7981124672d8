// Upstream: kubectl/pkg/describe IngressDescriber, describeIngressTLSV1, describeBackendV1.
import type { Service } from 'kubernetes-types/core/v1.js';
import type { Ingress, IngressBackend } from 'kubernetes-types/networking/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { Document } from './_document.ts';
import { formatSlices, slicesOf } from './_endpoints.ts';
import { eventLines } from './_events.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { type DescribeContext, defineDescriber } from './types.ts';

export default defineDescriber<Ingress>({
  group: 'networking.k8s.io',
  kind: 'Ingress',
  async describe(ingress, context) {
    const doc = new Document();
    const { metadata, spec = {} } = ingress;
    doc.field(0, 'Name', metadata?.name ?? '');
    labelLines(doc, 'Labels', metadata?.labels);
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    doc.field(0, 'Address', addressesOf(ingress).join(','));
    doc.field(0, 'Ingress Class', spec.ingressClassName ?? '<none>');
    const namespace = metadata?.namespace ?? '';
    const fallback = spec.defaultBackend ? await backendText(namespace, spec.defaultBackend, context) : '<default>';
    doc.field(0, 'Default backend', fallback);
    if (spec.tls?.length) doc.line(0, 'TLS:');
    for (const { secretName, hosts = [] } of spec.tls ?? []) {
      doc.line(1, `${secretName ? `${secretName} terminates` : 'SNI routes'} ${hosts.join(',')}`);
    }
    doc.line(0, 'Rules:\n  Host\tPath\tBackends');
    doc.line(0, '  ----\t----\t--------');
    const rules = (spec.rules ?? []).filter((rule) => rule.http);
    for (const { host, http } of rules) {
      doc.line(1, `${host || '*'}\t`);
      for (const { path = '', backend } of http?.paths ?? []) {
        doc.line(2, `\t${path} \t${await backendText(namespace, backend, context)}`);
      }
    }
    if (rules.length === 0) doc.line(1, `*\t*\t${fallback}`);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    await eventLines(doc, { ...ingress, kind: 'Ingress' } as KubeObject, context);
    return doc.toString();
  },
});

function addressesOf({ status }: Ingress): string[] {
  const entries = status?.loadBalancer?.ingress ?? [];
  return [...new Set(entries.map((entry) => entry.ip || entry.hostname || '').filter((text) => text !== ''))].sort();
}

async function backendText(namespace: string, backend: IngressBackend, context: DescribeContext): Promise<string> {
  const { service, resource } = backend;
  if (resource) return `APIGroup: ${resource.apiGroup ?? '<none>'}, Kind: ${resource.kind}, Name: ${resource.name}`;
  if (!service) return '';
  const text = `${service.name}:${service.port?.number || (service.port?.name ?? '')}`;
  try {
    const slices = await slicesOf(namespace, service.name, context);
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(service.name)}`;
    const found = await context.cluster.json<Service>('GET', path);
    const port = found.spec?.ports?.find((p) =>
      service.port?.number ? p.port === service.port.number : p.name !== undefined && p.name === service.port?.name,
    );
    return `${text} (${formatSlices(slices, port?.name ?? '')})`;
  } catch (error) {
    return `${text} (<error: ${error instanceof Error ? error.message : String(error)}>)`;
  }
}
