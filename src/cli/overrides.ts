// --overrides and --override-type: what the user changes in a generated object.
// Upstream: kubectl/pkg/cmd/util/override_options.go.
import { parseJson, stringifyJson } from '../api/codec/json.ts';
import { builtinSchemas } from '../api/schema/builtin.ts';
import { checkTypes, jsonKind } from '../api/schema/check-types.ts';
import { pruneUnknown } from '../api/schema/prune.ts';
import { StatusError } from '../api/status.ts';
import { parseApiVersion, type Unstructured } from '../api/types.ts';
import { patchLocally } from './apply/local-patch.ts';
import { CliError } from './errors.ts';
import { notRegistered } from './registered.ts';
import { withZeros } from './typed.ts';

export function overridden(object: Unstructured, opts: { overrides: string; 'override-type': string }): Unstructured {
  const { overrides, 'override-type': type } = opts;
  if (overrides === '') return object;
  if (type !== 'json' && type !== 'merge' && type !== 'strategic') {
    throw new CliError(`invalid override type: ${type}`);
  }
  let patch: unknown;
  try {
    patch = parseJson(overrides);
  } catch {
    throw new CliError('Invalid JSON Patch');
  }
  // What is no container is no merge patch.
  if (type === 'merge' && (typeof patch !== 'object' || patch === null)) throw new CliError('Invalid JSON Patch');
  try {
    return decoded(patchLocally(object, type, patch));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new CliError(error.message.replace(/^error decoding patch: /, ''));
  }
}

/** What Go's types make of it: unknown fields are gone without a word, wrong types and kinds are refused. */
function decoded(value: unknown): Unstructured {
  if (Array.isArray(value)) {
    const fields = '{ APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    const problem = `json: cannot unmarshal array into Go value of type struct ${fields}`;
    throw new CliError(`couldn't get version/kind; json parse error: ${problem}`);
  }
  const object = structuredClone(value) as Unstructured;
  for (const field of ['apiVersion', 'kind'] as const) {
    const given: unknown = object[field] ?? '';
    if (typeof given === 'string') continue;
    const problem = `json: cannot unmarshal ${jsonKind(given)} into Go struct field .${field} of type string`;
    throw new CliError(`couldn't get version/kind; json parse error: ${problem}`);
  }
  for (const [field, name] of [
    ['kind', 'Kind'],
    ['apiVersion', 'apiVersion'],
  ] as const) {
    if (!object[field]) throw new CliError(`Object '${name}' is missing in '${stringifyJson(object)}'`);
  }
  const { group, version } = parseApiVersion(object.apiVersion);
  const schema = builtinSchemas.forKind(group, version, object.kind);
  if (!schema) throw new CliError(notRegistered(object));
  const problem = checkTypes(object, schema, builtinSchemas, object.kind);
  if (problem !== undefined) throw new CliError(problem);
  pruneUnknown(object, schema, builtinSchemas);
  return withZeros(object, schema) as Unstructured;
}
