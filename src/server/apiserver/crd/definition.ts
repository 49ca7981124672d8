// A CustomResourceDefinition as a KindDefinition, so that custom resources go the same way as built-in ones.
// Upstream: apiextensions-apiserver pkg/apiserver/customresource_handler.go (getOrCreateServingInfoFor).
import type { Column, KindDefinition, ScalePaths, ServedVersion, Subresource } from '../../../api/kind.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { KEPT_BY_STATUS } from '../../../api/kinds/shared/workloads.ts';
import { fromCrdSchema, openSchema } from '../../../api/schema/from-crd.ts';
import type { Schema } from '../../../api/schema/schema.ts';
import { validateCustomObject, validateCustomStatus } from '../../../api/schema/custom-object.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { FieldErrors } from '../../../api/validation.ts';
import { compareVersions } from '../discovery/order.ts';
import { printerColumns, selectableField } from './columns.ts';
import { finalizerWarnings, hasKind, validateScale } from './object-rules.ts';
import type { Crd, CrdScale, CrdVersion } from './types.ts';

const READ_WRITE = ['get', 'patch', 'update'] as const;
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

export function schemaOf(crd: Crd, version: CrdVersion): Schema {
  const given = version.schema?.openAPIV3Schema;
  return given && !crd.spec.preserveUnknownFields ? fromCrdSchema(given) : openSchema;
}

/** `.spec.replicas` → [spec, replicas]. */
const path = (text: string): string[] => text.split('.').filter((part) => part !== '');

export const storageVersion = (crd: Crd): CrdVersion =>
  crd.spec.versions.find((v) => v.storage) ?? crd.spec.versions[0]!;

/** The kind as it is stored; each served version has a definition of its own. */
export function definitionOf(crd: Crd): KindDefinition {
  const { group, scope } = crd.spec;
  // What others may call it is what was accepted.
  const names = { ...crd.spec.names, ...crd.status?.acceptedNames };
  const stored = storageVersion(crd);
  const served: ServedVersion[] = [];
  const kind = {
    group,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
    ...(names.shortNames ? { short: names.shortNames } : {}),
    ...(names.categories ? { categories: names.categories } : {}),
    scope,
    storage: { group, version: stored.name },
    served,
    generation: true,
    unconditionalUpdate: false,
    statusKeeps: KEPT_BY_STATUS,
    warnings: finalizerWarnings,
  };
  const definition = { ...kind, ...ofVersion(crd, stored) };
  for (const version of crd.spec.versions) {
    if (!version.served) continue;
    served.push({
      ...servedVersion(crd, version),
      definition: version === stored ? definition : { ...kind, ...ofVersion(crd, version) },
    });
  }
  served.sort((a, b) => compareVersions(a.version, b.version));
  return definition;
}

/** What each version says for itself. Upstream keeps a storage for each. */
function ofVersion(crd: Crd, version: CrdVersion) {
  const schema = schemaOf(crd, version);
  return {
    schema,
    subresources: subresourcesOf(version),
    ...(version.subresources?.status ? { prepareCreate: dropStatus } : {}),
    ...validationOf(crd.spec.names.kind, version, schema),
    selectableFields: Object.fromEntries((version.selectableFields ?? []).map(selectableField)),
    columns: printerColumns(version.additionalPrinterColumns) as readonly Column<Unstructured>[],
  };
}

function subresourcesOf({ subresources }: CrdVersion): Record<string, Subresource> {
  const { status, scale } = subresources ?? {};
  return {
    ...(status ? { status: { verbs: READ_WRITE } } : {}),
    ...(scale ? { scale: { verbs: READ_WRITE, kind: SCALE, paths: scalePaths(scale) } } : {}),
  };
}

function scalePaths({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CrdScale): ScalePaths {
  const paths = { spec: path(specReplicasPath), status: path(statusReplicasPath) };
  return labelSelectorPath ? { ...paths, selector: path(labelSelectorPath) } : paths;
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

/** What is read from the store is as its own version has it, served or not. */
export const schemasOf = (crd: Crd): ReadonlyMap<string, Schema> =>
  new Map(crd.spec.versions.map((version) => [`${crd.spec.group}/${version.name}`, schemaOf(crd, version)]));

/** Upstream: customresource_handler.go, defaultDeprecationWarning. */
function deprecation({ spec: { group, names, versions } }: Crd, version: string): string {
  const newer = versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, version) < 0)
    .sort((a, b) => compareVersions(a.name, b.name))[0];
  const instead = newer ? `; use ${group}/${newer.name} ${names.kind}` : '';
  return `${group}/${version} ${names.kind} is deprecated${instead}`;
}

function servedVersion(crd: Crd, version: CrdVersion): ServedVersion {
  const { group } = crd.spec;
  const message = version.deprecationWarning ?? deprecation(crd, version.name);
  return {
    group,
    version: version.name,
    schema: schemaOf(crd, version),
    ...(version.deprecated ? { deprecated: { replacement: '', message } } : {}),
  };
}
