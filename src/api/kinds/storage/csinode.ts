// CSINode: the storage drivers on a node. Upstream: pkg/registry/storage/csinode/strategy.go.
import type { CSINode } from 'kubernetes-types/storage/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';

const group = 'storage.k8s.io';

export default defineKind<CSINode>({
  group,
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: false,
  defaults(draft) {
    draft.spec ??= { drivers: [] };
    draft.spec.drivers ??= [];
  },
  validate({ spec }, errors) {
    const seen = new Set<string>();
    spec?.drivers?.forEach((driver, i) => {
      if (!driver.name) errors.required(`spec.drivers[${i}].name`);
      if (!driver.nodeID) errors.required(`spec.drivers[${i}].nodeID`);
      if (seen.has(driver.name)) errors.duplicate(`spec.drivers[${i}].name`, driver.name);
      seen.add(driver.name);
    });
  },
  columns: [
    column(
      'Drivers',
      'integer',
      'Drivers indicates the number of CSI drivers registered on the node',
      (n) => n.spec?.drivers?.length ?? 0,
    ),
    ageColumn,
  ],
});
