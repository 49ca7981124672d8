// Claims and volumes are born with a finalizer, which the protection controllers take away when nobody uses them any
// more. Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go.
import { defineAdmission } from './types.ts';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
};

export default defineAdmission({
  name: 'StorageObjectInUseProtection',
  phase: 'mutating',
  handles: ({ operation, resource, subresource }) =>
    operation === 'CREATE' &&
    resource.group === '' &&
    FINALIZERS[resource.resource] !== undefined &&
    subresource === '',
  admit(request) {
    const { metadata } = request.object!;
    const finalizer = FINALIZERS[request.resource.resource]!;
    const present = metadata.finalizers ?? [];
    if (!present.includes(finalizer)) metadata.finalizers = [...present, finalizer];
  },
});
