// What PersistentVolume and PersistentVolumeClaim share. Upstream: pkg/apis/core/helper/helpers.go.
import type { KubeObject } from '../../types.ts';
import { tryParseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];
const SHORT_MODES = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

/** ReadWriteOncePod stands alone. */
export function validateAccessModes(errors: FieldErrors, field: string, modes: readonly string[] | undefined): void {
  if (!modes) return;
  let [once, others] = [false, false];
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) errors.notSupported(field, mode, ACCESS_MODES);
    else if (mode === 'ReadWriteOncePod') once = true;
    else others = true;
  }
  if (once && others) errors.forbidden(field, 'may not use ReadWriteOncePod with other access modes');
}

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

/** A warning about an amount of bytes that is no whole number. */
export function fractionalBytes(field: string, value: string | undefined): string[] {
  const quantity = value === undefined || !value.endsWith('m') ? undefined : tryParseQuantity(value);
  if (!quantity || quantity.nanos % 1_000_000_000n === 0n) return [];
  return [`${field}: fractional byte value "${value}" is invalid, must be an integer`];
}
