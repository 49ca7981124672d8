// JSON merge patches (RFC 7386): a null removes, an object merges, anything else replaces. Inputs are never changed;
// what a patch does not touch is shared with the original.
// Upstream: gopkg.in/evanphx/json-patch.v4 merge.go, apimachinery pkg/util/jsonmergepatch/patch.go.
import { setOwn } from '../codec/json.ts';
import { deepEqual, isFields } from './equal.ts';

type Fields = Record<string, unknown>;

/** `patch` applied to `original`. */
export function mergePatch(original: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(original) ? { ...original } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) delete result[key];
    else setOwn(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** The patch that makes `modified` of `original`. Lists are replaced as wholes. */
export function createMergePatch(original: Fields, modified: Fields): Fields {
  const patch: Fields = {};
  for (const key of Object.keys(modified)) {
    const to = modified[key];
    if (!Object.hasOwn(original, key)) {
      setOwn(patch, key, to);
      continue;
    }
    const from = original[key];
    if (isFields(from) && isFields(to)) {
      const inner = createMergePatch(from, to);
      if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
    } else if (!deepEqual(from, to)) setOwn(patch, key, to);
  }
  for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) setOwn(patch, key, null);
  return patch;
}

/** Only the nulls of a patch, or everything but them. Upstream: keepOrDeleteNullInObj. */
function filterNulls(patch: Fields, keepNulls: boolean): Fields {
  const kept: Fields = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      if (keepNulls) setOwn(kept, key, null);
    } else if (isFields(value)) {
      if (Object.keys(value).length === 0) {
        if (!keepNulls) setOwn(kept, key, value);
        continue;
      }
      const inner = filterNulls(value, keepNulls);
      if (Object.keys(inner).length > 0) setOwn(kept, key, inner);
    } else if (!keepNulls) setOwn(kept, key, value);
  }
  return kept;
}

/** Merges patches: here a null is a value that stays. */
function mergePatches(first: Fields, second: Fields): Fields {
  const merged: Fields = { ...first };
  for (const key of Object.keys(second)) {
    const [a, b] = [Object.hasOwn(merged, key) ? merged[key] : undefined, second[key]];
    setOwn(merged, key, isFields(a) && isFields(b) ? mergePatches(a, b) : b);
  }
  return merged;
}

/**
 * What `kubectl apply` sends for kinds without a strategic schema: additions and changes from `current` to `modified`,
 * and removals of what was in `original` (the last applied) and is no longer in `modified`.
 */
export function createThreeWayJsonMergePatch(original: Fields, modified: Fields, current: Fields): Fields {
  const changes = filterNulls(createMergePatch(current, modified), false);
  const deletions = filterNulls(createMergePatch(original, modified), true);
  return mergePatches(deletions, changes);
}
