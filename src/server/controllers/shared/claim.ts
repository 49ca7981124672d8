// Adoption and release: a controller takes matching objects that nobody controls and lets go of its own that no
// longer match. Upstream: pkg/controller/controller_ref_manager.go (BaseControllerRefManager.ClaimObject).
import { StatusError, isNotFound, isReason } from '../../../api/status.ts';
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import type { Client } from '../../../client/rest.ts';
import { controllerOf, newControllerRef } from './owners.ts';

export type Claim = 'keep' | 'adopt' | 'release' | 'ignore';

/** What to do with one object. `matches` is the owner's selector on the object's labels. */
export function decideClaim(owner: KubeObject, object: KubeObject, matches: boolean): Claim {
  const controller = controllerOf(object);
  const ownerGoes = owner.metadata?.deletionTimestamp !== undefined;
  if (controller) {
    if (controller.uid !== owner.metadata?.uid) return 'ignore';
    if (matches) return 'keep';
    return ownerGoes ? 'ignore' : 'release';
  }
  if (ownerGoes || !matches || object.metadata?.deletionTimestamp !== undefined) return 'ignore';
  return 'adopt';
}

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  client: Client;
  ownerType: ResourceType<O>;
  owner: O;
  type: ResourceType<T>;
  /** The owner's selector, and what else the kind asks of the objects that it owns. */
  matches(labels: Readonly<Record<string, string>>, object: T): boolean;
  /** What is adopted gets it, what is released loses it. */
  finalizer?: string;
}

/** Adopts and releases as needed; answers the objects that the owner controls now. */
export async function claimObjects<O extends KubeObject, T extends KubeObject>(
  objects: readonly T[],
  options: ClaimOptions<O, T>,
): Promise<T[]> {
  const claimed: T[] = [];
  let canAdopt: Promise<void> | undefined;
  for (const object of objects) {
    const claim = decideClaim(options.owner, object, options.matches(object.metadata?.labels ?? {}, object));
    if (claim === 'keep') claimed.push(object);
    else if (claim === 'release') await release(object, options);
    else if (claim === 'adopt') {
      canAdopt ??= checkOwner(options);
      await canAdopt;
      const adopted = await adopt(object, options);
      if (adopted) claimed.push(adopted);
    }
  }
  return claimed;
}

/**
 * Adoption is refused when the live owner is another object, gone or going (RecheckDeletionTimestamp). These are conflicts: the
 * cache is older than what is, and its next event is on its way.
 */
async function checkOwner<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<void> {
  const { name = '', namespace, uid } = options.owner.metadata ?? {};
  const live = await options.client.get(options.ownerType, { name, namespace }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new StatusError('Conflict', error instanceof Error ? error.message : String(error));
  });
  if (live.metadata?.uid !== uid) {
    throw new StatusError(
      'Conflict',
      `original ${options.ownerType.kind} ${namespace}/${name} is gone: got uid ${live.metadata?.uid}, wanted ${uid}`,
    );
  }
  if (live.metadata?.deletionTimestamp !== undefined) {
    const message = `${namespace}/${name} has just been deleted at ${live.metadata.deletionTimestamp}`;
    throw new StatusError('Conflict', message);
  }
}

async function adopt<O extends KubeObject, T extends KubeObject>(
  object: T,
  options: ClaimOptions<O, T>,
): Promise<T | undefined> {
  const { name = '', namespace, uid } = object.metadata ?? {};
  const finalizers = options.finalizer === undefined ? {} : { finalizers: [options.finalizer] };
  const ownerReferences = [newControllerRef(options.ownerType, options.owner)];
  const patch = { metadata: { ownerReferences, uid, ...finalizers } };
  try {
    return await options.client.patch(options.type, { name, namespace }, 'strategic', patch);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release<O extends KubeObject, T extends KubeObject>(
  object: T,
  options: ClaimOptions<O, T>,
): Promise<void> {
  const { name = '', namespace, uid } = object.metadata ?? {};
  const ownerReferences = [{ $patch: 'delete', uid: options.owner.metadata?.uid }];
  const finalizers =
    options.finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [options.finalizer] };
  const patch = { metadata: { ownerReferences, uid, ...finalizers } };
  try {
    await options.client.patch(options.type, { name, namespace }, 'strategic', patch);
  } catch (error) {
    // Gone, or replaced by another object of that name: either way it is ours no more.
    if (!isReason(error, 'NotFound', 'Invalid', 'Conflict')) throw error;
  }
}
