// From what a user names (a pod, a deployment, a service) to a pod and a container in it.
// Upstream: kubectl/pkg/polymorphichelpers, kubectl/pkg/cmd/util/podcmd, kubectl/pkg/util/podutils.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { isPodReady } from '../api/pod-status.ts';
import { selectorFromObject, selectorFromSet } from '../api/selector.ts';
import type { Unstructured } from '../api/types.ts';
import type { Cluster } from './cluster.ts';
import { CliError } from './errors.ts';

export const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';
const POLL_MS = 250;

/** The label selector of the pods that an object stands for. */
export function podSelectorOf(object: Unstructured): string {
  const spec = object['spec'] as { selector?: Record<string, unknown> } | undefined;
  const selector = spec?.selector;
  switch (object.kind) {
    case 'Service':
    case 'ReplicationController':
      if (!selector || Object.keys(selector).length === 0) {
        throw new CliError(
          `invalid ${object.kind === 'Service' ? 'service' : 'replication controller'} '${object.metadata.name}': ${object.kind === 'Service' ? 'Service is defined' : 'no selectors defined,'} without a selector`,
        );
      }
      return selectorFromSet(selector as Record<string, string>).toString();
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return selectorFromObject(selector).toString();
  }
  throw new CliError(`selector for *v1.${object.kind} not implemented`);
}

export async function listPods(cluster: Cluster, namespace: string, labelSelector: string): Promise<Pod[]> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  return (await cluster.json<{ items?: Pod[] }>('GET', path, { query: { labelSelector } })).items ?? [];
}

/** All pods of the selector, waiting until there is one. */
export async function waitForPods(
  cluster: Cluster,
  namespace: string,
  selector: string,
  timeoutMs: number,
): Promise<Pod[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const pods = await listPods(cluster, namespace, selector);
    if (pods.length > 0) return pods;
    if (Date.now() >= deadline) throw new CliError('timed out waiting for the condition');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const phaseRank: Record<string, number> = { Running: 0, Unknown: 1, Pending: 2 };
const restarts = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map((s) => s.restartCount));
const readySince = (pod: Pod): number =>
  Date.parse(pod.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime ?? '') || Infinity;
const createdAt = (pod: Pod): number => Date.parse(pod.metadata?.creationTimestamp ?? '') || Infinity;

/** The pod whose logs are worth most comes first. Upstream: podutils.ByLogging. */
export function byLogging(a: Pod, b: Pod): number {
  const assigned = Number(!a.spec?.nodeName) - Number(!b.spec?.nodeName);
  if (assigned !== 0) return assigned;
  const phase = (phaseRank[a.status?.phase ?? ''] ?? 0) - (phaseRank[b.status?.phase ?? ''] ?? 0);
  if (phase !== 0) return phase;
  const ready = Number(isPodReady(b)) - Number(isPodReady(a));
  if (ready !== 0) return ready;
  if (isPodReady(a) && readySince(a) !== readySince(b)) return readySince(a) - readySince(b);
  if (restarts(a) !== restarts(b)) return restarts(b) - restarts(a);
  return createdAt(a) - createdAt(b) || 0;
}

/** The pod that is fit to be worked in comes first. Upstream: podutils.ActivePods, reversed. */
export function byActivity(a: Pod, b: Pod): number {
  const assigned = Number(!a.spec?.nodeName) - Number(!b.spec?.nodeName);
  if (assigned !== 0) return assigned;
  const rank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
  const phase = (rank[b.status?.phase ?? ''] ?? 0) - (rank[a.status?.phase ?? ''] ?? 0);
  if (phase !== 0) return phase;
  const ready = Number(isPodReady(b)) - Number(isPodReady(a));
  if (ready !== 0) return ready;
  const leaving = Number(Boolean(a.metadata?.deletionTimestamp)) - Number(Boolean(b.metadata?.deletionTimestamp));
  if (leaving !== 0) return leaving;
  if (isPodReady(a) && readySince(a) !== readySince(b)) return readySince(a) - readySince(b);
  if (restarts(a) !== restarts(b)) return restarts(a) - restarts(b);
  return createdAt(a) - createdAt(b) || 0;
}

/** The pod to run in: the object itself, or the fittest of its pods. */
export async function attachablePod(cluster: Cluster, object: Unstructured, timeoutMs: number): Promise<Pod> {
  if (object.kind === 'Pod') return object as unknown as Pod;
  let selector: string;
  try {
    selector = podSelectorOf(object);
  } catch (error) {
    throw new CliError(`cannot attach to *v1.${object.kind}: ${(error as Error).message}`);
  }
  const pods = await waitForPods(cluster, object.metadata.namespace ?? cluster.namespace, selector, timeoutMs);
  return [...pods].sort(byActivity)[0]!;
}

/** Containers, then ephemeral, then init containers, as messages list them. */
export function containerNames(pod: Pod): string {
  return [
    ...(pod.spec?.containers ?? []).map((c) => c.name),
    ...(pod.spec?.ephemeralContainers ?? []).map((c) => `${c.name} (ephem)`),
    ...(pod.spec?.initContainers ?? []).map((c) => `${c.name} (init)`),
  ].join(', ');
}

export function findContainer(pod: Pod, name: string): Container | undefined {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers, ...(ephemeralContainers as Container[])].find((c) => c.name === name);
}

/** The named container, which the server checks; the pod's default; or the first one with a word about it. */
export function chooseContainer(pod: Pod, name: string, warn: (text: string) => void): string {
  if (name !== '') return name;
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const first = containers[0];
  if (!first) {
    throw new CliError(`pod ${pod.metadata?.namespace}/${pod.metadata?.name} does not have any containers`);
  }
  const noted = pod.metadata?.annotations?.[DEFAULT_CONTAINER];
  if (noted && findContainer(pod, noted)) return noted;
  if (containers.length > 1 || initContainers.length > 0 || ephemeralContainers.length > 0) {
    warn(`Defaulted container ${JSON.stringify(first.name)} out of: ${containerNames(pod)}\n`);
  }
  return first.name;
}
