// CSINode: the storage drivers on a node. Upstream: pkg/registry/storage/csinode/strategy.go.
import type { CSINode } from 'kubernetes-types/storage/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { csiDriverName } from '../shared/csi-names.ts';
import { IMMUTABLE, nonNegative, qualifiedName } from '../shared/field-rules.ts';
import { type GoFields, goStruct, pointerTo } from '../shared/go-structs.ts';

const group = 'storage.k8s.io';

const DRIVER: GoFields = { Name: '', NodeID: '', TopologyKeys: null, Allocatable: pointerTo({ Count: null }) };
const MAX_NODE_ID = 256;

function nodeId(errors: FieldErrors, index: number, id: string | undefined): void {
  const field = `spec.drivers[${index}].nodeID`;
  if (!id) errors.required(field);
  else if (id.length > MAX_NODE_ID) errors.invalid(field, id, `must be ${MAX_NODE_ID} characters or less`);
}

function validateDrivers(errors: FieldErrors, drivers: CSINode['spec']['drivers'] | undefined): void {
  const names = new Set<string>();
  drivers?.forEach((driver, i) => {
    const path = `spec.drivers[${i}]`;
    csiDriverName(errors, `${path}.name`, driver.name);
    nodeId(errors, i, driver.nodeID);
    nonNegative(errors, `${path}.allocatable.count`, driver.allocatable?.count);
    if (names.has(driver.name)) errors.duplicate(`${path}.name`, driver.name);
    names.add(driver.name);
    const keys = new Set<string>();
    for (const key of driver.topologyKeys ?? []) {
      if (!key) errors.required(path);
      if (keys.has(key)) errors.duplicate(path, key);
      keys.add(key);
      qualifiedName(errors, path, key);
    }
  });
}

export default defineKind<CSINode>({
  group,
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'CSINode', '1.17', '1.22', 'storage.k8s.io/v1 CSINode'),
  ],
  generation: false,
  defaults(draft) {
    draft.spec ??= { drivers: [] };
    draft.spec.drivers ??= [];
  },
  unconditionalUpdate: false,
  validate: ({ spec }, errors) => validateDrivers(errors, spec?.drivers),
  validateUpdate(node, old, errors) {
    const before = new Map(old.spec?.drivers?.map((d) => [d.name, d]));
    node.spec?.drivers?.forEach((driver) => {
      const was = before.get(driver.name);
      if (!was) return;
      // How much a driver can attach may change (MutableCSINodeAllocatableCount).
      if (semanticEqual({ ...driver, allocatable: null }, { ...was, allocatable: null })) return;
      errors.invalid('CSINodeDriver', goStruct(driver, DRIVER), IMMUTABLE);
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
