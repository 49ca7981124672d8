// `get --export` of earlier days: an object without what belongs to one cluster. Servers did that; those of today do not.
// Less than neat: values that servers fill in stay. Upstream: kubernetes 1.17 registry/generic/registry exportObjectMeta.
import type { Unstructured } from '../../api/types.ts';

const clusterFields = [
  'uid',
  'resourceVersion',
  'selfLink',
  'namespace',
  'managedFields',
  'deletionTimestamp',
] as const;

export function exported(object: Unstructured): Unstructured {
  const items = (object as { items?: unknown }).items;
  if (Array.isArray(items)) return { ...object, items: (items as Unstructured[]).map(exported) } as Unstructured;
  const metadata: Record<string, unknown> = { ...object.metadata, creationTimestamp: null };
  for (const field of clusterFields) delete metadata[field];
  if (object.metadata.generateName) metadata['name'] = '';
  return { ...object, metadata: metadata as Unstructured['metadata'], ...('status' in object ? { status: {} } : {}) };
}
