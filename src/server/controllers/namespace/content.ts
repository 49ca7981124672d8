// Deletes what is in a namespace, of every resource that the server has, custom ones included: pods first, the rest
// when they are gone. Upstream: deleteAllContent in pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
import { isReason } from '../../../api/status.ts';
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import { type DiscoveredResource, discover, flatten } from '../../../client/discovery.ts';
import type { Client } from '../../../client/rest.ts';
import { messageOf } from '../shared/objects.ts';
import { distinctResources } from '../shared/resources.ts';
import type { ContentReport } from './conditions.ts';

/** Seconds that an object with finalizers may take, for want of a better guess. */
const FINALIZER_ESTIMATE_SECONDS = 15;

export interface ContentResult extends ContentReport {
  /** Seconds until it is worth to look again; 0: nothing is left. */
  estimateSeconds: number;
}

export async function deleteContent(client: Client, namespace: string): Promise<ContentResult> {
  const { groups, failed } = await discover(client);
  const errors: string[] = [];
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  let estimateSeconds = 0;
  const clear = async (type: DiscoveredResource) => {
    try {
      const left = await deleteAll(client, type, namespace);
      if (left.length === 0) return;
      remaining.set(`${type.plural}.${type.group}`, left.length);
      for (const object of left) {
        const waiting = object.metadata?.finalizers ?? [];
        for (const name of waiting) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
        const grace = object.metadata?.deletionGracePeriodSeconds ?? 0;
        estimateSeconds = Math.max(estimateSeconds, waiting.length > 0 ? FINALIZER_ESTIMATE_SECONDS : 0, grace, 1);
      }
    } catch (error) {
      // Served no more since discovery: then there is nothing of it.
      if (!isReason(error, 'NotFound', 'MethodNotAllowed')) errors.push(messageOf(error));
    }
  };
  const types = distinctResources(flatten(groups), ['delete', 'list']).filter((r) => r.namespaced);
  const pods = types.filter((t) => t.group === '' && t.plural === 'pods');
  await Promise.all(pods.map(clear));
  if (remaining.size === 0 && errors.length === 0) {
    await Promise.all(types.filter((t) => !pods.includes(t)).map(clear));
  }
  return { undiscovered: failed, errors, remaining, finalizers, estimateSeconds };
}

/** Asks for the deletion of all; answers what is still there. */
async function deleteAll(client: Client, type: DiscoveredResource, namespace: string): Promise<KubeObject[]> {
  const untyped = type as ResourceType<KubeObject>;
  const options = { propagationPolicy: 'Background' } as const;
  const all = { namespace, bare: true };
  if ((await client.list(untyped, { ...all, limit: 1 })).items.length === 0) return [];
  if (type.verbs.includes('deletecollection')) {
    await client.deleteCollection(untyped, { namespace }, options);
  } else {
    const { items } = await client.list(untyped, all);
    await Promise.all(
      items.map(({ metadata }) => client.delete(untyped, { name: metadata?.name ?? '', namespace }, options)),
    );
  }
  return (await client.list(untyped, all)).items;
}
