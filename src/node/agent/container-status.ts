// Container statuses as the API shows them, from Docker's records, the last known status and why a start failed. Pure.
// Upstream: kubelet_pods.go convertToAPIContainerStatuses, prober_manager.go UpdatePodStatus.
import type { Container, ContainerState, ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { CONTAINER_ID_PREFIX } from './names.ts';
import type { ProbeVerdicts } from './pod-actions.ts';
import {
  type ContainerKind,
  appContainers,
  initContainers,
  isRestartable,
  restartsAfter,
  statusNamed,
} from './pod-facts.ts';
import { type ContainerRecord, type PodRuntime, toSeconds } from './runtime-state.ts';

/** Why a container does not run: `ImagePullBackOff` with its message. */
export interface WaitingReason {
  reason: string;
  message: string;
}

export interface StatusInput {
  pod: Pod;
  runtime: PodRuntime;
  /** The last start failure of each container that has not started since. */
  waiting: ReadonlyMap<string, WaitingReason>;
  probes: ProbeVerdicts;
}

/** Of a container that was removed by somebody else. */
export const LOST_REASON = 'ContainerStatusUnknown';
const LOST = {
  reason: LOST_REASON,
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
  exitCode: 137,
};

export function containerStatuses(
  input: StatusInput,
  containers: readonly Container[],
  kind: ContainerKind,
  previous: readonly ContainerStatus[] | undefined,
): ContainerStatus[] {
  return containers.map((container) => containerStatus(input, container, kind, statusNamed(previous, container.name)));
}

function containerStatus(
  input: StatusInput,
  container: Container,
  kind: ContainerKind,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const { pod, runtime } = input;
  const [newest, before] = runtime.containers.filter((record) => record.name === container.name);
  let status: ContainerStatus;
  if (newest) {
    status = fromRecord(newest);
    const { resources } = container;
    status.resources = resources ?? {};
    if (resources?.requests) status.allocatedResources = resources.requests;
    if (newest.state === 'created') status.state = { waiting: { reason: defaultReason(pod) } };
    if (before) status.lastState = { terminated: terminated(before) };
    else if (old?.lastState?.terminated && old.restartCount === newest.restartCount) status.lastState = old.lastState;
  } else status = withoutRecord(input, container, kind, old);
  const waiting = input.waiting.get(container.name);
  const restarts = !newest || newest.state === 'created' || restartsAfter(pod, container, newest.exitCode);
  if (waiting && newest?.state !== 'running' && restarts) {
    if (status.state?.terminated) status.lastState = { terminated: status.state.terminated };
    status.state = { waiting: withMessage(waiting) };
  }
  judge(status, container, kind, newest, input.probes);
  const mounts = volumeMounts(container);
  if (mounts.length > 0) (status as { volumeMounts?: object[] }).volumeMounts = mounts;
  return status;
}

/** Recursive read-only mounts are not supported by this runtime: read-only ones say so. */
const volumeMounts = (container: Container): object[] =>
  (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) =>
    readOnly ? { name, mountPath, readOnly, recursiveReadOnly: 'Disabled' } : { name, mountPath },
  );

const withMessage = ({ reason, message }: WaitingReason) => (message === '' ? { reason } : { reason, message });
const defaultReason = (pod: Pod) => (initContainers(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating');

function fromRecord(record: ContainerRecord): ContainerStatus {
  let state: ContainerState = {};
  if (record.state === 'running') state = { running: { startedAt: toSeconds(record.startedAt) } };
  if (record.state === 'exited') state = { terminated: terminated(record) };
  return {
    name: record.name,
    state,
    lastState: {},
    ready: false,
    restartCount: record.restartCount,
    image: record.image,
    imageID: record.imageId,
    containerID: CONTAINER_ID_PREFIX + record.id,
  };
}

function terminated(record: ContainerRecord): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: record.exitCode,
    reason: record.reason,
    ...(record.message !== '' && { message: record.message }),
    startedAt: toSeconds(record.startedAt),
    finishedAt: toSeconds(record.finishedAt),
    containerID: CONTAINER_ID_PREFIX + record.id,
  };
}

/** Docker does not know it (any more): what the API last said decides. */
function withoutRecord(
  input: StatusInput,
  container: Container,
  kind: ContainerKind,
  old: ContainerStatus | undefined,
): ContainerStatus {
  if (old?.state?.terminated) return structuredClone(old);
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: defaultReason(input.pod) } },
    lastState: old?.lastState ?? {},
    ready: false,
    restartCount: old?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  const appSeen = appContainers(input.pod).some((c) => input.runtime.containers.some((r) => r.name === c.name));
  if (kind === 'init' && appSeen && !isRestartable(container)) {
    const message =
      'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally';
    status.state = {
      terminated: { reason: 'Completed', message, exitCode: 0 } as NonNullable<ContainerState['terminated']>,
    };
  } else if (old?.state?.running && !old.lastState?.terminated) {
    status.lastState = { terminated: LOST as NonNullable<ContainerState['terminated']> };
    if (!input.pod.metadata?.deletionTimestamp) status.restartCount++;
  }
  return status;
}

function judge(
  status: ContainerStatus,
  container: Container,
  kind: ContainerKind,
  record: ContainerRecord | undefined,
  probes: ProbeVerdicts,
): void {
  const running = record?.state === 'running' && status.state?.running !== undefined;
  const startup = record && container.startupProbe ? probes.startup(record.id) : undefined;
  const started = running && (!container.startupProbe || startup === 'success');
  if (kind === 'init' && !isRestartable(container)) {
    status.ready = status.state?.terminated?.exitCode === 0;
    status.started = running;
    return;
  }
  if (kind === 'ephemeral') return;
  status.started = started;
  status.ready = started && (!container.readinessProbe || probes.readiness(record!.id) === 'success');
}
