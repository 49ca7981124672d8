// --overrides and --override-type: what the user changes in a generated object.
// Upstream: kubectl/pkg/cmd/util/override_options.go.
import { parseJson } from '../api/codec/json.ts';
import type { Unstructured } from '../api/types.ts';
import { patchLocally } from './apply/local-patch.ts';
import { CliError } from './errors.ts';

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
  return patchLocally(object, type, patch);
}
