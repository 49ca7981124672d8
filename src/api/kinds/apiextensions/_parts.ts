// The parts of a definition that are checked by themselves: columns, subresources, selectable fields, conversion.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go; the paths are its internal type's,
// which is what clients get to see (JSONPath, webhookClientConfig).
import { dns1035LabelErrors } from '../../names.ts';
import { findFieldPath } from '../../schema/field-paths.ts';
import { fromCrdSchema } from '../../schema/from-crd.ts';
import type { FieldErrors } from '../../validation.ts';
import type { Conversion, PrinterColumn, Subresources } from './_types.ts';
import { isCaBundle, validateClientConfig } from '../shared/webhook-client.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE_FIELDS = 8;
const SELECTABLE_TYPES: readonly unknown[] = ['string', 'boolean', 'integer'];

export function validateColumn(column: PrinterColumn, path: string, errors: FieldErrors): void {
  const { name, type, format, jsonPath } = column;
  if (!name) errors.required(`${path}.name`);
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (!type) errors.required(`${path}.type`, types);
  else if (!COLUMN_TYPES.includes(type)) errors.invalid(`${path}.type`, type, types);
  if (format && !COLUMN_FORMATS.includes(format)) {
    errors.invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`);
  }
  if (!jsonPath) errors.required(`${path}.JSONPath`);
  else validateJsonPath(jsonPath, `${path}.JSONPath`, errors);
}

/** False when it is none. */
function validateJsonPath(text: string, path: string, errors: FieldErrors): boolean {
  if (text.startsWith('.')) return true;
  errors.invalid(path, text, 'must be a simple json path starting with .');
  return false;
}

export function validateSubresources({ scale }: Subresources, path: string, errors: FieldErrors): void {
  if (!scale) return;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  const check = (field: string, value: string | undefined, roots: string[], where: string): void => {
    const at = `${path}.scale.${field}`;
    if (!value) errors.required(at);
    else if (validateJsonPath(value, at, errors) && !roots.some((root) => value.startsWith(root))) {
      errors.invalid(at, value, `should be a json path under ${where}`);
    }
  };
  check('specReplicasPath', specReplicasPath, ['.spec.'], '.spec');
  check('statusReplicasPath', statusReplicasPath, ['.status.'], '.status');
  if (!labelSelectorPath) return;
  check('labelSelectorPath', labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status');
}

export function validateSelectableFields(
  fields: readonly { jsonPath?: string }[],
  openAPIV3Schema: object,
  path: string,
  errors: FieldErrors,
): void {
  const schema = fromCrdSchema(openAPIV3Schema);
  const seen = new Set<string>();
  fields.forEach(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return errors.required(at);
    const found = findFieldPath(jsonPath, schema, false);
    if (typeof found === 'string') return errors.invalid(at, jsonPath, `is an invalid path: ${found}`);
    if (found.root === 'metadata') errors.invalid(at, jsonPath, 'must not point to fields in metadata');
    if (!SELECTABLE_TYPES.includes(found.schema?.type)) {
      const why =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.invalid(at, jsonPath, why);
    }
    if (seen.has(found.path)) errors.duplicate(at, jsonPath);
    seen.add(found.path);
  });
  if (seen.size > MAX_SELECTABLE_FIELDS) errors.tooMany(path, seen.size, MAX_SELECTABLE_FIELDS);
}

export interface ConversionOptions {
  /** What was accepted before stays: review versions of which none is known, a bundle that is none. */
  allowUnknownVersions: boolean;
  allowBadBundle: boolean;
}

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
export const knowsReviewVersion = (versions: readonly string[]): boolean =>
  versions.some((version) => REVIEW_VERSIONS.includes(version));

export function validateConversion(conversion: Conversion, options: ConversionOptions, errors: FieldErrors): void {
  const path = 'spec.conversion';
  const { strategy = '', webhook } = conversion;
  if (strategy === '') errors.required(`${path}.strategy`);
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    errors.notSupported(`${path}.strategy`, strategy, ['None', 'Webhook']);
  }
  const versions = webhook?.conversionReviewVersions ?? [];
  const config = webhook?.clientConfig;
  const at = `${path}.webhookClientConfig`;
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (config) errors.forbidden(at, why);
    if (versions.length > 0) errors.forbidden(`${path}.conversionReviewVersions`, why);
    return;
  }
  if (!config) errors.required(at, 'required when strategy is set to Webhook');
  else {
    validateClientConfig(errors, at, config);
    if (config.caBundle && !options.allowBadBundle && !isCaBundle(config.caBundle)) {
      const why = 'unable to load root certificates: unable to parse bytes as PEM block';
      errors.invalid(`${at}.caBundle`, config.caBundle, why);
    }
  }
  validateReviewVersions(versions, options.allowUnknownVersions, `${path}.conversionReviewVersions`, errors);
}

function validateReviewVersions(versions: string[], allowUnknown: boolean, path: string, errors: FieldErrors): void {
  if (versions.length === 0) return errors.required(path);
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) return errors.invalid(`${path}[${i}]`, version, 'duplicate version');
    for (const why of dns1035LabelErrors(version)) errors.invalid(`${path}[${i}]`, version, why);
  });
  if (!allowUnknown && !knowsReviewVersion(versions)) {
    errors.invalid(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
  }
}
