// What saving an edit means: patches of what changed, new objects, or the last-applied annotation. Upstream:
// visitToPatch, visitToCreate and visitToApplyEditPatch of util/editor/editoptions.go.
import { stringifySorted } from '../../api/codec/json.ts';
import { goSyntax } from '../../api/go-format.ts';
import { deepEqual } from '../../api/patch/equal.ts';
import { createMergePatch } from '../../api/patch/merge-patch.ts';
import { createTwoWayMergePatch } from '../../api/patch/strategic.ts';
import { builtinSchemas } from '../../api/schema/builtin.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { LAST_APPLIED } from '../last-applied.ts';
import { createObject, operationPrinter, patchObject, type WriteOptions } from '../operation.ts';
import type { PrintOptions } from '../print/object.ts';
import type { EditResults } from './results.ts';
import { uidOf } from './session.ts';

export interface Saving {
  cluster: Cluster;
  write: WriteOptions;
  print: PrintOptions;
  outputPatch?: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Each document is printed as if it were the only one. */
async function say(saving: Saving, object: Unstructured, operation: string): Promise<void> {
  const print = await operationPrinter(saving.print, saving.write.dryRun ?? 'none');
  saving.out(print(object, operation));
}

function originalOf(edited: Info, originals: readonly Info[]): Info {
  const original = originals.find((info) => uidOf(info) === uidOf(edited));
  if (original) return original;
  throw new Error(`no original object found for &unstructured.Unstructured{Object:${goSyntax(edited.object)}}`);
}

/** Patches what changed. An object that the server refuses does not keep the next ones from being saved. */
export async function savePatches(
  edited: readonly Info[],
  originals: readonly Info[],
  results: EditResults,
  saving: Saving,
): Promise<void> {
  for (const info of edited) {
    const before = originalOf(info, originals).object!;
    if (deepEqual(before, info.object)) {
      await say(saving, info.object!, 'skipped');
      continue;
    }
    const { group, version, kind } = info.mapping;
    const schema = builtinSchemas.forKind(group, version, kind);
    const patch = schema
      ? createTwoWayMergePatch(before, info.object!, schema, builtinSchemas)
      : createMergePatch(before as never, info.object as never);
    const { metadata } = patch as { metadata?: object };
    if ('apiVersion' in patch || 'kind' in patch || 'managedFields' in patch || (metadata && 'name' in metadata)) {
      throw new Error('At least one of apiVersion, kind and name was changed');
    }
    if (saving.outputPatch) saving.out(`Patch: ${stringifySorted(patch)}\n`);
    try {
      info.object = await patchObject(saving.cluster, info, schema ? 'strategic' : 'merge', patch, saving.write);
    } catch (error) {
      saving.err(`${results.addError(error, info)}\n`);
      continue;
    }
    await say(saving, info.object, 'edited');
  }
}

export async function saveNew(edited: readonly Info[], saving: Saving): Promise<void> {
  for (const info of edited) {
    if (saving.write.dryRun !== 'client') info.object = await createObject(saving.cluster, info, saving.write);
    await say(saving, info.object!, 'created');
  }
}

/** Configurations have no uid: several of them are compared with the first, as upstream does. */
export async function saveLastApplied(
  edited: readonly Info[],
  originals: readonly Info[],
  saving: Saving,
): Promise<void> {
  for (const info of edited) {
    if (deepEqual(originalOf(info, originals).object, info.object)) {
      await say(saving, info.object!, 'skipped');
      continue;
    }
    const annotations = { [LAST_APPLIED]: `${stringifySorted(info.object)}\n` };
    await patchObject(saving.cluster, info, 'merge', { metadata: { annotations } }, saving.write);
    await say(saving, info.object!, 'edited');
  }
}
