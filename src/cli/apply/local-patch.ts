// A patch made to an object here, without a server. Upstream: kubectl/pkg/cmd/patch getPatchedJSON.
import { jsonPatch } from '../../api/patch/json-patch.ts';
import { mergePatch } from '../../api/patch/merge-patch.ts';
import { strategicMergePatch } from '../../api/patch/strategic.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import { parseApiVersion, type Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';

export function patchLocally(object: Unstructured, type: 'json' | 'merge' | 'strategic', patch: unknown): Unstructured {
  if (type === 'json') return jsonPatch(object, patch) as Unstructured;
  if (type === 'merge') return mergePatch(object, patch) as Unstructured;
  const { group, version } = parseApiVersion(object.apiVersion);
  const schema = builtinSchemas.forKind(group, version, object.kind);
  if (!schema) {
    throw new CliError(
      `strategic merge patch is not supported for ${group}/${version}, Kind=${object.kind} locally, try --type merge`,
    );
  }
  return strategicMergePatch(object, patch, schema, builtinSchemas) as unknown as Unstructured;
}
