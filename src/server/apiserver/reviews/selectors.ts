// Field and label selectors of the lists and watches that a review asks about: what is wrong with them, and the field
// selector as a request would carry it. Upstream: pkg/apis/authorization/validation (validateFieldSelectorAttributes),
// pkg/registry/authorization/util (FieldSelectorAsSelector).
import { escapeFieldValue } from '../../../api/field-selector.ts';
import { qualifiedNameErrors } from '../../../api/names.ts';
import type { FieldErrors } from '../../../api/validation.ts';

interface Requirement {
  key?: string;
  operator?: string;
  values?: string[];
}
export interface SelectorAttributes {
  rawSelector?: string;
  requirements?: Requirement[];
}

export function checkSelector(
  errors: FieldErrors,
  field: string,
  selector: SelectorAttributes | undefined,
  ofLabels: boolean,
): void {
  if (!selector) return;
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0) {
    errors.invalid(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements');
  }
  if (rawSelector === '' && requirements.length === 0) {
    errors.required(`${field}.requirements`, `when ${field} is specified, requirements or rawSelector is required`);
  }
  requirements.forEach((requirement, i) =>
    checkRequirement(errors, `${field}.requirements[${i}]`, requirement, ofLabels),
  );
}

/** Operators that are unknown here may be known to a newer client's authorizer. */
function checkRequirement(
  errors: FieldErrors,
  field: string,
  { key = '', operator = '', values = [] }: Requirement,
  ofLabels: boolean,
): void {
  if (operator === '') errors.required(`${field}.operator`, 'must be specified');
  else if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    errors.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    errors.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  }
  if (!ofLabels) {
    if (key === '') errors.required(`${field}.key`, 'must be specified');
    return;
  }
  for (const why of qualifiedNameErrors(key)) errors.invalid(`${field}.key`, key, why);
}

/** What a field selector can say; other requirements only narrow the answer, which authorizers may ignore. */
export function fieldSelectorText(selector: SelectorAttributes | undefined): string {
  if (!selector) return '';
  if (selector.rawSelector) return selector.rawSelector;
  const terms: string[] = [];
  for (const { key, operator, values = [] } of selector.requirements ?? []) {
    if (values.length !== 1) continue;
    if (operator === 'In') terms.push(`${key}=${escapeFieldValue(values[0]!)}`);
    else if (operator === 'NotIn') terms.push(`${key}!=${escapeFieldValue(values[0]!)}`);
  }
  return terms.join(',');
}
