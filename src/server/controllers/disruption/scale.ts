// How many pods the controllers of a budget's pods are meant to keep: built-in workloads from the caches, everything
// else by its scale subresource. Upstream: finders() in pkg/controller/disruption/disruption.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Deployments, ReplicaSets, ReplicationControllers, StatefulSets } from '../../../api/resources.ts';
import { isNotFound } from '../../../api/status.ts';
import { type KubeObject, type OwnerReference, type ResourceType, parseApiVersion } from '../../../api/types.ts';
import type { ControllerContext } from '../../../client/controller.ts';
import type { Client } from '../../../client/rest.ts';
import { readBytes } from '../../../client/rest.ts';
import { controllerOf } from '../shared/owners.ts';

interface Scale {
  uid: string;
  replicas: number;
}
interface Scalable extends KubeObject {
  spec?: { replicas?: number };
}

export interface ExpectedScale {
  expected: number;
  /** Names of pods that nothing controls: they do not count. */
  unmanaged: string[];
}

/** The sum over all controllers of these pods. Throws an Error that says which pod has none that can be asked. */
export async function expectedScale(pods: readonly Pod[], context: ControllerContext): Promise<ExpectedScale> {
  const replicas = new Map<string, number>();
  const unmanaged: string[] = [];
  /** Owners that were asked already: a ReplicaSet's uid is not that of the Deployment which answers for it. */
  const asked = new Set<string>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) {
      unmanaged.push(pod.metadata?.name ?? '');
      continue;
    }
    if (asked.has(owner.uid)) continue;
    asked.add(owner.uid);
    const scale = await scaleOf(owner, pod.metadata?.namespace ?? '', context);
    if (!scale) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata?.name)}`);
    replicas.set(scale.uid, scale.replicas);
  }
  let expected = 0;
  for (const count of replicas.values()) expected += count;
  return { expected, unmanaged };
}

async function scaleOf(
  owner: OwnerReference,
  namespace: string,
  { client, lister }: ControllerContext,
): Promise<Scale | undefined> {
  const { group } = parseApiVersion(owner.apiVersion);
  const known = <T extends Scalable>(type: ResourceType<T>, reference: OwnerReference): T | undefined => {
    const object = lister(type).get(`${namespace}/${reference.name}`);
    return object?.metadata?.uid === reference.uid ? object : undefined;
  };
  const kind = `${group}/${owner.kind}`;
  if (kind === '/ReplicationController') return scaleFrom(known(ReplicationControllers, owner));
  if (kind === 'apps/StatefulSet') return scaleFrom(known(StatefulSets, owner));
  if (kind === 'apps/ReplicaSet' || kind === 'extensions/ReplicaSet') {
    const set = known(ReplicaSets, owner);
    const above = set && controllerOf(set);
    if (above?.kind !== 'Deployment') return scaleFrom(set);
    return scaleFrom(known(Deployments, above));
  }
  return askedScale(owner, namespace, client);
}

const scaleFrom = (object: Scalable | undefined): Scale | undefined =>
  object && { uid: object.metadata?.uid ?? '', replicas: object.spec?.replicas ?? 1 };

interface ServedResource {
  name: string;
  kind: string;
}

/** Upstream: getScaleController. */
async function askedScale(owner: OwnerReference, namespace: string, client: Client): Promise<Scale | undefined> {
  const { group, version } = parseApiVersion(owner.apiVersion);
  const resources = await servedBy(owner.apiVersion, client);
  const resource = resources.find((r) => r.kind === owner.kind && !r.name.includes('/'));
  if (!resource) throw new Error(`no matches for kind ${JSON.stringify(owner.kind)} in version "${owner.apiVersion}"`);
  if (!resources.some((r) => r.name === `${resource.name}/scale`)) {
    throw new Error(`${resource.name}${group ? `.${group}` : ''} does not implement the scale subresource`);
  }
  const type: ResourceType<Scalable> = { group, version, plural: resource.name, kind: owner.kind, namespaced: true };
  try {
    const scale = await client.get(type, { name: owner.name, namespace }, { subresource: 'scale' });
    if (scale.metadata?.uid !== owner.uid) return undefined;
    return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function servedBy(apiVersion: string, client: Client): Promise<ServedResource[]> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  try {
    const response = await client.request('GET', path, { shared: false });
    const list = JSON.parse((await readBytes(response)).toString('utf8')) as { resources?: ServedResource[] };
    return list.resources ?? [];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
