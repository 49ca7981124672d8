// What upstream's storage says when an object is not the one that a client meant. Upstream: apiserver/pkg/storage/
// interfaces.go (Preconditions.Check), storage/errors.go (StorageError), storage/errors/storage.go (Interpret…Error).
import { type StatusError, conflict } from '../../../api/status.ts';
import type { ObjectMeta } from '../../../api/types.ts';

interface Resource {
  group: string;
  plural: string;
}

/** Where upstream's store has what it does not keep by its plural: cmd/kube-apiserver, SpecialDefaultResourcePrefixes. */
const PLACES: Readonly<Record<string, string>> = {
  replicationcontrollers: 'controllers',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  services: 'services/specs',
  ingresses: 'ingress',
};
/** Groups whose resources stand below their group; all others are of one flat space. */
const WITH_GROUP = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);

function storageKey({ group, plural }: Resource, custom: boolean, namespace: string | undefined, name: string): string {
  const place = custom || WITH_GROUP.has(group) ? `${group}/${plural}` : (PLACES[plural] ?? plural);
  return `/registry/${place}/${namespace ? `${namespace}/` : ''}${name}`;
}

/** Where the object would stand, and what it is; without metadata it is not there at all. */
export interface Meant {
  resource: Resource;
  custom?: boolean;
  namespace: string | undefined;
  name: string;
  metadata: Pick<ObjectMeta, 'uid' | 'resourceVersion'>;
}

/** Undefined: it is the one that was meant. */
export function failedPrecondition(
  { resource, custom = false, namespace, name, metadata }: Meant,
  { uid, resourceVersion }: { uid?: string; resourceVersion?: string },
): StatusError | undefined {
  let why: string;
  if (uid && uid !== metadata.uid) why = `UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`;
  else if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    why = `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`;
  } else return undefined;
  const key = storageKey(resource, custom, namespace, name);
  const text = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ${why}`;
  return conflict(resource, name, text);
}
