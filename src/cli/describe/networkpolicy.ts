// Upstream: kubectl/pkg/describe describeNetworkPolicy, printNetworkPolicySpecIngressFrom, printNetworkPolicySpecEgressTo.
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from 'kubernetes-types/networking/v1.js';
import { formatLabelSelector } from '../../api/selector.ts';
import type { KubeObject } from '../../api/types.ts';
import { Document, goTime } from './_document.ts';
import { annotationLines, labelLines } from './_metadata.ts';
import { defineDescriber } from './types.ts';

interface Rule {
  ports?: readonly NetworkPolicyPort[];
  peers?: readonly NetworkPolicyPeer[];
}

export default defineDescriber<NetworkPolicy>({
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  async describe(policy) {
    const doc = new Document();
    const { metadata, spec = {} as NetworkPolicySpec } = policy as KubeObject & NetworkPolicy;
    doc.field(0, 'Name', metadata?.name ?? '');
    doc.field(0, 'Namespace', metadata?.namespace ?? '');
    doc.field(0, 'Created on', goTime(metadata?.creationTimestamp));
    labelLines(doc, 'Labels', metadata?.labels);
    annotationLines(doc, 'Annotations', metadata?.annotations);
    doc.line(0, 'Spec:');
    const pods = formatLabelSelector(spec.podSelector);
    const all = pods === '<none>' ? ' (Allowing the specific traffic to all pods in this namespace)' : '';
    doc.line(1, `PodSelector:     ${pods}${all}`);
    const types = spec.policyTypes ?? [];
    const incoming = types.includes('Ingress') || types.length === 0;
    const outgoing = types.includes('Egress');
    const from = (spec.ingress ?? []).map((rule) => ({ ports: rule.ports, peers: rule.from }));
    const to = (spec.egress ?? []).map((rule) => ({ ports: rule.ports, peers: rule.to }));
    ruleLines(doc, incoming, 'ingress', from);
    ruleLines(doc, outgoing, 'egress', to);
    doc.line(1, `Policy Types: ${types.length > 0 ? types.join(', ') : '<none>'}`);
    return doc.toString();
  },
});

function ruleLines(doc: Document, affected: boolean, direction: 'ingress' | 'egress', rules: readonly Rule[]): void {
  if (!affected) return doc.line(1, `Not affecting ${direction} traffic`);
  doc.line(1, `Allowing ${direction} traffic:`);
  if (rules.length === 0) doc.line(2, `<none> (Selected pods are isolated for ${direction} connectivity)`);
  rules.forEach((rule, i) => {
    portLines(doc, rule.ports ?? []);
    peerLines(doc, direction, rule.peers ?? []);
    if (i !== rules.length - 1) doc.line(2, '----------');
  });
}

function portLines(doc: Document, ports: readonly NetworkPolicyPort[]): void {
  if (ports.length === 0) doc.line(2, 'To Port: <any> (traffic allowed to all ports)');
  for (const { port = '<nil>', endPort, protocol = 'TCP' } of ports) {
    doc.line(2, endPort == null ? `To Port: ${port}/${protocol}` : `To Port Range: ${port}-${endPort}/${protocol}`);
  }
}

function peerLines(doc: Document, direction: 'ingress' | 'egress', peers: readonly NetworkPolicyPeer[]): void {
  const [title, end] = direction === 'ingress' ? ['From', 'source'] : ['To', 'destination'];
  if (peers.length === 0) doc.line(2, `${title}: <any> (traffic not restricted by ${end})`);
  for (const { podSelector, namespaceSelector, ipBlock } of peers) {
    doc.line(2, `${title}:`);
    if (namespaceSelector) doc.line(3, `NamespaceSelector: ${formatLabelSelector(namespaceSelector)}`);
    if (podSelector) doc.line(3, `PodSelector: ${formatLabelSelector(podSelector)}`);
    if (!ipBlock || namespaceSelector || podSelector) continue;
    doc.line(3, 'IPBlock:');
    doc.line(4, `CIDR: ${ipBlock.cidr}`);
    doc.line(4, `Except: ${(ipBlock.except ?? []).join(', ')}`);
  }
}
