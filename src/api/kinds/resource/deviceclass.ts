// DeviceClass. Upstream: pkg/registry/resource/deviceclass/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn } from '../shared/columns.ts';

const group = 'resource.k8s.io';

export default defineKind<KubeObject & { spec?: object }>({
  group,
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: true,
  defaults(draft) {
    draft.spec ??= {};
  },
  columns: [ageColumn],
});
