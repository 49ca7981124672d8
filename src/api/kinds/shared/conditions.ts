// Conditions of the common form. Upstream: apimachinery/pkg/apis/meta/v1/validation (ValidateConditions).
import { qualifiedNameErrors, regexMessage } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { push } from './field-rules.ts';

export interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
  lastTransitionTime?: string | null;
  reason?: string;
  message?: string;
}

const STATUSES = ['False', 'True', 'Unknown'];
const REASON_SOURCE = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON = new RegExp(`^(?:${REASON_SOURCE})$`);
const MAX_REASON = 1024;
const MAX_MESSAGE = 32 * 1024;

function reason(errors: FieldErrors, field: string, value: string | undefined): void {
  if (!value) return errors.required(field);
  if (!REASON.test(value)) {
    const what =
      "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
    const examples = ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'];
    errors.invalid(field, value, regexMessage(what, REASON_SOURCE, ...examples));
  }
  if (value.length > MAX_REASON) errors.tooLong(field, MAX_REASON);
}

export function conditions(errors: FieldErrors, path: string, list: readonly Condition[] | undefined): void {
  const seen = new Set<string>();
  list?.forEach((condition, i) => {
    const field = `${path}[${i}]`;
    const { type = '', status = '', observedGeneration, message = '' } = condition;
    if (seen.has(type)) errors.duplicate(`${field}.type`, type);
    seen.add(type);
    push(errors, `${field}.type`, type, qualifiedNameErrors(type));
    if (!STATUSES.includes(status)) errors.notSupported(`${field}.status`, status, STATUSES);
    if (observedGeneration !== undefined && observedGeneration < 0) {
      errors.invalid(`${field}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero');
    }
    if (!condition.lastTransitionTime) errors.required(`${field}.lastTransitionTime`);
    reason(errors, `${field}.reason`, condition.reason);
    if (message.length > MAX_MESSAGE) errors.tooLong(`${field}.message`, MAX_MESSAGE);
  });
}
