// The shape of the conditions under which a policy is asked; their expressions are compiled elsewhere.
// Upstream: validateMatchConditions in pkg/apis/admissionregistration/validation.
import type { FieldErrors } from '../../validation.ts';
import { qualifiedName } from './field-rules.ts';

export interface MatchCondition {
  name?: string;
  expression?: string;
}
const MAX_CONDITIONS = 64;

export function conditionNames(errors: FieldErrors, path: string, list: readonly MatchCondition[] = []): void {
  if (list.length > MAX_CONDITIONS) errors.tooMany(path, list.length, MAX_CONDITIONS);
  const names = new Set<string>();
  list.forEach(({ name = '', expression = '' }, i) => {
    if (!expression.trim()) errors.required(`${path}[${i}].expression`);
    if (!name) return errors.required(`${path}[${i}].name`);
    qualifiedName(errors, `${path}[${i}].name`, name);
    if (names.has(name)) errors.duplicate(`${path}[${i}].name`, name);
    names.add(name);
  });
}
