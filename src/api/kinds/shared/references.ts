// References to objects by kind or resource and name. Upstream: pkg/apis/networking/validation
// (validateIngressTypedLocalObjectReference, validateIPAddressParentReference).
import { dns1123SubdomainErrors, pathSegmentErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { push } from './field-rules.ts';

/** Required, and one segment of a path. */
export function segment(errors: FieldErrors, field: string, value: string | undefined, detail = ''): void {
  if (!value) errors.required(field, detail);
  else push(errors, field, value, pathSegmentErrors(value));
}

export function typedReference(
  errors: FieldErrors,
  path: string,
  ref: { apiGroup?: string | null; kind?: string; name?: string },
): void {
  if (ref.apiGroup != null) push(errors, `${path}.apiGroup`, ref.apiGroup, dns1123SubdomainErrors(ref.apiGroup));
  segment(errors, `${path}.kind`, ref.kind, 'kind is required');
  segment(errors, `${path}.name`, ref.name, 'name is required');
}
