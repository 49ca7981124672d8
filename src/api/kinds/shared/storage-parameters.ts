// What classes of storage share: a driver's name and its parameters. Upstream: pkg/apis/storage/validation
// (validateProvisioner, validateParameters).
import { byteLength } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { qualifiedName } from './field-rules.ts';

const MAX_PARAMETERS = 512;
const MAX_BYTES = 256 * 1024;

export function provisioner(errors: FieldErrors, field: string, name: string | undefined): void {
  if (!name) errors.required(field);
  else qualifiedName(errors, field, name.toLowerCase());
}

export function parameters(errors: FieldErrors, field: string, map: Record<string, string> | undefined): void {
  let [count, bytes] = [0, 0];
  for (const key in map) {
    count++;
    bytes += byteLength(key) + byteLength(map[key] ?? '');
  }
  if (count > MAX_PARAMETERS) return errors.tooLong(field, MAX_PARAMETERS);
  if (map && Object.hasOwn(map, '')) errors.invalid(field, '', 'field can not be empty.');
  if (bytes > MAX_BYTES) errors.tooLong(field, MAX_BYTES);
}
