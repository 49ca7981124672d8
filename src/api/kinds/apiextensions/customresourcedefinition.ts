// CustomResourceDefinition: names, versions, schemas. Its kind is made of it by the API server, which also settles its
// status. Upstream: apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go.
import { defineKind } from '../../kind.ts';
import { deprecated } from '../shared/deprecations.ts';
import type { CustomResourceDefinition } from './_types.ts';
import { v1beta1 } from './_v1beta1.ts';
import { formatWarnings } from './_formats.ts';
import { validateDefinition, validateDefinitionUpdate, validateNames } from './_validation.ts';

const group = 'apiextensions.k8s.io';

function addStoredVersion(draft: CustomResourceDefinition): void {
  const storage = draft.spec?.versions?.find((v) => v.storage)?.name;
  const status = (draft.status ??= {});
  const stored = (status.storedVersions ??= []);
  if (storage && !stored.includes(storage)) stored.push(storage);
}

const replacement = 'apiextensions.k8s.io/v1 CustomResourceDefinition';

export default defineKind<CustomResourceDefinition>({
  group,
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  short: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      convert: v1beta1,
      deprecated: deprecated({ group, version: 'v1beta1' }, 'CustomResourceDefinition', '1.16', '1.22', replacement),
    },
  ],
  subresources: { status: { verbs: ['get', 'patch', 'update'] } },
  generation: true,
  unconditionalUpdate: false,
  defaults({ spec }) {
    if (!spec) return;
    const { names } = spec;
    if (names) {
      if (!names.singular) names.singular = (names.kind ?? '').toLowerCase();
      if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
    }
    const conversion = (spec.conversion ??= {});
    conversion.strategy ??= 'None';
    const service = conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
  },
  prepareCreate(draft) {
    draft.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
    addStoredVersion(draft);
  },
  prepareUpdate(draft, old) {
    draft.status = structuredClone(old.status) ?? {};
    addStoredVersion(draft);
  },
  validateCreate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  validateStatus: ({ status }, _old, errors) =>
    validateNames(status?.acceptedNames ?? {}, 'status.acceptedNames', errors),
  warnings: formatWarnings,
  // Its name is compared with what it must be.
  nameRule: 'path',
});
