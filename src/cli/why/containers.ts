// What is wrong with the containers of a pod, from its status alone. Pure.
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { humanDuration } from '../../api/duration.ts';

export interface ContainerTrouble {
  container: string;
  reason: string;
  message: string;
  hint?: string;
  /** It will not get well by waiting. */
  fatal: boolean;
  /** It ended: the logs of the instance before may say why. */
  ended?: boolean;
}

/** Restarts after which a container counts as one that cannot start, not as one that waited for something. */
const HOPELESS_RESTARTS = 2;
/** Restarts before are of the past. */
const LATELY_MS = 600_000;

const hints: Record<string, string> = {
  ErrImagePull: 'The image could not be pulled: look at its name and tag, the registry, and imagePullSecrets.',
  ImagePullBackOff: 'The image could not be pulled: look at its name and tag, the registry, and imagePullSecrets.',
  InvalidImageName: 'The name of the image is not one that a registry can have.',
  ErrImageNeverPull: 'imagePullPolicy is Never, and the node does not have the image.',
  CreateContainerConfigError: 'A ConfigMap, Secret or key that the container names is not there.',
  CreateContainerError: 'The container could not be made: look at its command, mounts and security context.',
  RunContainerError: 'The container was made and could not be started: look at its command and mounts.',
};
const NON_ROOT =
  'The pod asks for a user who is not root: set runAsUser, or take an image whose user is a number but 0.';
const imageReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
const fatalWaiting = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** What an exit code usually stands for. */
export function exitMeaning(code: number, reason?: string): string | undefined {
  if (reason === 'OOMKilled') return 'It used more memory than its limit: raise resources.limits.memory or use less.';
  const known: Record<number, string> = {
    0: 'It ended by itself and without an error, yet its pod is to run for ever: is its command a server?',
    126: 'Its command cannot be executed: permissions, or a file of another architecture.',
    127: 'Its command was not found in the image.',
    137: 'It was killed (SIGKILL): by the liveness probe, for memory, or because it did not end in time.',
    139: 'It crashed (SIGSEGV).',
    143: 'It was asked to end (SIGTERM): by the liveness probe or a deletion.',
  };
  return known[code];
}

export function containerTroubles(pod: Pod, nowMs: number): ContainerTrouble[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const starting = initContainerStatuses.flatMap((s) => troubleOf(s, pod, nowMs) ?? []);
  return [...starting, ...containerStatuses.flatMap((s) => troubleOf(s, pod, nowMs) ?? [])];
}

function troubleOf(status: ContainerStatus, pod: Pod, nowMs: number): ContainerTrouble | undefined {
  const { waiting, terminated } = status.state ?? {};
  const container = status.name;
  const reason = waiting?.reason ?? '';
  if (reason === 'CrashLoopBackOff' || (terminated && terminated.exitCode !== 0)) {
    return crash(status, pod, nowMs);
  }
  if (hints[reason] === undefined) return undefined;
  const image = imageReasons.has(reason) ? `image ${JSON.stringify(status.image || specImage(pod, container))}: ` : '';
  return {
    container,
    reason,
    message: `${image}${waiting?.message ?? 'no message'}`,
    hint: /runAsNonRoot|non-root/.test(waiting?.message ?? '') ? NON_ROOT : hints[reason],
    fatal: fatalWaiting.has(reason),
  };
}

function specImage(pod: Pod, container: string): string {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return all.find((c) => c.name === container)?.image ?? '';
}

function crash(status: ContainerStatus, pod: Pod, nowMs: number): ContainerTrouble {
  const ended = status.state?.terminated ?? status.lastState?.terminated;
  const waits = status.state?.waiting !== undefined;
  const ago = ended?.finishedAt ? `, ${humanDuration(nowMs - Date.parse(ended.finishedAt))} ago` : '';
  const why = ended ? `ended with exit code ${ended.exitCode} (${ended.reason ?? 'Error'})${ago}` : 'ends at once';
  const restarts = status.restartCount === 1 ? '1 restart' : `${status.restartCount} restarts`;
  const never = !waits && pod.spec?.restartPolicy === 'Never';
  return {
    container: status.name,
    reason: waits ? 'CrashLoopBackOff' : (ended?.reason ?? 'Error'),
    message: `${why}, ${restarts}${ended?.message ? `: ${ended.message.trim()}` : ''}`,
    hint: ended && exitMeaning(ended.exitCode, ended.reason),
    fatal: never || status.restartCount >= HOPELESS_RESTARTS,
    // What was never started has said nothing.
    ended: ended?.reason !== 'ContainerCannotRun',
  };
}

/** Containers run, and were restarted more than once, and lately. */
export function restartTroubles(pod: Pod, nowMs: number): ContainerTrouble[] {
  return (pod.status?.containerStatuses ?? []).flatMap((status) => {
    const { finishedAt } = status.lastState?.terminated ?? {};
    const lately = finishedAt !== undefined && nowMs - Date.parse(finishedAt) < LATELY_MS;
    return lately && status.restartCount >= HOPELESS_RESTARTS
      ? [{ ...crash(status, pod, nowMs), reason: 'Restarting' }]
      : [];
  });
}
