// What PersistentVolume and PersistentVolumeClaim share. Upstream: pkg/apis/core/helper/helpers.go.
import type { KubeObject } from '../../types.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];
const SHORT_MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

/** `RWO,ROX`, in upstream's order. */
export const accessModesText = (modes: readonly string[] | undefined): string =>
  SHORT_MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');

/** The class of the old annotation wins. */
export function storageClassOf(object: KubeObject & { spec?: { storageClassName?: string } }): string {
  const annotation = object.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'];
  return annotation ?? object.spec?.storageClassName ?? '';
}
