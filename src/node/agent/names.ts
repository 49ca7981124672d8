// The labels and names that tie Docker's containers to pods. They are dockershim's, so that tools that know those find
// ours; everything that the agent must know after a restart stands here. Upstream: dockershim's naming.go and
// kuberuntime/labels.go. Pure.
import { createHash } from 'node:crypto';
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import type { ContainerSummary } from '../docker/types.ts';

export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  /** `podsandbox` or `container`. */
  type: 'io.kubernetes.docker.type',
  sandboxId: 'io.kubernetes.sandbox.id',
  gracePeriod: 'annotation.io.kubernetes.pod.terminationGracePeriod',
  hash: 'annotation.io.kubernetes.container.hash',
  restartCount: 'annotation.io.kubernetes.container.restartCount',
  messagePath: 'annotation.io.kubernetes.container.terminationMessagePath',
  messagePolicy: 'annotation.io.kubernetes.container.terminationMessagePolicy',
  /** Where the termination message is written on this machine. */
  messageFile: 'io.sampan.terminationMessageFile',
  node: 'io.sampan.node',
  dataDir: 'io.sampan.data-dir',
} as const;

export const SANDBOX_NAME = 'POD';
export const CONTAINER_ID_PREFIX = 'docker://';

export interface NodeIdentity {
  nodeName: string;
  dataDir: string;
}

/** What this node owns: no other container is ever touched. */
export const ownedBy = (node: NodeIdentity): Record<string, string> => ({
  [labels.node]: node.nodeName,
  [labels.dataDir]: node.dataDir,
});

const podLabels = (pod: Pod, node: NodeIdentity): Record<string, string> => ({
  ...ownedBy(node),
  [labels.podName]: pod.metadata?.name ?? '',
  [labels.podNamespace]: pod.metadata?.namespace ?? '',
  [labels.podUid]: pod.metadata?.uid ?? '',
  [labels.gracePeriod]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
});

export const sandboxLabels = (pod: Pod, node: NodeIdentity, attempt: number): Record<string, string> => ({
  ...podLabels(pod, node),
  [labels.containerName]: SANDBOX_NAME,
  [labels.type]: 'podsandbox',
  [labels.restartCount]: String(attempt),
});

export const containerLabels = (
  pod: Pod,
  container: Container,
  node: NodeIdentity,
  extra: { restartCount: number; sandboxId: string; messageFile?: string },
): Record<string, string> => ({
  ...podLabels(pod, node),
  [labels.containerName]: container.name,
  [labels.type]: 'container',
  [labels.sandboxId]: extra.sandboxId,
  [labels.hash]: containerHash(container),
  [labels.restartCount]: String(extra.restartCount),
  [labels.messagePath]: container.terminationMessagePath ?? '/dev/termination-log',
  [labels.messagePolicy]: container.terminationMessagePolicy ?? 'File',
  ...(extra.messageFile !== undefined && { [labels.messageFile]: extra.messageFile }),
});

/** `k8s_web_site-1_default_<uid>_0`. */
export function containerName(pod: Pod, name: string, attempt: number): string {
  const { name: podName, namespace, uid } = pod.metadata ?? {};
  return ['k8s', name, podName, namespace, uid, attempt].join('_');
}

/** Upstream hashes what may change in a running pod's container: name and image (kubecontainer.HashContainer). */
export function containerHash(container: Container): string {
  const picked = JSON.stringify({ name: container.name, image: container.image });
  return createHash('sha256').update(picked).digest('hex').slice(0, 8);
}

/** `name_namespace(uid)`: how upstream's messages name a pod (format.Pod). */
export function formatPod(pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  return `${name}_${namespace}(${uid})`;
}

export const podUidOf = (summary: Pick<ContainerSummary, 'Labels'>): string => summary.Labels[labels.podUid] ?? '';
