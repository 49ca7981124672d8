// Node. Upstream: pkg/registry/core/node/strategy.go, printNode. A node may bring its status when it registers.
import type { Node, Taint } from 'kubernetes-types/core/v1.js';
import { parseJson } from '../../codec/json.ts';
import { defineKind } from '../../kind.ts';
import { configMapKeyErrors, labelValueErrors } from '../../names.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { column, ageColumn, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { cidr, cidrFamily, dnsLabel, dnsSubdomain, oneOf, push, qualifiedName } from '../shared/field-rules.ts';
import { TAINT_EFFECTS } from '../shared/pod-scheduling.ts';
import { type ResourceList, defaultResourceList, resourceQuantity } from '../shared/resource-list.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function statusText(node: Node): string {
  const ready = node.status?.conditions?.findLast((c) => c.type === 'Ready');
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

function validateTaints(errors: FieldErrors, path: string, taints: readonly Taint[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const field = `${path}[${i}]`;
    const { key = '', value = '', effect } = taint;
    qualifiedName(errors, `${field}.key`, key);
    const bad = labelValueErrors(value);
    if (bad.length) errors.invalid(`${field}.value`, value, bad.join(';'));
    oneOf(errors, `${field}.effect`, effect, TAINT_EFFECTS);
    const pair = `${key}:${effect}`;
    if (seen.has(pair)) {
      const shown = new GoStruct({ Key: key, Value: value, Effect: effect ?? '', TimeAdded: taint.timeAdded });
      errors.duplicate(field, shown, 'taints must be unique by key and effect pair');
    }
    seen.add(pair);
  });
}

const ANNOTATIONS = 'metadata.annotations';
const TAINTS = 'scheduler.alpha.kubernetes.io/taints';
const AVOID = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
interface Avoided {
  preferAvoidPods?: { podSignature?: { podController?: { controller?: boolean } } }[];
}

/** What taints and preferences were before they had fields. Upstream: ValidateNodeSpecificAnnotations. */
function validateAnnotations(errors: FieldErrors, { metadata }: Node): void {
  const read = (key: string): unknown => {
    const text = metadata?.annotations?.[key];
    try {
      return text ? parseJson(text) : undefined;
    } catch (error) {
      return errors.invalid(ANNOTATIONS, key, (error as Error).message);
    }
  };
  const taints = read(TAINTS);
  if (Array.isArray(taints)) validateTaints(errors, `${ANNOTATIONS}.${TAINTS}`, taints as Taint[]);
  const { preferAvoidPods = [] } = (read(AVOID) ?? {}) as Avoided;
  preferAvoidPods.forEach(({ podSignature }, i) => {
    const path = `${ANNOTATIONS}.${AVOID}[${i}].PodSignature`;
    if (!podSignature?.podController) errors.required(path);
    else if (podSignature.podController.controller !== true) {
      errors.invalid(`${path}.PodController.Controller`, false, 'must point to a controller');
    }
  });
}

function validateResources(errors: FieldErrors, node: Node): void {
  for (const which of ['capacity', 'allocatable'] as const) {
    const list = node.status?.[which] as ResourceList | undefined;
    for (const name in list) resourceQuantity(errors, `status.${which}.${name}`, name, list[name]!);
  }
}

function validateCidrs(errors: FieldErrors, cidrs: readonly string[]): void {
  cidrs.forEach((value, i) => cidr(errors, `spec.podCIDRs[${i}]`, value));
  if (cidrs.length < 2) return;
  const families = cidrs.map(cidrFamily);
  if (cidrs.length > 2 || !families.includes(4) || !families.includes(6)) {
    errors.invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family');
  }
  const seen = new Set<string>();
  cidrs.forEach((value, i) => {
    if (seen.has(value)) errors.duplicate(`spec.podCIDRs[${i}]`, value);
    seen.add(value);
  });
}

interface ConfigMapSource {
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  kubeletConfigKey?: string;
}
interface ConfigSource {
  configMap?: ConfigMapSource;
}

