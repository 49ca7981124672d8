// Names of CSI drivers. Upstream: ValidateCSIDriverName of pkg/apis/core/validation.
import { dns1123SubdomainErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { push } from './field-rules.ts';

export function csiDriverName(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') errors.required(field);
  if (name.length > 63) errors.tooLong(field, 63);
  push(errors, field, name, dns1123SubdomainErrors(name.toLowerCase()));
}
