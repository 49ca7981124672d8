// The ControllerRevisions of one owner: found and adopted, made, brought to the front again, and cleaned up.
// Upstream: pkg/controller/history/controller_history.go. What a revision holds is in api/revisions.ts.
import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { ControllerRevisions } from '../../../api/resources.ts';
import { revisionData } from '../../../api/revisions.ts';
import { isConflict, isNotFound } from '../../../api/status.ts';
import type { KubeObject, OwnerReference, ResourceType } from '../../../api/types.ts';
import type { Lister } from '../../../client/informer.ts';
import type { Client } from '../../../client/rest.ts';
import { claimObjects } from '../shared/claim.ts';
import { controlledOrOrphan, newControllerRef } from '../shared/owners.ts';
import { ownedSelector } from '../shared/selectors.ts';
import type { LabelSelector } from '../../../api/selector.ts';

export interface Templated extends KubeObject {
  spec?: { selector?: LabelSelector; template: PodTemplateSpec };
}

/** What the owner controls or takes over, in no order. The lister is indexed by controller. */
export function claimRevisions<T extends Templated>(
  client: Client,
  lister: Lister<ControllerRevision>,
  ownerType: ResourceType<T>,
  owner: T,
): Promise<ControllerRevision[]> {
  const selector = ownedSelector(owner.spec?.selector);
  return claimObjects(controlledOrOrphan(lister, owner), {
    client,
    ownerType,
    owner,
    type: ControllerRevisions,
    matches: (labels) => selector.matches(labels),
  });
}

/** A name has room for the hash. Upstream: ControllerRevisionName. */
export const revisionName = (owner: string, hash: string): string => `${owner.slice(0, 223)}-${hash}`;

/** A snapshot of the owner's template, with the owner's annotations: they hold the cause of the change. */
export function newRevision<T extends Templated>(
  ownerType: ResourceType<T>,
  owner: T,
  { hash, hashLabel, revision }: { hash: string; hashLabel: string; revision: number },
): ControllerRevision {
  const template = owner.spec!.template;
  const { annotations, name = '', namespace } = owner.metadata ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revisionName(name, hash),
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [newControllerRef(ownerType, owner) as Required<OwnerReference>],
    },
    data: revisionData(template) as unknown as ControllerRevision['data'],
    revision,
  };
}

/** Gives a revision another number. Upstream: UpdateControllerRevision. */
export async function renumber(
  client: Client,
  revision: ControllerRevision,
  number: number,
): Promise<ControllerRevision> {
  if (revision.revision === number) return revision;
  try {
    return await client.update(ControllerRevisions, { ...revision, revision: number });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { name = '', namespace } = revision.metadata ?? {};
    const live = await client.get(ControllerRevisions, { name, namespace });
    return live.revision === number ? live : client.update(ControllerRevisions, { ...live, revision: number });
  }
}

export async function deleteRevision(client: Client, revision: ControllerRevision): Promise<void> {
  const { name = '', namespace } = revision.metadata ?? {};
  try {
    await client.delete(ControllerRevisions, { name, namespace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
