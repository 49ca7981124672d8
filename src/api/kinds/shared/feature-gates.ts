// Fields whose feature gate is off in 1.34, and what forgets them on write: a table of gates, and one walk over an
// object for all gates of its kind. Gates that are on need no word here. Upstream: pkg/features/kube_features.go for
// the defaults; dropDisabledFields in pkg/api/pod/util.go and in the strategies of pkg/registry for the fields.

interface Gate {
  gate: string;
  stage: 'alpha' | 'beta';
  /** `a.b[*].c`, from the root of what the dropper is given; `[*]` is every item of a list or value of a map. */
  fields: readonly string[];
  /** A value of the fields that is older than the gate. */
  except?: string;
  /** What holds the field goes with it when nothing else is in it. */
  withHolder?: true;
  /** Each field is looked at by itself: another one of the gate in use says nothing. */
  alone?: true;
}

const ofContainers = (...fields: string[]): string[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => fields.map((f) => `${list}[*].${f}`));

const RESTARTS: Pick<Gate, 'gate' | 'stage'> = { gate: 'ContainerRestartRules', stage: 'alpha' };

/** Of the spec of a pod or a template. Volumes of images, which have a gate as well, are pod-disabled.ts' business. */
export const POD_SPEC_GATES: readonly Gate[] = [
  { gate: 'HostnameOverride', stage: 'alpha', fields: ['hostnameOverride'] },
  { gate: 'EnvFiles', stage: 'alpha', fields: ofContainers('env[*].valueFrom.fileKeyRef') },
  { ...RESTARTS, fields: ofContainers('restartPolicyRules') },
  { ...RESTARTS, fields: ['containers[*].restartPolicy', 'ephemeralContainers[*].restartPolicy'] },
  { ...RESTARTS, fields: ['initContainers[*].restartPolicy'], except: 'Always' },
  { gate: 'ContainerStopSignals', stage: 'alpha', fields: ofContainers('lifecycle.stopSignal'), withHolder: true },
  {
    gate: 'ClusterTrustBundleProjection',
    stage: 'beta',
    fields: ['volumes[*].projected.sources[*].clusterTrustBundle'],
  },
  { gate: 'PodCertificateRequest', stage: 'alpha', fields: ['volumes[*].projected.sources[*].podCertificate'] },
];

export const POD_STATUS_GATES: readonly Gate[] = [
  { gate: 'DRAExtendedResource', stage: 'alpha', fields: ['extendedResourceClaimStatus'] },
  {
    gate: 'ResourceHealthStatus',
    stage: 'alpha',
    fields: ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].map(
      (list) => `${list}[*].allocatedResourcesStatus`,
    ),
  },
];

export const STATEFUL_SET_GATES: readonly Gate[] = [
  { gate: 'MaxUnavailableStatefulSet', stage: 'alpha', fields: ['updateStrategy.rollingUpdate.maxUnavailable'] },
];

/** Of the status of a Deployment or ReplicaSet. */
export const REPLICAS_GATES: readonly Gate[] = [
  { gate: 'DeploymentReplicaSetTerminatingReplicas', stage: 'alpha', fields: ['terminatingReplicas'] },
];

export const AUTOSCALER_GATES: readonly Gate[] = [
  {
    gate: 'HPAConfigurableTolerance',
    stage: 'alpha',
    fields: ['behavior.scaleUp.tolerance', 'behavior.scaleDown.tolerance'],
  },
];

export const LEASE_GATES: readonly Gate[] = [
  { gate: 'CoordinatedLeaderElection', stage: 'beta', fields: ['strategy', 'preferredHolder'], alone: true },
];

export const CSI_DRIVER_GATES: readonly Gate[] = [
  { gate: 'MutableCSINodeAllocatableCount', stage: 'beta', fields: ['nodeAllocatableUpdatePeriodSeconds'] },
];

/** Of the status of a VolumeAttachment. */
export const ATTACHMENT_GATES: readonly Gate[] = [
  {
    gate: 'MutableCSINodeAllocatableCount',
    stage: 'beta',
    fields: ['attachError.errorCode', 'detachError.errorCode'],
    alone: true,
  },
];

const ofDevices = (...fields: string[]): string[] => fields.map((field) => `spec.devices[*].${field}`);

