// Objects that many tests begin with.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';

export const containers = (image = 'app:1'): PodSpec => ({ containers: [{ name: 'app', image }] });

export const template = (
  image = 'app:1',
  more: Partial<PodSpec> = {},
  annotations?: Record<string, string>,
): PodTemplateSpec => ({
  metadata: { labels: { app: 'web' }, ...(annotations ? { annotations } : {}) },
  spec: { ...containers(image), ...more },
});

export function deployment(
  name: string,
  replicas: number,
  more: Partial<NonNullable<Deployment['spec']>> = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(), ...more },
  };
}

export function replicaSet(
  name: string,
  replicas: number,
  more: Partial<NonNullable<ReplicaSet['spec']>> = {},
): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(), ...more },
  };
}

export function pod(
  name: string,
  more: { labels?: Record<string, string>; annotations?: Record<string, string>; spec?: Partial<PodSpec> } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      ...(more.labels ? { labels: more.labels } : {}),
      ...(more.annotations ? { annotations: more.annotations } : {}),
    },
    spec: { ...containers(), ...more.spec },
  };
}

export function statefulSet(
  name: string,
  replicas: number,
  more: Partial<NonNullable<StatefulSet['spec']>> = {},
): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'default' },
    spec: { replicas, serviceName: name, selector: { matchLabels: { app: 'web' } }, template: template(), ...more },
  };
}

export function daemonSet(name: string, more: Partial<NonNullable<DaemonSet['spec']>> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'web' } }, template: template(), ...more },
  };
}
