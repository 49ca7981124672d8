// Upstream: kubectl/pkg/describe describeService.
import type { Service } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../api/types.ts';
import { formatLabels } from '../print/table.ts';
import { Document } from './_document.ts';
import { formatSlices, slicesOf } from './_endpoints.ts';
import { eventLines } from './_events.ts';
import { nameAndLabels } from './_metadata.ts';
import { defineDescriber } from './types.ts';

export default defineDescriber<Service>({
  group: '',
  kind: 'Service',
  async describe(service, context) {
    const doc = new Document();
    const { spec, metadata } = service;
    const slices = await slicesOf(metadata?.namespace ?? '', metadata?.name ?? '', context).catch(() => []);
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
