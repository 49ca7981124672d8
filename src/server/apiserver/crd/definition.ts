// A CustomResourceDefinition as a KindDefinition, so that custom resources go the same way as built-in ones.
// Upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go (getOrCreateServingInfoFor).
import type { Column, KindDefinition, ServedVersion, Subresource } from '../../../api/kind.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { applyDefaults } from '../../../api/schema/defaults.ts';
import { fromCrdSchema, openSchema } from '../../../api/schema/from-crd.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import { validateCustomObject, validateCustomStatus } from '../../../api/schema/custom-object.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { FieldErrors } from '../../../api/validation.ts';
import type { ScalePaths } from '../registry.ts';
import { compareVersions } from '../discovery/order.ts';
import { printerColumns, selectableField } from './columns.ts';
import { finalizerWarnings, hasKind, validateScale } from './object-rules.ts';
import type { Crd, CrdVersion } from './types.ts';

const STATUS: Subresource = { verbs: ['get', 'patch', 'update'] };
const SCALE: Subresource = {
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

export function schemaOf(crd: Crd, version: CrdVersion): Schema {
  const given = version.schema?.openAPIV3Schema;
  return given && !crd.spec.preserveUnknownFields ? fromCrdSchema(given) : openSchema;
}

/** `.spec.replicas` → [spec, replicas]. */
const path = (text: string): string[] => text.split('.').filter((part) => part !== '');

export function scalePaths(crd: Crd): ScalePaths | undefined {
  const scale = storageVersion(crd).subresources?.scale;
  if (!scale) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  const paths = { spec: path(specReplicasPath), status: path(statusReplicasPath) };
  return labelSelectorPath ? { ...paths, selector: path(labelSelectorPath) } : paths;
}

export const storageVersion = (crd: Crd): CrdVersion =>
  crd.spec.versions.find((v) => v.storage) ?? crd.spec.versions[0]!;

export function definitionOf(crd: Crd): KindDefinition {
  const { group, scope } = crd.spec;
  // What others may call it is what was accepted.
  const names = { ...crd.spec.names, ...crd.status?.acceptedNames };
  const stored = storageVersion(crd);
  const schema = schemaOf(crd, stored);
  return {
    group,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
    ...(names.shortNames ? { short: names.shortNames } : {}),
    ...(names.categories ? { categories: names.categories } : {}),
    scope,
    storage: { group, version: stored.name },
    served: servedVersions(crd),
    subresources: {
      ...(stored.subresources?.status ? { status: STATUS } : {}),
      ...(stored.subresources?.scale ? { scale: SCALE } : {}),
    },
    schema,
    generation: true,
    unconditionalUpdate: false,
    ...(stored.subresources?.status ? { prepareCreate: dropStatus } : {}),
    ...validationOf(names.kind, stored, schema),
    warnings: finalizerWarnings,
    defaults: (draft) => applyDefaults(draft, schema, builtinSchemas),
    selectableFields: Object.fromEntries((stored.selectableFields ?? []).map(selectableField)),
    columns: printerColumns(stored.additionalPrinterColumns) as readonly Column<Unstructured>[],
  };
}

type Validation = Pick<KindDefinition, 'validateCreate' | 'validateUpdate' | 'validateStatus'>;

function validationOf(kind: string, { subresources }: CrdVersion, schema: Schema): Validation {
  const scale = subresources?.scale;
  const check = (object: Unstructured, old: Unstructured | undefined, errors: FieldErrors): void => {
    if (!hasKind(object, kind, errors)) return;
    validateScale(object, scale, true, errors);
    validateCustomObject(object, schema, builtinSchemas, errors, old);
  };
  return {
    validateCreate: (object, errors) => check(object, undefined, errors),
    validateUpdate: check,
    validateStatus(object, old, errors) {
      if (!hasKind(object, kind, errors)) return;
      validateScale(object, scale, false, errors);
      validateCustomStatus(object, old, schema, builtinSchemas, errors);
    },
  };
}

function dropStatus(draft: Unstructured): void {
  delete draft['status'];
}

function servedVersions(crd: Crd): ServedVersion[] {
  const { group, names } = crd.spec;
  return crd.spec.versions
    .filter((version) => version.served)
    .sort((a, b) => compareVersions(a.name, b.name))
    .map((version) => ({
      group,
      version: version.name,
      schema: schemaOf(crd, version),
      ...(version.deprecated
        ? {
            deprecated: {
              replacement: '',
              message: version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`,
            },
          }
        : {}),
    }));
}
