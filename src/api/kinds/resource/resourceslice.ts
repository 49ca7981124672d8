// ResourceSlice: the devices of one pool on one node. Upstream: pkg/registry/resource/resourceslice/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { dnsSubdomain, immutable } from '../shared/field-rules.ts';

const group = 'resource.k8s.io';

interface ResourceSlice extends KubeObject {
  spec?: {
    nodeName?: string;
    driver?: string;
    pool?: { name?: string; generation?: number; resourceSliceCount?: number };
  };
}

export default defineKind<ResourceSlice>({
  group,
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: true,
  validate({ spec }, errors) {
    if (!spec?.driver) errors.required('spec.driver');
    else dnsSubdomain(errors, 'spec.driver', spec.driver);
    if (!spec?.pool?.name) errors.required('spec.pool.name');
    if ((spec?.pool?.resourceSliceCount ?? 0) <= 0) {
      errors.invalid('spec.pool.resourceSliceCount', spec?.pool?.resourceSliceCount ?? 0, 'must be greater than zero');
    }
  },
  validateUpdate(slice, old, errors) {
    immutable(errors, 'spec.driver', slice.spec?.driver, old.spec?.driver);
    immutable(errors, 'spec.nodeName', slice.spec?.nodeName, old.spec?.nodeName);
    immutable(errors, 'spec.pool.name', slice.spec?.pool?.name, old.spec?.pool?.name);
  },
  selectableFields: {
    'spec.nodeName': (slice) => slice.spec?.nodeName ?? '',
    'spec.driver': (slice) => slice.spec?.driver ?? '',
  },
  columns: [
    column('Node', 'string', texts['ResourceSliceSpec.nodeName']!, (s) => s.spec?.nodeName ?? ''),
    column('Driver', 'string', texts['ResourceSliceSpec.driver']!, (s) => s.spec?.driver ?? ''),
    column('Pool', 'string', texts['ResourcePool.name']!, (s) => s.spec?.pool?.name ?? ''),
    ageColumn,
  ],
});
