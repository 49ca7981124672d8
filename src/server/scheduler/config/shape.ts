// Which fields a configuration file may have, and of which type: what is unknown or of another type is told with its path.
import { type FieldErrors, at } from '../../../api/validation.ts';

/** `any` is not looked into; a list has one shape for all its items. */
export type Shape = 'string' | 'integer' | 'number' | 'boolean' | 'duration' | 'any' | readonly [Shape] | Fields;
export interface Fields {
  readonly [field: string]: Shape;
}

const DURATION = /^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$/;
const WORDS = {
  string: 'must be a string',
  integer: 'must be an integer',
  number: 'must be a number',
  boolean: 'must be true or false',
  duration: 'must be a duration, like 15s',
} as const;

function isOf(value: unknown, type: keyof typeof WORDS): boolean {
  if (type === 'duration') return typeof value === 'string' && DURATION.test(value);
  if (type === 'integer') return Number.isSafeInteger(value);
  return typeof value === type;
}

/** Adds an error for everything that does not have the shape; absent and null values have every shape. */
export function checkShape(value: unknown, shape: Shape, path: string, errors: FieldErrors): void {
  if (value === undefined || value === null || shape === 'any') return;
  if (typeof shape === 'string') {
    if (!isOf(value, shape)) errors.typeInvalid(path, value, WORDS[shape]);
  } else if (isList(shape)) {
    if (!Array.isArray(value)) errors.typeInvalid(path, value, 'must be a list');
    else value.forEach((item, i) => checkShape(item, shape[0], at(path, i), errors));
  } else if (typeof value !== 'object' || Array.isArray(value)) {
    errors.typeInvalid(path, value, 'must be an object');
  } else {
    for (const [field, inner] of Object.entries(value)) {
      if (Object.hasOwn(shape, field)) checkShape(inner, shape[field]!, at(path, field), errors);
      else errors.forbidden(at(path, field), 'unknown field');
    }
  }
}

const isList = (shape: readonly [Shape] | Fields): shape is readonly [Shape] => Array.isArray(shape);

/** Milliseconds of a Go duration that has been checked. */
export function durationMs(text: string): number {
  const units: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * units[unit!]!;
  return sum;
}
