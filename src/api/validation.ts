// Collects field errors and turns them into an Invalid Status with upstream's words.
// Upstream: apimachinery/pkg/util/validation/field/errors.go. Name and label rules stand in names.ts.
import { goQuote } from './fieldpath.ts';
import { compareBytes } from './go-format.ts';
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

/** For errors that say no value: upstream's field.OmitValueType. */
export const OMITTED: unique symbol = Symbol('omitted');

/** A Go struct in a message: its fields in the order of the type, absent ones as null. */
export class GoStruct {
  constructor(readonly fields: Readonly<Record<string, unknown>>) {}
}

const HTML: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
const quoted = (text: string): string => JSON.stringify(text).replace(/[<>&]/g, (c) => HTML[c]!);
/** Maps print sorted; the one struct of several fields that is often shown is a label selector. */
const inOrder = (a: string, b: string): number =>
  a === 'matchLabels' ? -1 : b === 'matchLabels' ? 1 : compareBytes(a, b);

function goJson(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  const isStruct = value instanceof GoStruct;
  const fields = (isStruct ? value.fields : value) as Record<string, unknown>;
  const keys = isStruct ? Object.keys(fields) : Object.keys(fields).sort(inOrder);
  const shown = isStruct ? keys : keys.filter((key) => fields[key] !== undefined);
  return `{${shown.map((key) => `${quoted(key)}:${goJson(fields[key])}`).join(',')}}`;
}

/** How upstream prints a bad value (ErrorBody): strings quoted by Go's rules, all else as JSON. */
const show = (value: unknown): string => (typeof value === 'string' ? goQuote(value) : goJson(value));

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
    const body = value === OMITTED ? `Invalid value: ${detail}` : `Invalid value: ${show(value)}: ${detail}`;
    this.add('FieldValueInvalid', field, body);
  }
  typeInvalid(field: string, value: unknown, detail: string): void {
    this.add('FieldValueTypeInvalid', field, `Invalid value: ${show(value)}: ${detail}`);
  }
  /** `supported` is printed in the order given, quoted; callers sort where upstream sorts. */
  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const list = supported.map((s) => JSON.stringify(s)).join(', ');
    this.add('FieldValueNotSupported', field, `Unsupported value: ${show(value)}: supported values: ${list}`);
  }
  duplicate(field: string, value: unknown, detail = ''): void {
    this.add('FieldValueDuplicate', field, `Duplicate value: ${show(value)}${detail && `: ${detail}`}`);
  }
  notFound(field: string, value: unknown, detail = ''): void {
    this.add('FieldValueNotFound', field, `Not found: ${show(value)}${detail && `: ${detail}`}`);
  }
  forbidden(field: string, detail: string): void {
    this.add('FieldValueForbidden', field, `Forbidden: ${detail}`);
  }
  tooLong(field: string, maxBytes: number): void {
    this.add(
      'FieldValueTooLong',
      field,
      `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
    );
  }
  tooMany(field: string, actual: number, max: number): void {
    this.add(
      'FieldValueTooMany',
      field,
      `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    );
  }
  get empty(): boolean {
    return this.list.length === 0;
  }
}

/** One error as it is, several as `[a, b]`; upstream's ErrorList.ToAggregate. */
export function aggregate(errors: FieldErrors): string {
  const unique = [...new Set(errors.list.map((e) => `${e.field}: ${e.body}`))];
  return unique.length === 1 ? unique[0]! : `[${unique.join(', ')}]`;
}

/** `Deployment.apps "x" is invalid: spec.a: Required value` (one), `[a, b]` (several); upstream's NewInvalid. */
export function invalid(kind: { group: string; kind: string }, name: string, errors: FieldErrors): StatusError {
  const qualified = qualifiedResource({ group: kind.group, plural: kind.kind });
  return new StatusError('Invalid', `${qualified} "${name}" is invalid: ${aggregate(errors)}`, {
    name,
    group: kind.group,
    kind: kind.kind,
    causes: errors.list.map((e) => ({ reason: e.type, message: e.body, field: e.field })),
  });
}