export const RESOURCE_SLICE_GATES: readonly Gate[] = [
  { gate: 'DRADeviceTaints', stage: 'alpha', fields: ofDevices('taints') },
  {
    gate: 'DRAPartitionableDevices',
    stage: 'alpha',
    fields: [
      ...['spec.sharedCounters', 'spec.perDeviceNodeSelection'],
      ...ofDevices('consumesCounters', 'nodeName', 'nodeSelector', 'allNodes'),
    ],
  },
  {
    gate: 'DRADeviceBindingConditions',
    stage: 'alpha',
    fields: ofDevices('bindingConditions', 'bindingFailureConditions', 'bindsToNode'),
  },
  {
    gate: 'DRAConsumableCapacity',
    stage: 'alpha',
    fields: ofDevices('allowMultipleAllocations', 'capacity[*].requestPolicy'),
  },
];

const ofRequests = (...fields: string[]): string[] =>
  fields.flatMap((f) => [`devices.requests[*].exactly.${f}`, `devices.requests[*].firstAvailable[*].${f}`]);

/** Of the spec of a claim for devices, or of a template of one. */
export const DEVICE_REQUEST_GATES: readonly Gate[] = [
  {
    gate: 'DRAConsumableCapacity',
    stage: 'alpha',
    fields: [...ofRequests('capacity'), 'devices.constraints[*].distinctAttribute'],
  },
];

/** Of the status of a claim for devices. */
export const DEVICE_STATUS_GATES: readonly Gate[] = [
  {
    gate: 'DRAConsumableCapacity',
    stage: 'alpha',
    fields: [
      ...['allocation.devices.results[*].shareID', 'allocation.devices.results[*].consumedCapacity'],
      'devices[*].shareID',
    ],
  },
  {
    gate: 'DRADeviceBindingConditions',
    stage: 'alpha',
    fields: [
      'allocation.devices.results[*].bindingConditions',
      'allocation.devices.results[*].bindingFailureConditions',
    ],
  },
];

export const DEVICE_CLASS_GATES: readonly Gate[] = [
  { gate: 'DRAExtendedResource', stage: 'alpha', fields: ['extendedResourceName'] },
];

type Fields = Record<string, unknown>;

interface Step {
  next?: Map<string, Step>;
  /** The gate of the field that ends here. */
  gate?: Gate;
}

interface Found {
  gate: Gate;
  holder: Fields;
  key: string;
  /** What has the holder, under which key. */
  owner: Fields;
  at: string;
}

const EACH = '[*]';
const PARTS = /[^.[]+|\[\*\]/g;

function treeOf(gates: readonly Gate[]): Step {
  const root: Step = {};
  for (const gate of gates) {
    for (const field of gate.fields) {
      let step = root;
      for (const part of field.match(PARTS)!) {
        step.next ??= new Map<string, Step>();
        let next = step.next.get(part);
        if (!next) step.next.set(part, (next = {}));
        step = next;
      }
      step.gate = gate.alone ? { ...gate, gate: `${gate.gate} ${field}` } : gate;
    }
  }
  return root;
}

const isSet = (value: unknown, { except }: Gate): boolean =>
  value !== except && !(Array.isArray(value) && value.length === 0);

/** Nothing is made where nothing is found, which is nearly always. */
function find(step: Step, value: Fields, owner: Fields, at: string, found?: Found[]): Found[] | undefined {
  for (const [key, next] of step.next!) {
    if (key === EACH) {
      for (const item in value) {
        const inner = value[item];
        if (inner !== null && typeof inner === 'object') found = find(next, inner as Fields, value, item, found);
      }
      continue;
    }
    const inner = value[key];
    if (inner == null) continue;
    if (next.gate && isSet(inner, next.gate)) (found ??= []).push({ gate: next.gate, holder: value, key, owner, at });
    if (next.next && typeof inner === 'object') found = find(next, inner as Fields, value, key, found);
  }
  return found;
}

export type Dropper = (now: object | undefined, old?: object) => void;

/** Forgets in `now` the fields of these gates; where `old` has a field of a gate, that gate's stay. */
export function dropper(gates: readonly Gate[]): Dropper {
  const tree = treeOf(gates);
  return (now, old) => {
    const found = now && find(tree, now as Fields, {}, '');
    if (!found) return;
    const inUse = new Set((old && find(tree, old as Fields, {}, ''))?.map((f) => f.gate.gate));
    for (const { gate, holder, key, owner, at } of found) {
      if (inUse.has(gate.gate)) continue;
      delete holder[key];
      if (gate.withHolder && Object.keys(holder).length === 0) delete owner[at];
    }
  };
}
