// Fields in the order of Go's structs: how upstream's programs print what they hold as typed objects.

/** ObjectMeta's. Upstream: apimachinery/pkg/apis/meta/v1/types.go. */
export const META_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;
