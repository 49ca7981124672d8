// Strategic merge patches: what an API server applies and what `kubectl apply` makes. Lists merge by the merge keys
// that a kind's schema has. Custom resources have none: they take JSON merge patches.
// Upstream: apimachinery pkg/util/strategicpatch/patch.go.
import { goPrint, isFields } from './equal.ts';
import { haveConflicts } from './strategic/conflicts.ts';
import { Differ } from './strategic/diff.ts';
import { Merger } from './strategic/merge.ts';
import { patchError, type Fields } from './strategic/meta.ts';
import { resolve } from '../schema/resolve.ts';
import type { Schema, SchemaSource } from '../schema/schema.ts';

/** `patch`, directives included, applied to `original`. Throws a StatusError with upstream's words. */
export function strategicMergePatch(original: object, patch: unknown, schema: Schema, source: SchemaSource): Fields {
  if (!isFields(patch)) throw patchError('invalid JSON document', 400);
  return new Merger(source, { apply: true }).map(original as Fields, patch, resolve(schema, source));
}

/** The patch that makes `modified` of `original`. */
export function createTwoWayMergePatch(
  original: object,
  modified: object,
  schema: Schema,
  source: SchemaSource,
): Fields {
  const differ = new Differ(source, { setElementOrder: true });
  return differ.map(original as Fields, modified as Fields, resolve(schema, source));
}

/**
 * What `kubectl apply` sends: additions and changes from `current` to `modified`, and removals of what was in `original`
 * (the last applied) and is no longer in `modified`. With `overwrite` false a change that somebody else made to a field
 * of the patch is an error.
 */
export function createThreeWayMergePatch(
  original: object,
  modified: object,
  current: object,
  schema: Schema,
  source: SchemaSource,
  overwrite = true,
): Fields {
  const resolved = resolve(schema, source);
  const delta = new Differ(source, { ignoreDeletions: true, setElementOrder: true });
  const changes = delta.map(current as Fields, modified as Fields, resolved);
  const removal = new Differ(source, { ignoreChangesAndAdditions: true, setElementOrder: true });
  const deletions = removal.map(original as Fields, modified as Fields, resolved);
  const patch = new Merger(source, { apply: false }).map(deletions, changes, resolved);
  if (!overwrite) {
    const theirs = new Differ(source, {}).map(original as Fields, current as Fields, resolved);
    if (haveConflicts(patch, theirs, resolved, source)) {
      throw patchError(
        `patch:\n${goPrint(patch)}\nconflicts with changes made from original to current:\n${goPrint(theirs)}\n`,
      );
    }
  }
  return patch;
}
