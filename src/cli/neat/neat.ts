// An object without noise: what a person would have written. Out go the fields that only the server writes and the
// values that it would fill in again; what is known of those stands in defaults.ts. Applying the result anew gives the
// same object. Never changes its input.
import type { Unstructured } from '../../api/types.ts';
import { tidySpec } from './defaults.ts';
import { type Fields, tidyMetadata } from './metadata.ts';

/** Lists are neat item by item. */
export function neat(object: Unstructured): Unstructured {
  const items = (object as { items?: unknown }).items;
  if (Array.isArray(items)) return { ...object, metadata: {}, items: (items as Unstructured[]).map(neat) };
  const copy = structuredClone(object) as Unstructured & Fields;
  delete copy['status'];
  tidyMetadata(copy.metadata as unknown as Fields);
  tidySpec(copy);
  return copy;
}