/** Of a way to configure nodes that is gone, but for its fields. Upstream: validateNodeConfigSourceSpec and _Status. */
function validateConfigSource(errors: FieldErrors, path: string, source: ConfigSource, inSpec: boolean): void {
  const map = source.configMap;
  if (!map) {
    return errors.invalid(path, new GoStruct({ ConfigMap: null }), 'exactly one reference subfield must be non-nil');
  }
  const field = `${path}.configMap`;
  for (const name of ['uid', 'resourceVersion'] as const) {
    if (inSpec && map[name]) errors.forbidden(`${field}.${name}`, `${name} must not be set in spec`);
    if (!inSpec && !map[name]) errors.required(`${field}.${name}`, `${name} must be set in status`);
  }
  if (!map.namespace) errors.required(`${field}.namespace`, 'namespace must be set');
  else dnsLabel(errors, `${field}.namespace`, map.namespace);
  if (!map.name) errors.required(`${field}.name`, 'name must be set');
  else dnsSubdomain(errors, `${field}.name`, map.name);
  const key = `${field}.kubeletConfigKey`;
  if (!map.kubeletConfigKey) errors.required(key, 'kubeletConfigKey must be set');
  else push(errors, key, map.kubeletConfigKey, configMapKeyErrors(map.kubeletConfigKey));
}

/** What both the node's own update and that of its status may not do: upstream has one rule for them. */
function validateUpdate(node: Node, old: Node, errors: FieldErrors): void {
  const seen = new Set<string>();
  node.status?.addresses?.forEach((a, i) => {
    const key = `${a.type}/${a.address}`;
    const shown = new GoStruct({ Type: a.type, Address: a.address });
    if (seen.has(key)) errors.duplicate(`status.addresses[${i}]`, shown);
    seen.add(key);
  });
  const before = old.spec?.podCIDRs ?? [];
  if (before.length && before.join() !== (node.spec?.podCIDRs ?? []).join()) {
    errors.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    errors.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
  if (node.spec?.configSource) {
    validateConfigSource(errors, 'spec.configSource', node.spec.configSource as ConfigSource, true);
  }
  for (const part of ['assigned', 'active', 'lastKnownGood'] as const) {
    const source = node.status?.config?.[part];
    if (source) validateConfigSource(errors, `status.config.${part}`, source as ConfigSource, false);
  }
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? '')) {
    errors.forbidden('spec.externalID', 'may not be updated');
  }
}

/** The way to configure nodes that is gone: only those that have it keep it. Upstream: dropDisabledFields. */
function dropConfigSource(node: Node, old?: Node): void {
  if (!old?.spec?.configSource) delete node.spec?.configSource;
}
function dropConfig(node: Node, old?: Node): void {
  if (!old?.status?.config) delete node.status?.config;
}

/** Upstream: pkg/registry/core/node.fieldIsDeprecatedWarnings. */
function warnings({ spec }: Node): string[] {
  const out: string[] = [];
  if (spec?.configSource) {
    out.push('spec.configSource: the feature is removed');
  }
  if (spec?.externalID) out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  return out;
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
  prepareCreate(draft) {
    dropConfigSource(draft);
    dropConfig(draft);
  },
  prepareUpdate: (draft, old) => dropConfigSource(draft, old),
  prepareStatus: (draft, old) => dropConfig(draft, old),
  validate(node, errors) {
    validateAnnotations(errors, node);
    // Upstream's path says metadata.
    validateTaints(errors, 'metadata.taints', node.spec?.taints ?? []);
    validateResources(errors, node);
    if (node.spec?.podCIDRs?.length) validateCidrs(errors, node.spec.podCIDRs);
  },
  validateUpdate,
  validateStatus(node, old, errors) {
    validateAnnotations(errors, node);
    validateResources(errors, node);
    validateUpdate(node, old, errors);
  },
  warnings,
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
