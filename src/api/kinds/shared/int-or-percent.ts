// A count or a share, `3` or `25%`. Upstream: pkg/apis/apps/validation (ValidatePositiveIntOrPercent,
// IsNotMoreThan100Percent, getIntOrPercentValue).
import { type IntOrString, isPercent } from '../../intstr.ts';
import { percentErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { nonNegative, push } from './field-rules.ts';

export function positiveIntOrPercent(errors: FieldErrors, field: string, value: IntOrString | null | undefined): void {
  if (typeof value === 'number') nonNegative(errors, field, value);
  else if (typeof value === 'string') push(errors, field, value, percentErrors(value));
}

export function notMoreThanAll(errors: FieldErrors, field: string, value: IntOrString | null | undefined): void {
  if (typeof value === 'string' && isPercent(value) && amount(value) > 100) {
    errors.invalid(field, value, 'must not be greater than 100%');
  }
}

const WHOLE = /^[+-]?\d+$/;

/** The number before the `%`, or the number; what is neither counts as 0. */
export function amount(value: IntOrString | null | undefined): number {
  if (typeof value !== 'string') return value ?? 0;
  const digits = isPercent(value) ? value.slice(0, -1) : value;
  return WHOLE.test(digits) ? Number(digits) : 0;
}
