// Namespace. Upstream: pkg/registry/core/namespace/strategy.go. Its life cycle is a controller's business.
import type { Namespace } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { qualifiedNameErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { push } from '../shared/field-rules.ts';

const STANDARD = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

type Mutable = Omit<Namespace, 'status'> & { status?: { phase?: string } };

/** Qualified, or of the few that are known by a short name. Upstream: validateFinalizerName. */
function validateFinalizers({ spec }: Mutable, errors: FieldErrors, at: (i: number) => string): void {
  spec?.finalizers?.forEach((name, i) => {
    push(errors, at(i), name, qualifiedNameErrors(name));
    if (name.includes('/') || STANDARD.has(name)) return;
    errors.invalid(at(i), name, 'name is neither a standard finalizer name nor is it fully qualified');
  });
}

export default defineKind<Mutable>({
  group: '',
  kind: 'Namespace',
  plural: 'namespaces',
  short: ['ns'],
  scope: 'Cluster',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status: { verbs: ['get', 'patch', 'update'] }, finalize: { verbs: ['update'] } },
  nameRule: 'label',
  generation: false,
  defaults(draft) {
    draft.spec ??= {};
    draft.status ??= {};
    if (!draft.status.phase) draft.status.phase = 'Active';
    const { metadata } = draft;
    if (metadata?.name) (metadata.labels ??= {})['kubernetes.io/metadata.name'] = metadata.name;
  },
  prepareCreate(draft) {
    draft.status = { phase: 'Active' };
    const finalizers = ((draft.spec ??= {}).finalizers ??= []);
    if (!finalizers.includes('kubernetes')) finalizers.push('kubernetes');
    // A generated name comes after the defaults.
    if (draft.metadata?.name) (draft.metadata.labels ??= {})['kubernetes.io/metadata.name'] = draft.metadata.name;
  },
  prepareUpdate(draft, old) {
    (draft.spec ??= {}).finalizers = old.spec?.finalizers ?? [];
  },
  validateCreate: (object, errors) => validateFinalizers(object, errors, () => 'spec.finalizers'),
  validateSubresource: {
    finalize: (object, _old, errors) => validateFinalizers(object, errors, (i) => `spec.finalizers[${i}]`),
  },
  validateStatus(object, _old, errors) {
    const phase = object.status?.phase ?? '';
    if (!object.metadata?.deletionTimestamp) {
      if (phase !== 'Active') {
        errors.invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty");
      }
    } else if (phase !== 'Terminating') {
      errors.invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    }
  },
  selectableFields: { 'status.phase': (n) => n.status?.phase ?? '' },
  columns: [column('Status', 'string', 'The status of the namespace', (n) => n.status?.phase ?? ''), ageColumn],
});
