// The config maps and secrets that pods of this node name, and no others: one watch for each object, begun with the
// first pod that needs it and ended with the last. Upstream: pkg/kubelet/util/manager/watch_based_manager.go.
import type { ConfigMap, Pod, Secret } from 'kubernetes-types/core/v1.js';
import { ConfigMaps, Secrets } from '../../api/resources.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import { type Informer, startInformer } from '../../client/informer.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { allContainers } from './pod-facts.ts';

type Kind = 'configmap' | 'secret';
const TYPES: Record<Kind, ResourceType<KubeObject>> = {
  configmap: ConfigMaps as ResourceType<KubeObject>,
  secret: Secrets as ResourceType<KubeObject>,
};

interface Watched {
  informer: Informer<KubeObject>;
  users: Set<string>;
}

/** How long a first read may take before the pod is told to wait. */
const SYNC_TIMEOUT_MS = 10_000;

export class ObjectCache {
  private readonly watched = new Map<string, Watched>();
  private readonly ofPod = new Map<string, Set<string>>();

  constructor(
    private readonly options: {
      client: Client;
      signal: AbortSignal;
      log: Logger;
      /** An object of these pods changed. */
      onChange(podUids: Iterable<string>): void;
    },
  ) {}

  register(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const keys = new Set(references(pod).map(([kind, name]) => `${kind}/${pod.metadata?.namespace ?? ''}/${name}`));
    for (const key of keys) this.use(key, uid);
    for (const key of this.ofPod.get(uid) ?? []) if (!keys.has(key)) this.release(key, uid);
    this.ofPod.set(uid, keys);
  }

  unregister(uid: string): void {
    for (const key of this.ofPod.get(uid) ?? []) this.release(key, uid);
    this.ofPod.delete(uid);
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.read('configmap', namespace, name) as Promise<ConfigMap | undefined>;
  }
  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.read('secret', namespace, name) as Promise<Secret | undefined>;
  }
  /** What is known now, for code that cannot wait. */
  peek(kind: Kind, namespace: string, name: string): KubeObject | undefined {
    return this.watched.get(`${kind}/${namespace}/${name}`)?.informer.lister.get(`${namespace}/${name}`);
  }

  /** Resolves when everything that the pod names has been read once. */
  async whenKnown(pod: Pod): Promise<void> {
    for (const [kind, name] of references(pod)) await this.read(kind, pod.metadata?.namespace ?? '', name);
  }

  private async read(kind: Kind, namespace: string, name: string): Promise<KubeObject | undefined> {
    const found = this.watched.get(`${kind}/${namespace}/${name}`);
    if (!found) return undefined;
    const { informer } = found;
    if (!informer.synced) {
      const limit = AbortSignal.any([this.options.signal, AbortSignal.timeout(SYNC_TIMEOUT_MS)]);
      await informer.whenSynced(limit).catch(() => {
        throw new Error(`failed to sync ${kind} cache: timed out waiting for the condition`);
      });
    }
    return informer.lister.get(`${namespace}/${name}`);
  }

  private use(key: string, uid: string): void {
    const known = this.watched.get(key);
    if (known) {
      known.users.add(uid);
      return;
    }
    const [kind, namespace, name] = key.split('/') as [Kind, string, string];
    const { client, signal, log } = this.options;
    const informer = startInformer(client, TYPES[kind], {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      signal,
      log,
    });
    const users = new Set([uid]);
    const changed = () => this.options.onChange(users);
    informer.addHandler({ add: (_object, initial) => initial || changed(), update: changed, delete: changed });
    this.watched.set(key, { informer, users });
  }

  private release(key: string, uid: string): void {
    const entry = this.watched.get(key);
    entry?.users.delete(uid);
    if (entry?.users.size !== 0) return;
    entry.informer.stop();
    this.watched.delete(key);
  }
}

/** Every config map and secret that a pod names: volumes, environment, pull secrets. */
export function references(pod: Pod): [Kind, string][] {
  const found: [Kind, string | undefined][] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.configMap) found.push(['configmap', volume.configMap.name]);
    if (volume.secret) found.push(['secret', volume.secret.secretName]);
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap) found.push(['configmap', source.configMap.name]);
      if (source.secret) found.push(['secret', source.secret.name]);
    }
  }
  for (const container of allContainers(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      if (configMapRef) found.push(['configmap', configMapRef.name]);
      if (secretRef) found.push(['secret', secretRef.name]);
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef) found.push(['configmap', valueFrom.configMapKeyRef.name]);
      if (valueFrom?.secretKeyRef) found.push(['secret', valueFrom.secretKeyRef.name]);
    }
  }
  for (const { name } of pod.spec?.imagePullSecrets ?? []) found.push(['secret', name]);
  return found.filter((entry): entry is [Kind, string] => entry[1] !== undefined && entry[1] !== '');
}
