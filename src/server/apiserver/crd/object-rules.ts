// What is checked of every custom object beside its schema: its kind, the fields that its scale is made of, and names
// of finalizers that may clash. Upstream: apiextensions-apiserver pkg/registry/customresource/{validator,strategy}.go.
import { qualifiedNameErrors } from '../../../api/names.ts';
import { goPrint } from '../../../api/patch/equal.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { badRequest } from '../../../api/status.ts';
import { stringifyJson } from '../../../api/codec/json.ts';
import type { FieldErrors } from '../../../api/validation.ts';
import { checkMetadata, summarize } from '../content/decode.ts';
import type { CrdScale } from './types.ts';

/** A custom object must say what it is: nothing else tells it from another. A wrong kind is told with the rest. */
export function checkCustomType(
  draft: JsonObject,
  kind: string,
  apiVersion: string,
): asserts draft is Unstructured & JsonObject {
  if (typeof draft['kind'] !== 'string' || draft['kind'] === '') {
    const text = stringifyJson(draft);
    const why = `Object 'Kind' is missing in '${text}'`;
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summarize(text)})`);
  }
  const said = typeof draft['apiVersion'] === 'string' ? draft['apiVersion'] : '';
  if (said !== apiVersion) {
    throw badRequest(`the API version in the data (${said}) does not match the expected API version (${apiVersion})`);
  }
  checkMetadata(draft, kind, apiVersion);
}

/** False when the object is of another kind: then nothing else is said of it. */
export function hasKind(object: Unstructured, kind: string, errors: FieldErrors): boolean {
  if (object.kind === kind) return true;
  errors.invalid('kind', object.kind ?? '', `must be ${kind}`);
  return false;
}

/** What Go calls a JSON value's type. */
function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'int64' : typeof value;
}

/** The value at a path; a text is what is wrong on the way. */
function at(object: Unstructured, path: string, wanted: 'int64' | 'string'): { value?: unknown; problem?: string } {
  const fields = path.replace(/^\./, '').split('.');
  let value: unknown = object;
  const wrong = (found: unknown, expected: string): { problem: string } => ({
    problem: `.${fields.join('.')} accessor error: ${goPrint(found)} is of the type ${goTypeOf(found)}, expected ${expected}`,
  });
  for (const field of fields) {
    if (value === null || value === undefined) return {};
    if (typeof value !== 'object' || Array.isArray(value)) return wrong(value, 'map[string]interface{}');
    value = (value as Record<string, unknown>)[field];
  }
  if (value === undefined) return {};
  return goTypeOf(value) === wanted ? { value } : wrong(value, wanted);
}

const MAX_INT32 = 2 ** 31 - 1;

function validateReplicas(object: Unstructured, path: string, errors: FieldErrors): void {
  const { value = 0, problem } = at(object, path, 'int64');
  const replicas = value as number;
  if (problem !== undefined) errors.invalid(path, 0, problem);
  else if (replicas < 0) errors.invalid(path, replicas, 'should be a non-negative integer');
  else if (replicas > MAX_INT32) errors.invalid(path, replicas, `should be less than or equal to ${MAX_INT32}`);
}

/** `specToo` is false for an update of the status. */
export function validateScale(
  object: Unstructured,
  scale: CrdScale | undefined,
  specToo: boolean,
  errors: FieldErrors,
): void {
  if (!scale) return;
  if (specToo) validateReplicas(object, scale.specReplicasPath, errors);
  validateReplicas(object, scale.statusReplicasPath, errors);
  if (!scale.labelSelectorPath) return;
  const { problem } = at(object, scale.labelSelectorPath, 'string');
  if (problem !== undefined) errors.invalid(scale.labelSelectorPath, '', problem);
}

const STANDARD = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** Of finalizers that are new. */
export function finalizerWarnings(object: Unstructured, old: Unstructured | undefined): string[] {
  const before = old?.metadata.finalizers ?? [];
  const added = [...new Set(object.metadata.finalizers)].filter((name) => !before.includes(name)).sort();
  return added.flatMap((name) => {
    const say = (why: string): string => `metadata.finalizers: ${JSON.stringify(name)}: ${why}`;
    const warnings = qualifiedNameErrors(name).map(say);
    if (name.includes('/') || STANDARD.includes(name)) return warnings;
    const path = name.includes('.') ? ' including a path (/)' : '';
    const why = `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
    return [...warnings, say(why)];
  });
}
