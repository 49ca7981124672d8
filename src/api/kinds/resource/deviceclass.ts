// DeviceClass. Upstream: pkg/registry/resource/deviceclass/strategy.go.
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn } from '../shared/columns.ts';
import { validateConfigurations, validateSelectors } from '../shared/device-requests.ts';
import { DEVICE_CLASS_GATES, dropper } from '../shared/feature-gates.ts';
import { qualifiedName } from '../shared/field-rules.ts';

const group = 'resource.k8s.io';
const drop = dropper(DEVICE_CLASS_GATES);

interface DeviceClass extends KubeObject {
  spec?: {
    selectors?: { cel?: { expression?: string } }[];
    config?: { opaque?: { driver?: string; parameters?: unknown } }[];
    extendedResourceName?: string;
  };
}

function validate(errors: FieldErrors, spec: DeviceClass['spec'], stored: boolean): void {
  validateSelectors(errors, 'spec.selectors', spec?.selectors);
  validateConfigurations(errors, 'spec.config', spec?.config, { stored });
  const name = spec?.extendedResourceName;
  if (name != null) qualifiedName(errors, 'spec.extendedResourceName', name);
}

export default defineKind<DeviceClass>({
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
  prepareCreate: (draft) => drop(draft.spec),
  prepareUpdate: (draft, old) => drop(draft.spec, old.spec),
  validateCreate: ({ spec }, errors) => validate(errors, spec, false),
  validateUpdate: ({ spec }, old, errors) => validate(errors, spec, semanticEqual(spec?.config, old.spec?.config)),
  columns: [ageColumn],
});
