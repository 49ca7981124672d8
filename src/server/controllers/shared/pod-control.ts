// Creating and deleting pods for an owner, with the events that go with it. Upstream: RealPodControl in
// pkg/controller/controller_utils.go.
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../../api/resources.ts';
import type { LabelSelector } from '../../../api/selector.ts';
import { StatusError, isNotFound } from '../../../api/status.ts';
import { type KubeObject, type OwnerReference, objectKey } from '../../../api/types.ts';
import type { EventRecorder } from '../../../client/events.ts';
import type { Client } from '../../../client/rest.ts';
import type { Lister } from '../../../client/informer.ts';
import type { Expectations } from './expectations.ts';
import { messageOf, slowStartBatch } from './objects.ts';
import { controlledBy, controllerOf } from './owners.ts';
import { ownedSelector } from './selectors.ts';
import { wasRefused } from './written-versions.ts';

/** The namespace is going: nothing can be created in it, and nobody needs to be told. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes?.some((c) => c.reason === 'NamespaceTerminating') ?? false);

/** A reconcile in such a namespace has nothing left to do: what it would make again goes as well. */
export async function unlessTerminating<T>(reconcile: Promise<T>): Promise<T | undefined> {
  try {
    return await reconcile;
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    throw error;
  }
}

/** A pod from a template. Upstream: GetPodFromTemplate. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, reference: OwnerReference): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata?.name ?? ''}-`,
      namespace: owner.metadata?.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [reference as Required<OwnerReference>],
    },
    spec: template.spec,
  };
}

interface Owned {
  client: Client;
  events: EventRecorder;
  /** With kind and apiVersion. */
  owner: KubeObject;
}

export async function createPod({ client, events, owner }: Owned, pod: Pod): Promise<Pod> {
  try {
    const created = await client.create(Pods, pod);
    events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name}`);
    return created;
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
    }
    throw error;
  }
}

/** A pod that is gone already counts as deleted, without an event. */
export async function deletePod({ client, events, owner }: Owned, pod: Pod): Promise<void> {
  const { name = '', namespace } = pod.metadata ?? {};
  try {
    await client.delete(Pods, { name, namespace });
    events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) throw error;
    events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
    throw new Error(`unable to delete pods: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * After a creation or deletion without an answer: whether the cache shows the pods of this owner that the server has, and
 * no others. To act before that is to do it twice. Upstream does, and undoes what was too much.
 */
export async function showsAllPods(
  client: Client,
  pods: Lister<Pod>,
  { metadata }: KubeObject,
  selector: LabelSelector | undefined,
): Promise<boolean> {
  const uid = metadata?.uid ?? '';
  const own = ownedSelector(selector);
  const goes = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
  // Its own pods alone: a server that does not answer is a busy one, and a namespace may have thousands.
  const { items } = await client.list(Pods, {
    namespace: metadata?.namespace,
    labelSelector: own.toString(),
  });
  const live = new Map(
    items.filter((pod) => controllerOf(pod)?.uid === uid).map((pod) => [pod.metadata?.uid ?? '', pod] as const),
  );
  const cached = controlledBy(pods, uid).filter((pod) => own.matches(pod.metadata?.labels ?? {}));
  const isShown = (pod: Pod): boolean => {
    const there = live.get(pod.metadata?.uid ?? '');
    return there !== undefined && goes(there) === goes(pod);
  };
  return cached.length === live.size && cached.every(isShown);
}

/**
 * Creates pods that are expected already, a few first. What failed or was skipped will never be seen, and is expected no
 * more. Answers the first error.
 */
export async function createExpected(
  owned: Owned,
  expectations: Expectations,
  count: number,
  podAt: (index: number) => Pod,
): Promise<unknown> {
  const key = objectKey(owned.owner);
  const { succeeded, error } = await slowStartBatch(count, async (i) => {
    await createPod(owned, podAt(i)).catch((failure: unknown) => {
      if (!wasRefused(failure)) expectations.setUnsure(key, true);
      throw failure;
    });
  });
  if (succeeded < count) expectations.creationObserved(key, count - succeeded);
  // Whoever it was that found the namespace going, the others need not try.
  return isNamespaceTerminating(error) ? undefined : error;
}

/** Deletes pods whose deletions are expected already; one that failed is expected no more. Answers the first error. */
export async function deleteExpected(owned: Owned, expectations: Expectations, pods: readonly Pod[]): Promise<unknown> {
  const results = await Promise.allSettled(
    pods.map(async (pod) => {
      try {
        await deletePod(owned, pod);
      } catch (error) {
        const key = objectKey(owned.owner);
        expectations.deletionObserved(key, objectKey(pod));
        if (isNotFound(error)) return;
        if (!wasRefused((error as Error).cause)) expectations.setUnsure(key, true);
        throw error;
      }
    }),
  );
  return results.find((r) => r.status === 'rejected')?.reason;
}
