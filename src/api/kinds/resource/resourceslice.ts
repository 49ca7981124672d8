// ResourceSlice: the devices of one pool on one node. Upstream: pkg/registry/resource/resourceslice/strategy.go.
import type { NodeSelector } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { compareBytes } from '../../go-format.ts';
import { byteLength } from '../../names.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { validateNodeSelector } from '../shared/pod-scheduling.ts';
import { NODE_SELECTOR, goStruct } from '../shared/go-structs.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { csiDriverName } from '../shared/csi-names.ts';
import { attributeName, each, poolName } from '../shared/device-requests.ts';
import { RESOURCE_SLICE_GATES, dropper } from '../shared/feature-gates.ts';
import { dnsLabel, dnsSubdomain, immutable } from '../shared/field-rules.ts';

const group = 'resource.k8s.io';
const drop = dropper(RESOURCE_SLICE_GATES);

interface Attribute {
  int?: number | null;
  bool?: boolean | null;
  string?: string | null;
  version?: string | null;
}
interface Device {
  name?: string;
  attributes?: Record<string, Attribute>;
  capacity?: Record<string, unknown>;
  taints?: unknown[];
  consumesCounters?: unknown[];
}

interface ResourceSlice extends KubeObject {
  spec?: {
    nodeName?: string | null;
    nodeSelector?: NodeSelector;
    allNodes?: boolean | null;
    perDeviceNodeSelection?: boolean | null;
    sharedCounters?: unknown[];
    devices?: Device[];
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
    validateNodeSelector(errors, 'spec.nodeSelector', spec.nodeSelector);
    const { nodeSelectorTerms: terms } = spec.nodeSelector;
    if (terms?.length !== 1) {
      const shown = goStruct(spec.nodeSelector, NODE_SELECTOR).fields['NodeSelectorTerms'];
      errors.invalid('spec.nodeSelector.nodeSelectorTerms', shown, 'must have exactly one node selector term');
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

const MAX_PROPERTIES = 32;
const MAX_VALUE = 64;
/** A domain, a slash and a name. */
const MAX_SHOWN = 96;
const PRE_RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const NUMBER = '(0|[1-9]\\d*)';
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRE_RELEASE}(\\.${PRE_RELEASE})*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$`,
);

/** Of a key that is too long, both ends. Upstream: truncateIfTooLong. */
function shortened(key: string): string {
  if (key.length <= MAX_SHOWN) return key;
  const left = MAX_SHOWN - 3;
  return `${key.slice(0, Math.ceil(left / 2))}...${key.slice(key.length - Math.floor(left / 2))}`;
}

function attribute(errors: FieldErrors, path: string, given: Attribute): void {
  const { int = null, bool = null, string = null, version = null } = given;
  if (string !== null && byteLength(string) > MAX_VALUE) errors.tooLong(`${path}.string`, MAX_VALUE);
  if (version !== null) {
    const field = `${path}.version`;
    if (!SEMVER.test(version)) {
      errors.invalid(field, version, 'must be a string compatible with semver.org spec 2.0.0');
    }
    if (byteLength(version) > MAX_VALUE) errors.tooLong(field, MAX_VALUE);
  }
  const count = [int, bool, string, version].filter((value) => value !== null).length;
  const one = 'exactly one value must be specified';
  if (count === 0) errors.required(path, one);
  else if (count > 1) {
    errors.invalid(
      path,
      new GoStruct({ IntValue: int, BoolValue: bool, StringValue: string, VersionValue: version }),
      one,
    );
  }
}

function validateDevice(
  errors: FieldErrors,
  path: string,
  { name = '', attributes = {}, capacity = {} }: Device,
): void {
  dnsLabel(errors, `${path}.name`, name);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > MAX_PROPERTIES) {
    errors.invalid(path, count, `the total number of attributes and capacities must not exceed ${MAX_PROPERTIES}`);
  }
  for (const [key, value] of inOrder(attributes)) {
    const field = `${path}.attributes[${shortened(key)}]`;
    attributeName(errors, field, key);
    attribute(errors, field, value);
  }
  for (const [key] of inOrder(capacity)) attributeName(errors, `${path}.capacity[${shortened(key)}]`, key);
}

const inOrder = <T>(map: Record<string, T>): [string, T][] =>
  Object.entries(map).sort(([a], [b]) => compareBytes(a, b));

function validate(spec: Spec, errors: FieldErrors): void {
  csiDriverName(errors, 'spec.driver', spec.driver);
  pool(errors, spec.pool ?? {});
  reach(errors, spec);
  const { devices = [] } = spec;
  const few = devices.some((d) => d.taints?.length || d.consumesCounters?.length);
  const most = few ? MAX_DEVICES_WITH_TAINTS : MAX_DEVICES;
  const check = (item: Device, path: string): void => validateDevice(errors, path, item);
  each(errors, 'spec.devices', devices, most, check, (d) => d.name ?? '', '.name');
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
