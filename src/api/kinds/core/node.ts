// Node. Upstream: pkg/registry/core/node/strategy.go, printNode. A node may bring its status when it registers.
import type { Node, Taint } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { labelValueErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { column, ageColumn, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { cidr, cidrFamily, qualifiedName } from '../shared/field-rules.ts';
import { TAINT_EFFECTS } from '../shared/pod-scheduling.ts';
import { type ResourceList, defaultResourceList, resourceQuantity } from '../shared/resource-list.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function statusText(node: Node): string {
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
  const status = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${status},SchedulingDisabled` : status;
}

/** Labels node-role.kubernetes.io/<role> and kubernetes.io/role=<role>. Upstream: findNodeRoles. */
function roles(node: Node): string {
  const found = new Set<string>();
  const labels = node.metadata?.labels ?? {};
  for (const key in labels) {
    if (key.startsWith(ROLE_PREFIX)) {
      if (key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length));
    } else if (key === 'kubernetes.io/role' && labels[key]) found.add(labels[key]);
  }
  return [...found].sort().join(',') || '<none>';
}

const address = (node: Node, type: string): string =>
  node.status?.addresses?.find((a) => a.type === type)?.address ?? '<none>';

function validateTaints(errors: FieldErrors, taints: readonly Taint[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    // Upstream's path says metadata.
    const field = `metadata.taints[${i}]`;
    qualifiedName(errors, `${field}.key`, taint.key ?? '');
    const bad = labelValueErrors(taint.value ?? '');
    if (bad.length) errors.invalid(`${field}.value`, taint.value, bad.join(';'));
    if (!taint.effect) errors.required(`${field}.effect`);
    else if (!TAINT_EFFECTS.includes(taint.effect)) {
      errors.notSupported(`${field}.effect`, taint.effect, TAINT_EFFECTS);
    }
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key)) errors.duplicate(field, taint);
    seen.add(key);
  });
}

function validateResources(errors: FieldErrors, node: Node): void {
  for (const which of ['capacity', 'allocatable'] as const) {
    const list = node.status?.[which] as ResourceList | undefined;
    for (const name in list) resourceQuantity(errors, `status.${which}.${name}`, name, list[name]!);
  }
}

export default defineKind<Node>({
  group: '',
  kind: 'Node',
  plural: 'nodes',
  short: ['no'],
  scope: 'Cluster',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'] },
    proxy: {
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
    },
  },
  generation: false,
  defaults(draft) {
    const spec = (draft.spec ??= {});
    if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0]!;
    const { status } = draft;
    if (!status) return;
    defaultResourceList(status.capacity as ResourceList | undefined);
    if (status.allocatable) defaultResourceList(status.allocatable as ResourceList | undefined);
    else if (status.capacity) status.allocatable = { ...status.capacity };
  },
  validate(node, errors) {
    if (node.spec?.taints?.length) validateTaints(errors, node.spec.taints);
    validateResources(errors, node);
    const cidrs = node.spec?.podCIDRs ?? [];
    cidrs.forEach((value, i) => cidr(errors, `spec.podCIDRs[${i}]`, value));
    if (cidrs.length > 2 || (cidrs.length === 2 && cidrFamily(cidrs[0]!) === cidrFamily(cidrs[1]!))) {
      errors.invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family');
    }
  },
  validateUpdate(node, old, errors) {
    const before = old.spec?.podCIDRs ?? [];
    if (before.length && before.join() !== (node.spec?.podCIDRs ?? []).join()) {
      errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
    }
    if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
      errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
    }
  },
  validateStatus(node, _old, errors) {
    validateResources(errors, node);
    const seen = new Set<string>();
    node.status?.addresses?.forEach((a, i) => {
      const key = `${a.type}/${a.address}`;
      if (seen.has(key)) errors.duplicate(`status.addresses[${i}]`, a);
      seen.add(key);
    });
  },
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    column('Status', 'string', 'The status of the node', statusText),
    column('Roles', 'string', 'The roles of the node', roles),
    ageColumn,
    column(
      'Version',
      'string',
      texts['NodeSystemInfo.kubeletVersion']!,
      (n) => n.status?.nodeInfo?.kubeletVersion ?? '',
    ),
    wide('Internal-IP', 'string', texts['NodeStatus.addresses']!, (n) => address(n, 'InternalIP')),
    wide('External-IP', 'string', texts['NodeStatus.addresses']!, (n) => address(n, 'ExternalIP')),
    wide('OS-Image', 'string', texts['NodeSystemInfo.osImage']!, (n) => n.status?.nodeInfo?.osImage || '<unknown>'),
    wide(
      'Kernel-Version',
      'string',
      texts['NodeSystemInfo.kernelVersion']!,
      (n) => n.status?.nodeInfo?.kernelVersion || '<unknown>',
    ),
    wide(
      'Container-Runtime',
      'string',
      texts['NodeSystemInfo.containerRuntimeVersion']!,
      (n) => n.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
    ),
  ],
});
