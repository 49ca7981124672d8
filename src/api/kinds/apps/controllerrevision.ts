// ControllerRevision: a snapshot of a template. Upstream: pkg/registry/apps/controllerrevision/strategy.go.
import type { ControllerRevision } from 'kubernetes-types/apps/v1.js';
import { defineKind } from '../../kind.ts';
import { parseApiVersion } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, nonNegative } from '../shared/field-rules.ts';
import { oldVersions } from '../shared/workloads.ts';

/** `statefulset.apps/web`. */
function owner(revision: ControllerRevision): string {
  const ref = revision.metadata?.ownerReferences?.find((o) => o.controller);
  if (!ref) return '<none>';
  const { group } = parseApiVersion(ref.apiVersion);
  return `${(group ? `${ref.kind}.${group}` : ref.kind).toLowerCase()}/${ref.name}`;
}

export default defineKind<ControllerRevision>({
  group: 'apps',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  storage: { group: 'apps', version: 'v1' },
  served: [
    { group: 'apps', version: 'v1' },
    ...oldVersions('ControllerRevision', [
      { group: 'apps', version: 'v1beta2', since: '1.9' },
      { group: 'apps', version: 'v1beta1', since: '1.8' },
    ]),
  ],
  generation: false,
  validate(revision, errors) {
    if (revision.data == null) errors.required('data', 'data is mandatory');
    nonNegative(errors, 'revision', revision.revision);
  },
  validateUpdate: (revision, old, errors) => immutable(errors, 'data', revision.data, old.data),
  columns: [
    column('Controller', 'string', 'Controller of the object', owner),
    column('Revision', 'string', texts['ControllerRevision.revision']!, (r) => r.revision ?? 0),
    ageColumn,
  ],
});
