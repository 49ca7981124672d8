// What ConfigMap and Secret share: the size limit, and the promise of `immutable`.
import { semanticEqual } from '../../equal.ts';
import type { FieldErrors } from '../../validation.ts';

/** Upstream's MaxSecretSize. */
export const MAX_SECRET_BYTES = 1024 * 1024;

/** How many bytes a base64 text stands for. */
export function base64Length(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

const MESSAGE = 'field is immutable when `immutable` is set';

export function frozenData<T extends { immutable?: boolean }>(
  errors: FieldErrors,
  now: T,
  old: T,
  fields: readonly (keyof T & string)[],
): void {
  if (!now.immutable) errors.forbidden('immutable', MESSAGE);
  for (const field of fields) if (!semanticEqual(now[field], old[field])) errors.forbidden(field, MESSAGE);
}
