// Collects field errors and turns them into an Invalid Status with upstream's words.
// Upstream: apimachinery/pkg/util/validation/field/errors.go. Name and label rules stand in names.ts.
import { StatusError, qualifiedResource } from './status.ts';

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

export interface FieldError {
  type: FieldErrorType;
  field: string;
  /** Upstream's Error.ErrorBody(): without the field. */
  body: string;
}

/** How upstream prints a bad value (ErrorBody): strings quoted, objects as JSON, null as null. */
function show(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** A field path: `spec.containers[0].name`, `data[key]`. */
export const at = (path: string, field: string | number): string =>
  typeof field === 'number' ? `${path}[${field}]` : path === '' ? field : `${path}.${field}`;
export const atKey = (path: string, key: string): string => `${path}[${key}]`;

export class FieldErrors {
  readonly list: FieldError[] = [];
  private add(type: FieldErrorType, field: string, body: string): void {
    this.list.push({ type, field, body });
  }
  required(field: string, detail = ''): void {
    this.add('FieldValueRequired', field, detail ? `Required value: ${detail}` : 'Required value');
  }
  invalid(field: string, value: unknown, detail: string): void {
    this.add('FieldValueInvalid', field, `Invalid value: ${show(value)}: ${detail}`);
  }
  typeInvalid(field: string, value: unknown, detail: string): void {
    this.add('FieldValueTypeInvalid', field, `Invalid value: ${show(value)}: ${detail}`);
  }
  /** `supported` is printed in the order given, quoted; callers sort where upstream sorts. */
  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const list = supported.map((s) => JSON.stringify(s)).join(', ');
    this.add('FieldValueNotSupported', field, `Unsupported value: ${show(value)}: supported values: ${list}`);
  }
  duplicate(field: string, value: unknown): void {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${show(value)}`);
  }
  notFound(field: string, value: unknown): void {
    this.add('FieldValueNotFound', field, `Not found: ${show(value)}`);
  }
  forbidden(field: string, detail: string): void {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }
  tooLong(field: string, maxBytes: number): void {
    this.add('FieldValueTooLong', field, `Too long: may not be more than ${maxBytes} bytes`);
  }
  tooMany(field: string, actual: number, max: number): void {
    this.add('FieldValueTooMany', field, `Too many: ${actual}: must have at most ${max} items`);
  }
  get empty(): boolean {
    return this.list.length === 0;
  }
}

/** `Deployment.apps "x" is invalid: spec.a: Required value` (one), `[a, b]` (several); upstream's NewInvalid. */
export function invalid(kind: { group: string; kind: string }, name: string, errors: FieldErrors): StatusError {
  const unique = [...new Set(errors.list.map((e) => `${e.field}: ${e.body}`))];
  const joined = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`;
  const qualified = qualifiedResource({ group: kind.group, plural: kind.kind });
  return new StatusError('Invalid', `${qualified} "${name}" is invalid: ${joined}`, {
    name,
    group: kind.group,
    kind: kind.kind,
    causes: errors.list.map((e) => ({ reason: e.type, message: e.body, field: e.field })),
  });
}
