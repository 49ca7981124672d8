// ResourceSlice: the devices of one pool on one node. Upstream: pkg/registry/resource/resourceslice/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { csiDriverName } from '../shared/csi-names.ts';
import { each, poolName } from '../shared/device-requests.ts';
import { RESOURCE_SLICE_GATES, dropper } from '../shared/feature-gates.ts';
import { dnsLabel, dnsSubdomain, immutable } from '../shared/field-rules.ts';

const group = 'resource.k8s.io';
const drop = dropper(RESOURCE_SLICE_GATES);

interface ResourceSlice extends KubeObject {
  spec?: {
    nodeName?: string | null;
    nodeSelector?: { nodeSelectorTerms?: unknown[] };
    allNodes?: boolean | null;
    perDeviceNodeSelection?: boolean | null;
    sharedCounters?: unknown[];
    devices?: { name?: string; taints?: unknown[]; consumesCounters?: unknown[] }[];
    driver?: string;
    pool?: { name?: string; generation?: number; resourceSliceCount?: number };
  };
}

type Spec = NonNullable<ResourceSlice['spec']>;
const MAX_DEVICES = 128;
const MAX_DEVICES_WITH_TAINTS = 64;

function pool(
  errors: FieldErrors,
  { name = '', generation = 0, resourceSliceCount = 0 }: NonNullable<Spec['pool']>,
): void {
  poolName(errors, 'spec.pool.name', name);
  if (resourceSliceCount <= 0) {
    errors.invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero');
  }
  if (generation < 0) errors.invalid('spec.pool.generation', generation, 'must be greater than or equal to zero');
}

/** Which nodes reach the devices is said in one way. */
function reach(errors: FieldErrors, spec: Spec): void {
  const set: string[] = [];
  if (spec.nodeName != null) {
    if (spec.nodeName) {
      set.push('`nodeName`');
      dnsSubdomain(errors, 'spec.nodeName', spec.nodeName);
    } else errors.invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string');
  }
  if (spec.nodeSelector) {
    set.push('`nodeSelector`');
    const { nodeSelectorTerms: terms = [] } = spec.nodeSelector;
    if (terms.length !== 1) {
      errors.invalid('spec.nodeSelector.nodeSelectorTerms', terms, 'must have exactly one node selector term');
    }
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[field] === true) set.push(`\`${field}\``);
    else if (spec[field] != null) errors.invalid(`spec.${field}`, spec[field], 'must be either unset or set to true');
  }
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (!set.length) errors.required('spec', one);
  else if (set.length > 1) errors.invalid('spec', `{${set.join(', ')}}`, `${one}, but multiple fields are set`);
}

function validate(spec: Spec, errors: FieldErrors): void {
  csiDriverName(errors, 'spec.driver', spec.driver);
  pool(errors, spec.pool ?? {});
  reach(errors, spec);
  const { devices = [] } = spec;
  const few = devices.some((d) => d.taints?.length || d.consumesCounters?.length);
  const most = few ? MAX_DEVICES_WITH_TAINTS : MAX_DEVICES;
  const device = ({ name = '' }: { name?: string }, path: string): void => dnsLabel(errors, `${path}.name`, name);
  each(errors, 'spec.devices', devices, most, device, (d) => d.name ?? '', '.name');
}

export default defineKind<ResourceSlice>({
  group,
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: true,
  prepareCreate: (draft) => drop(draft),
  prepareUpdate: (draft, old) => drop(draft, old),
  validate: ({ spec = {} }, errors) => validate(spec, errors),
  validateUpdate(slice, old, errors) {
    immutable(errors, 'spec.pool.name', slice.spec?.pool?.name, old.spec?.pool?.name);
    immutable(errors, 'spec.driver', slice.spec?.driver, old.spec?.driver);
    immutable(errors, 'spec.nodeName', slice.spec?.nodeName, old.spec?.nodeName);
  },
  unknownField: (field, apiVersion) => `field label not supported for ${apiVersion}, Kind=ResourceSlice: ${field}`,
  selectableFields: {
    'spec.nodeName': (slice) => slice.spec?.nodeName ?? '',
    'spec.driver': (slice) => slice.spec?.driver ?? '',
  },
  columns: [
    column('Node', 'string', texts['ResourceSliceSpec.nodeName']!, (s) => s.spec?.nodeName ?? ''),
    column('Driver', 'string', texts['ResourceSliceSpec.driver']!, (s) => s.spec?.driver ?? ''),
    column('Pool', 'string', texts['ResourcePool.name']!, (s) => s.spec?.pool?.name ?? ''),
    ageColumn,
  ],
});
