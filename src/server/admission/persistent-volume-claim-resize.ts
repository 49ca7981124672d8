// Claims grow only when they are bound and their storage class can do it. That they never shrink is validation's
// business. Upstream: plugin/pkg/admission/storage/persistentvolume/resize/admission.go.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { compareQuantities } from '../../api/quantity.ts';
import { StorageClasses } from '../../api/resources.ts';
import { newForbidden } from './_forbidden.ts';
import { defineAdmission } from './types.ts';

const sizeOf = (claim: PersistentVolumeClaim): string => claim.spec?.resources?.requests?.['storage'] ?? '0';
const classOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';

export default defineAdmission({
  name: 'PersistentVolumeClaimResize',
  phase: 'validating',
  handles: ({ operation, resource, subresource }) =>
    operation === 'UPDATE' &&
    resource.group === '' &&
    resource.resource === 'persistentvolumeclaims' &&
    subresource === '',
  validate(request, { lister }) {
    const [old, claim] = [request.oldObject, request.object] as unknown as PersistentVolumeClaim[];
    if (compareQuantities(sizeOf(claim!), sizeOf(old!)) <= 0) return;
    if (old!.status?.phase !== 'Bound') {
      throw newForbidden(request, 'Only bound persistent volume claims can be expanded');
    }
    const name = classOf(claim!);
    const canGrow = name === '' ? undefined : lister.get(StorageClasses, undefined, name)?.allowVolumeExpansion;
    if (canGrow && name === classOf(old!)) return;
    throw newForbidden(
      request,
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
  },
});
