// ResourceClaimTemplate. Upstream: pkg/registry/resource/resourceclaimtemplate/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { validateTemplateMetadata } from '../shared/claim-spec.ts';
import { ageColumn } from '../shared/columns.ts';
import { type ClaimSpec, defaultClaimSpec, dropDevices, validateClaimSpec } from '../shared/device-requests.ts';
import { immutable } from '../shared/field-rules.ts';

const group = 'resource.k8s.io';

interface ClaimTemplate extends KubeObject {
  spec?: { metadata?: KubeObject['metadata']; spec?: ClaimSpec };
}

function validate(errors: FieldErrors, spec: ClaimTemplate['spec'], stored: boolean): void {
  validateTemplateMetadata(errors, 'spec.metadata', spec?.metadata);
  validateClaimSpec(errors, 'spec.spec', spec?.spec, stored);
}

export default defineKind<ClaimTemplate>({
  group,
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  generation: false,
  defaults: (draft) => defaultClaimSpec(((draft.spec ??= {}).spec ??= {})),
  prepareCreate: (draft) => dropDevices(draft.spec?.spec),
  prepareUpdate: (draft, old) => dropDevices(draft.spec?.spec, old.spec?.spec),
  validateCreate: ({ spec }, errors) => validate(errors, spec, false),
  validateUpdate({ spec }, old, errors) {
    immutable(errors, 'spec', spec, old.spec);
    validate(errors, spec, true);
  },
  columns: [ageColumn],
});
