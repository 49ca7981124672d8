// NetworkPolicy. Upstream: pkg/registry/networking/networkpolicy/strategy.go, ValidateNetworkPolicySpec.
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import { formatLabelSelector } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { PROTOCOLS, cidr, labelSelector, portNumberOrName } from '../shared/field-rules.ts';

const group = 'networking.k8s.io';
const old = { group: 'extensions', version: 'v1beta1' };

function port(errors: FieldErrors, path: string, p: NetworkPolicyPort): void {
  if (p.protocol != null && !PROTOCOLS.includes(p.protocol))
    errors.notSupported(`${path}.protocol`, p.protocol, PROTOCOLS);
  if (p.port != null) {
    portNumberOrName(errors, `${path}.port`, p.port);
    if (p.endPort != null) {
      if (typeof p.port === 'string')
        errors.invalid(`${path}.endPort`, p.endPort, 'may not be specified when `port` is non-numeric');
      else if (p.endPort < p.port)
        errors.invalid(`${path}.endPort`, p.endPort, 'must be greater than or equal to `port`');
    }
  } else if (p.endPort != null)
    errors.invalid(`${path}.endPort`, p.endPort, 'may not be specified when `port` is not specified');
}

function peer(errors: FieldErrors, path: string, p: NetworkPolicyPeer): void {
  if (p.ipBlock && (p.podSelector || p.namespaceSelector)) {
    errors.forbidden(path, 'may not specify both ipBlock and another peer');
  }
  if (!p.ipBlock && !p.podSelector && !p.namespaceSelector) errors.required(path, 'must specify a peer');
  labelSelector(errors, `${path}.podSelector`, p.podSelector);
  labelSelector(errors, `${path}.namespaceSelector`, p.namespaceSelector);
  if (!p.ipBlock) return;
  if (!p.ipBlock.cidr) errors.required(`${path}.ipBlock.cidr`);
  else cidr(errors, `${path}.ipBlock.cidr`, p.ipBlock.cidr);
  p.ipBlock.except?.forEach((value, i) => cidr(errors, `${path}.ipBlock.except[${i}]`, value));
}

export default defineKind<NetworkPolicy>({
  group,
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  short: ['netpol'],
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    { ...old, deprecated: deprecated(old, 'NetworkPolicy', '1.9', '1.16', 'networking.k8s.io/v1 NetworkPolicy') },
  ],
  generation: true,
  defaults(draft) {
    const spec = (draft.spec ??= { podSelector: {} });
    spec.podSelector ??= {};
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const p of rule.ports ?? []) p.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate({ spec }, errors) {
    labelSelector(errors, 'spec.podSelector', spec?.podSelector);
    spec?.ingress?.forEach((rule, i) => {
      rule.ports?.forEach((p, j) => port(errors, `spec.ingress[${i}].ports[${j}]`, p));
      rule.from?.forEach((p, j) => peer(errors, `spec.ingress[${i}].from[${j}]`, p));
    });
    spec?.egress?.forEach((rule, i) => {
      rule.ports?.forEach((p, j) => port(errors, `spec.egress[${i}].ports[${j}]`, p));
      rule.to?.forEach((p, j) => peer(errors, `spec.egress[${i}].to[${j}]`, p));
    });
    const types = spec?.policyTypes ?? [];
    if (types.length > 2) errors.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes');
    else {
      types.forEach((type, i) => {
        if (type !== 'Ingress' && type !== 'Egress')
          errors.notSupported(`spec.policyTypes[${i}]`, type, ['Egress', 'Ingress']);
      });
    }
  },
  columns: [
    column('Pod-Selector', 'string', texts['NetworkPolicySpec.podSelector']!, (p) =>
      formatLabelSelector(p.spec?.podSelector),
    ),
    ageColumn,
  ],
});
