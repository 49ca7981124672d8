// CustomResourceDefinition: names, versions and scope. Its schemas are checked, and its kind made, by the API server.
// Upstream: apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go, pkg/apis/apiextensions/validation.
import { defineKind } from '../../kind.ts';
import { dns1035LabelErrors } from '../../names.ts';
import type { KubeObject, Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsSubdomain, immutable, oneOf, push } from '../shared/field-rules.ts';

const group = 'apiextensions.k8s.io';

interface Names {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}
interface Version {
  name: string;
  served?: boolean;
  storage?: boolean;
  schema?: { openAPIV3Schema?: object };
  subresources?: { status?: object; scale?: { specReplicasPath?: string; statusReplicasPath?: string } };
  additionalPrinterColumns?: { name?: string; type?: string; jsonPath?: string; JSONPath?: string }[];
  deprecated?: boolean;
  deprecationWarning?: string;
}
export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    names: Names;
    scope: string;
    versions: Version[];
    preserveUnknownFields?: boolean;
    conversion?: { strategy?: string; webhook?: { conversionReviewVersions?: string[]; clientConfig?: object } };
  };
  status?: {
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
    acceptedNames?: Partial<Names>;
    storedVersions?: string[];
  };
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];

function validateNames(names: Names, errors: FieldErrors): void {
  const lower = ['plural', 'singular'] as const;
  for (const field of lower) {
    const value = names[field] ?? '';
    if (!value && field === 'plural') errors.required('spec.names.plural');
    else push(errors, `spec.names.${field}`, value, dns1035LabelErrors(value));
  }
  for (const field of ['kind', 'listKind'] as const) {
    const value = names[field] ?? '';
    if (!value) errors.required(`spec.names.${field}`);
    else {
      const bad = dns1035LabelErrors(value.toLowerCase());
      const why = `may have mixed case, but should otherwise match: ${bad.join(',')}`;
      if (bad.length) errors.invalid(`spec.names.${field}`, value, why);
    }
  }
  if (names.kind && names.kind === names.listKind) {
    errors.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same');
  }
  for (const field of ['shortNames', 'categories'] as const) {
    names[field]?.forEach((value, i) => push(errors, `spec.names.${field}[${i}]`, value, dns1035LabelErrors(value)));
  }
}

function validateVersion(v: Version, path: string, errors: FieldErrors): void {
  push(errors, `${path}.name`, v.name ?? '', dns1035LabelErrors(v.name ?? ''));
  if (!v.schema?.openAPIV3Schema) errors.required(`${path}.schema.openAPIV3Schema`, 'schemas are required');
  if (v.deprecationWarning != null && !v.deprecated) {
    errors.invalid(`${path}.deprecationWarning`, v.deprecationWarning, 'can only be set for deprecated versions');
  }
  const scale = v.subresources?.scale;
  for (const field of ['specReplicasPath', 'statusReplicasPath'] as const) {
    const value = scale?.[field];
    const [at, root] = [`${path}.subresources.scale.${field}`, field.startsWith('spec') ? '.spec.' : '.status.'];
    if (scale && !value) errors.required(at);
    else if (value && !value.startsWith(root))
      errors.invalid(at, value, `should be a json path under ${root.slice(0, -1)}`);
  }
  v.additionalPrinterColumns?.forEach((c, i) => {
    const at = `${path}.additionalPrinterColumns[${i}]`;
    if (!c.name) errors.required(`${at}.name`);
    oneOf(errors, `${at}.type`, c.type, COLUMN_TYPES);
    if (!c.jsonPath) errors.required(`${at}.jsonPath`);
  });
}

const APPROVAL = 'api-approved.kubernetes.io';
const APPROVAL_HELP = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Upstream: validateAPIApproval and apihelpers.GetAPIApprovalState. */
function validateApproval(crd: CustomResourceDefinition, errors: FieldErrors): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec?.group ?? '')) return;
  const path = `metadata.annotations[${APPROVAL}]`;
  const approval = crd.metadata?.annotations?.[APPROVAL] ?? '';
  if (approval === '') {
    errors.required(path, `protected groups must have approval annotation "${APPROVAL}", ${APPROVAL_HELP}`);
  } else if (!approval.startsWith('unapproved') && !/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(approval)) {
    const why = `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", ${APPROVAL_HELP}`;
    errors.invalid(path, approval, why);
  }
}

