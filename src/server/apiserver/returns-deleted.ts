// Kinds whose last state is the answer to a delete, where others answer a Status. Upstream: ReturnDeletedObject in
// pkg/registry/*/*/storage.
import type { AnyKind } from '../../api/kind.ts';

const RETURNED = new Set([
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

export const returnsDeleted = ({ group, plural }: AnyKind): boolean => RETURNED.has(`${group}/${plural}`);
