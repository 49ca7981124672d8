// Commands that change objects in place (set, rollout restart, cordon): the strategic patch from an object to its
// changed draft, sent. Upstream: kubectl/pkg/cmd/set CalculatePatches.
import { createMergePatch } from '../../api/patch/merge-patch.ts';
import { createTwoWayMergePatch } from '../../api/patch/strategic.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { patchObject, type WriteOptions } from '../operation.ts';

export interface Change {
  draft: Unstructured;
  type: 'strategic' | 'merge';
  patch: Record<string, unknown>;
  /** True when the draft says nothing new. */
  empty: boolean;
}

/** Runs `edit` on a copy and answers what it changed. */
export function changeOf(info: Info, edit: (draft: Unstructured) => void): Change {
  const draft = structuredClone(info.object!);
  edit(draft);
  const { group, version, kind } = info.mapping;
  const schema = builtinSchemas.forKind(group, version, kind);
  const patch = schema
    ? createTwoWayMergePatch(info.object!, draft, schema, builtinSchemas)
    : createMergePatch(info.object!, draft);
  return { draft, type: schema ? 'strategic' : 'merge', patch, empty: Object.keys(patch).length === 0 };
}

export const sendChange = (
  cluster: Cluster,
  info: Info,
  change: Change,
  options: WriteOptions,
): Promise<Unstructured> => patchObject(cluster, info, change.type, change.patch, options);