function validate(crd: CustomResourceDefinition, errors: FieldErrors): void {
  const { spec } = crd;
  const expected = `${spec?.names?.plural ?? ''}.${spec?.group ?? ''}`;
  if (crd.metadata?.name !== expected) {
    errors.invalid('metadata.name', crd.metadata?.name ?? '', 'must be spec.names.plural+"."+spec.group');
  }
  if (!spec?.group) errors.required('spec.group');
  else {
    dnsSubdomain(errors, 'spec.group', spec.group);
    if (spec.group.split('.').length < 2)
      errors.invalid('spec.group', spec.group, 'should be a domain with at least one dot');
  }
  oneOf(errors, 'spec.scope', spec?.scope, ['Cluster', 'Namespaced']);
  const versions = spec?.versions ?? [];
  if (versions.length === 0) errors.required('spec.versions', 'must have at least one version');
  versions.forEach((v, i) => {
    validateVersion(v, `spec.versions[${i}]`, errors);
    if (versions.findIndex((o) => o.name === v.name) < i) {
      errors.invalid(`spec.versions[${i}].name`, v.name, 'must contain unique version names');
    }
  });
  if (versions.filter((v) => v.storage).length !== 1) {
    errors.invalid('spec.versions', versions, 'must have exactly one version marked as storage version');
  }
  if (spec?.names) validateNames(spec.names, errors);
  else errors.required('spec.names');
  const strategy = spec?.conversion?.strategy;
  if (strategy !== undefined && strategy !== 'None' && strategy !== 'Webhook') {
    errors.notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']);
  }
  if (strategy === 'Webhook' && !spec?.conversion?.webhook?.clientConfig) {
    errors.required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook');
  }
  const storage = versions.find((v) => v.storage)?.name;
  if (storage && crd.status?.storedVersions?.length && !crd.status.storedVersions.includes(storage)) {
    errors.invalid('status.storedVersions', crd.status.storedVersions, 'must have the storage version ' + storage);
  }
}

function addStoredVersion(draft: CustomResourceDefinition): void {
  const storage = draft.spec?.versions?.find((v) => v.storage)?.name;
  const status = (draft.status ??= {});
  const stored = (status.storedVersions ??= []);
  if (storage && !stored.includes(storage)) stored.push(storage);
}

/** v1beta1 had one schema, one set of subresources and columns for all versions, and `version` for a single one. */
const v1beta1 = {
  toStorage(draft: Unstructured): void {
    const spec = draft['spec'] as Record<string, unknown> & { versions?: Version[] };
    if (!spec) return;
    const { version, validation, subresources, additionalPrinterColumns, conversion } = spec as {
      version?: string;
      validation?: { openAPIV3Schema?: object };
      subresources?: Version['subresources'];
      additionalPrinterColumns?: Version['additionalPrinterColumns'];
      conversion?: { strategy?: string; webhookClientConfig?: object; conversionReviewVersions?: string[] };
    };
    if (!spec.versions?.length && version) spec.versions = [{ name: version, served: true, storage: true }];
    const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const preserve = (spec['preserveUnknownFields'] as boolean | undefined) ?? true;
    for (const v of spec.versions ?? []) {
      v.schema ??= validation?.openAPIV3Schema ? { openAPIV3Schema: validation.openAPIV3Schema } : open;
      if (preserve && v.schema.openAPIV3Schema) {
        v.schema = { openAPIV3Schema: { ...v.schema.openAPIV3Schema, 'x-kubernetes-preserve-unknown-fields': true } };
      }
      if (subresources) v.subresources ??= subresources;
      if (additionalPrinterColumns) v.additionalPrinterColumns ??= additionalPrinterColumns;
      v.additionalPrinterColumns = v.additionalPrinterColumns?.map(({ JSONPath, ...c }) =>
        JSONPath === undefined ? c : { ...c, jsonPath: JSONPath },
      ) as NonNullable<Version['additionalPrinterColumns']>;
      if (!v.additionalPrinterColumns) delete v.additionalPrinterColumns;
    }
    if (conversion?.webhookClientConfig || conversion?.conversionReviewVersions) {
      const { webhookClientConfig: clientConfig, conversionReviewVersions, strategy } = conversion;
      spec['conversion'] = { strategy, webhook: { clientConfig, conversionReviewVersions } };
    }
    spec['scope'] ??= 'Namespaced';
    const gone = ['version', 'validation', 'subresources', 'additionalPrinterColumns', 'preserveUnknownFields'];
    for (const field of gone) delete spec[field];
  },
  fromStorage(draft: Unstructured): void {
    const { versions = [], ...spec } = (draft['spec'] ?? {}) as Record<string, unknown> & { versions?: Version[] };
    draft['spec'] = {
      preserveUnknownFields: false,
      ...spec,
      version: versions[0]?.name,
      versions: versions.map((v) => {
        const columns = v.additionalPrinterColumns?.map(({ jsonPath, ...c }) => ({ ...c, JSONPath: jsonPath ?? '' }));
        return columns ? { ...v, additionalPrinterColumns: columns } : v;
      }),
    };
  },
};

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
  defaults({ spec }) {
    if (!spec?.names) return;
    const { names } = spec;
    if (!names.singular) names.singular = (names.kind ?? '').toLowerCase();
    if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
    const conversion = (spec.conversion ??= {});
    conversion.strategy ??= 'None';
  },
  prepareCreate(draft) {
    draft.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
    addStoredVersion(draft);
  },
  prepareUpdate(draft, old) {
    draft.status = structuredClone(old.status) ?? {};
    addStoredVersion(draft);
  },
  validate,
  validateCreate: validateApproval,
  validateUpdate(crd, old, errors) {
    const [now, before] = [crd.spec, old.spec];
    immutable(errors, 'spec.group', now.group, before.group);
    immutable(errors, 'spec.names.plural', now.names.plural, before.names.plural);
    const established = old.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True');
    if (!established) return;
    immutable(errors, 'spec.scope', now.scope, before.scope);
    immutable(errors, 'spec.names.kind', now.names.kind, before.names.kind);
  },
  // Its name is compared with what it must be.
  nameRule: 'path',
});
