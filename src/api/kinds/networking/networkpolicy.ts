// NetworkPolicy. Upstream: pkg/registry/networking/networkpolicy/strategy.go, ValidateNetworkPolicySpec.
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import { portNameErrors, portNumberErrors } from '../../names.ts';
import { formatLabelSelector } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { networkWarnings, sloppyNetwork, strictlyWithin } from '../shared/addresses.ts';
import { labelSelector, push } from '../shared/field-rules.ts';

const group = 'networking.k8s.io';
const old = { group: 'extensions', version: 'v1beta1' };

const PORT_PROTOCOLS = ['TCP', 'UDP', 'SCTP'];

function port(errors: FieldErrors, path: string, p: NetworkPolicyPort): void {
  if (p.protocol != null && !PORT_PROTOCOLS.includes(p.protocol)) {
    errors.notSupported(`${path}.protocol`, p.protocol, PORT_PROTOCOLS);
  }
  const end = `${path}.endPort`;
  if (p.port == null) {
    if (p.endPort != null) errors.invalid(end, p.endPort, 'may not be specified when `port` is not specified');
  } else if (typeof p.port === 'number') {
    push(errors, `${path}.port`, p.port, portNumberErrors(p.port));
    if (p.endPort == null) return;
    // Upstream shows the port here.
    if (p.endPort < p.port) errors.invalid(end, p.port, 'must be greater than or equal to `port`');
    push(errors, end, p.endPort, portNumberErrors(p.endPort));
  } else {
    if (p.endPort != null) errors.invalid(end, p.endPort, 'may not be specified when `port` is non-numeric');
    push(errors, `${path}.port`, p.port, portNameErrors(p.port));
  }
}

function ipBlock(errors: FieldErrors, path: string, block: IPBlock): void {
  if (!block.cidr) return errors.required(`${path}.cidr`);
  const outer = sloppyNetwork(errors, `${path}.cidr`, block.cidr);
  if (!outer) return;
  block.except?.forEach((value, i) => {
    const inner = sloppyNetwork(errors, `${path}.except[${i}]`, value);
    if (inner && !strictlyWithin(inner, outer)) {
      errors.invalid(`${path}.except[${i}]`, value, 'must be a strict subset of `cidr`');
    }
  });
}

function peer(errors: FieldErrors, path: string, p: NetworkPolicyPeer): void {
  labelSelector(errors, `${path}.podSelector`, p.podSelector);
  labelSelector(errors, `${path}.namespaceSelector`, p.namespaceSelector);
  if (p.ipBlock) ipBlock(errors, `${path}.ipBlock`, p.ipBlock);
  if (!p.ipBlock && !p.podSelector && !p.namespaceSelector) errors.required(path, 'must specify a peer');
  else if (p.ipBlock && (p.podSelector || p.namespaceSelector)) {
    errors.forbidden(path, 'may not specify both ipBlock and another peer');
  }
}

/** Upstream: networkPolicyWarnings. */
function warnings({ spec }: NetworkPolicy): string[] {
  const of = (path: string, p: NetworkPolicyPeer): string[] => {
    const { cidr, except = [] } = p.ipBlock ?? {};
    if (!cidr) return [];
    const more = except.flatMap((value, i) => networkWarnings(`${path}.ipBlock.except[${i}]`, value));
    return [...networkWarnings(`${path}.ipBlock.cidr`, cidr), ...more];
  };
  return [
    ...(spec?.ingress ?? []).flatMap((r, i) =>
      (r.from ?? []).flatMap((p, j) => of(`spec.ingress[${i}].from[${j}]`, p)),
    ),
    ...(spec?.egress ?? []).flatMap((r, i) => (r.to ?? []).flatMap((p, j) => of(`spec.egress[${i}].to[${j}]`, p))),
  ];
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
          errors.notSupported(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress']);
      });
    }
  },
  warnings,
  columns: [
    column('Pod-Selector', 'string', texts['NetworkPolicySpec.podSelector']!, (p) =>
      formatLabelSelector(p.spec?.podSelector),
    ),
    ageColumn,
  ],
});
