// The last-applied-configuration annotation of client-side apply. Upstream: kubectl/pkg/util/apply.go.
import { stringifySorted } from '../api/codec/json.ts';
import type { Unstructured } from '../api/types.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The annotation's text; undefined when the object was not applied. */
export const lastAppliedOf = (object: Unstructured): string | undefined => object.metadata?.annotations?.[LAST_APPLIED];

/** What the annotation of this object says: the object without the annotation, on one line, and a line end. */
export function configurationOf(object: Unstructured): string {
  const annotations = { ...object.metadata?.annotations };
  delete annotations[LAST_APPLIED];
  return `${stringifySorted({ ...object, metadata: { ...object.metadata, annotations } })}\n`;
}

/** A copy of the object with its own configuration as annotation. */
export function withLastApplied(object: Unstructured): Unstructured {
  const annotations = { ...object.metadata?.annotations, [LAST_APPLIED]: configurationOf(object) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** A copy whose annotation is brought up to date if the object has one, or if `save` asks for it. */
export const updatedLastApplied = (object: Unstructured, save: boolean): Unstructured =>
  save || lastAppliedOf(object) !== undefined ? withLastApplied(object) : object;

/** Go's maps of strings; they are printed sorted. */
const maps = new Set([
  'labels',
  'annotations',
  'matchLabels',
  'selector',
  'data',
  'stringData',
  'hard',
  'nodeSelector',
]);

const sortedMaps = (key: string, value: unknown): unknown =>
  maps.has(key) && typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** The same for what this program made itself: Go prints the fields of its structs in their own order. */
export function savedConfiguration(object: Unstructured, save: boolean): Unstructured {
  if (!save) return object;
  const configuration = `${JSON.stringify(object, sortedMaps)}\n`;
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: configuration };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
