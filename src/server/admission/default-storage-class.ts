// Claims that name no storage class get the default one. Upstream: plugin/pkg/admission/storage/storageclass/setdefault.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { StorageClasses } from '../../api/resources.ts';
import { defaultClass } from './_default-class.ts';
import { defineAdmission } from './types.ts';

const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
/** How a claim named its class before there was a field; present, it counts even when it is empty. */
const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';

export default defineAdmission({
  name: 'DefaultStorageClass',
  phase: 'mutating',
  handles: ({ operation, resource, subresource }) =>
    operation === 'CREATE' &&
    resource.group === '' &&
    resource.resource === 'persistentvolumeclaims' &&
    subresource === '',
  admit(request, { lister }) {
    const claim = request.object as unknown as PersistentVolumeClaim;
    const isNamed = claim.metadata?.annotations?.[OLD_CLASS] !== undefined;
    if (isNamed || (claim.spec?.storageClassName ?? undefined) !== undefined) return;
    const found = defaultClass(lister.list(StorageClasses), IS_DEFAULT);
    if (found) claim.spec = { ...claim.spec, storageClassName: found.metadata?.name };
  },
});
