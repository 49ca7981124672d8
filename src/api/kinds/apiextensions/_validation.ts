// What a CustomResourceDefinition must be, with upstream's words, paths and order.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go.
import { dns1035LabelErrors, dns1123SubdomainErrors } from '../../names.ts';
import { deepEqual } from '../../patch/equal.ts';
import { invalidStruct } from '../../schema/crd-rules.ts';
import { validateCrdSchema } from '../../schema/crd-schema.ts';
import type { JsonSchemaProps } from '../../schema/json-schema.ts';
import { isStructural } from '../../schema/structural.ts';
import { FieldErrors } from '../../validation.ts';
import { immutable } from '../shared/field-rules.ts';
import { goVersions, hoist } from './_hoisted.ts';
import {
  knowsReviewVersion,
  validateColumn,
  validateConversion,
  validateSelectableFields,
  validateSubresources,
} from './_parts.ts';
import { APPROVAL, approvalOf, isProtectedGroup } from './_approval.ts';
import { type CustomResourceDefinition, type Names, type Version, isEstablished } from './_types.ts';
import { isCaBundle } from '../shared/webhook-client.ts';

export function validateNames(names: Partial<Names>, path: string, errors: FieldErrors): void {
  const check = (field: string, value: string | undefined, prefix = ''): void => {
    if (!value) return;
    const bad = dns1035LabelErrors(prefix ? value.toLowerCase() : value);
    if (bad.length > 0) errors.invalid(`${path}.${field}`, value, prefix + bad.join(','));
  };
  const mixed = 'may have mixed case, but should otherwise match: ';
  check('plural', names.plural);
  check('singular', names.singular);
  check('kind', names.kind, mixed);
  check('listKind', names.listKind, mixed);
  const list = (field: 'shortNames' | 'categories'): void =>
    names[field]?.forEach((value, i) => {
      const bad = dns1035LabelErrors(value);
      if (bad.length > 0) errors.invalid(`${path}.${field}[${i}]`, value, bad.join(','));
    });
  list('shortNames');
  if (names.kind && names.kind === names.listKind) {
    errors.invalid(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same');
  }
  list('categories');
}

/** What an older definition is forgiven, so that what was accepted once can still be changed elsewhere. */
interface Leniency {
  unchangedSchema(version: string): boolean;
  mayLackSchema: boolean;
  mayBeUnstructured: boolean;
  allowUnknownVersions: boolean;
  allowBadBundle: boolean;
}

const STRICT: Leniency = {
  unchangedSchema: () => false,
  mayLackSchema: false,
  mayBeUnstructured: false,
  allowUnknownVersions: false,
  allowBadBundle: true,
};

const schemaOf = (version: Version): object | undefined => version.schema?.openAPIV3Schema;

function leniency(crd: CustomResourceDefinition, old: CustomResourceDefinition): Leniency {
  const before = new Map(old.spec.versions.map((v) => [v.name, schemaOf(v)]));
  const now = new Map(crd.spec.versions.map((v) => [v.name, schemaOf(v)]));
  const webhook = old.spec.conversion?.webhook;
  const bundle = webhook?.clientConfig?.caBundle;
  const reviewed = webhook?.conversionReviewVersions ?? [];
  return {
    unchangedSchema: (name) => before.has(name) && deepEqual(before.get(name), now.get(name)),
    mayLackSchema: [...before.values()].includes(undefined),
    mayBeUnstructured: [...before.values()].some((schema) => schema && !isStructural(schema as JsonSchemaProps)),
    allowUnknownVersions: reviewed.length > 0 && !knowsReviewVersion(reviewed),
    allowBadBundle: !isEstablished(old) || (bundle !== undefined && bundle !== '' && !isCaBundle(bundle)),
  };
}

function deprecationProblems({ deprecated, deprecationWarning: warning }: Version): string[] {
  if (warning === undefined || warning === null) return [];
  if (!deprecated) return ['can only be set for deprecated versions'];
  const problems: string[] = [];
  if (Buffer.byteLength(warning) > 256) problems.push('must be <= 256 characters long');
  if (warning === '') problems.push('must not be an empty string');
  const at = warning.search(/(?! )[\p{C}\p{Z}]/u);
  if (at >= 0) {
    const index = Buffer.byteLength(warning.slice(0, at));
    const why = 'must only contain printable UTF-8 characters; non-printable character found at index';
    problems.push(`${why} ${index}`);
  }
  return problems;
}

class SpecChecker {
  private readonly crd: CustomResourceDefinition;
  private readonly errors: FieldErrors;
  private readonly lenient: Leniency;
  private readonly statusAnywhere: boolean;

  constructor(crd: CustomResourceDefinition, lenient: Leniency, errors: FieldErrors) {
    this.crd = crd;
    this.lenient = lenient;
    this.errors = errors;
    this.statusAnywhere = (crd.spec.versions ?? []).some((v) => v.subresources?.status !== undefined);
  }

  check(): void {
    const { spec } = this.crd;
    this.checkGroup(spec.group);
    this.checkScope(spec.scope);
    const { shared, versions } = hoist(this.crd);
    if (!schemaOf({ name: '', ...shared })) this.checkSchemasAreThere(versions);
    versions.forEach((version, i) => this.checkVersion(version, i));
    this.checkVersionList(versions);
    this.checkRequiredNames(spec.names ?? {});
    validateNames(spec.names ?? {}, 'spec.names', this.errors);
    const unchanged = (spec.versions ?? []).length > 0 && this.lenient.unchangedSchema(spec.versions[0]!.name);
    this.checkPart({ name: '', ...shared }, 'spec', 'spec.validation', this.statusAnywhere, unchanged);
    if (spec.conversion) validateConversion(spec.conversion, this.lenient, this.errors);
  }

  private checkGroup(group: string | undefined): void {
    if (!group) return this.errors.required('spec.group');
    const bad = dns1123SubdomainErrors(group);
    if (bad.length > 0) this.errors.invalid('spec.group', group, bad.join(','));
    else if (!group.includes('.')) {
      this.errors.invalid('spec.group', group, 'should be a domain with at least one dot');
    }
  }

  private checkScope(scope: string | undefined): void {
    if (!scope) this.errors.required('spec.scope');
    else if (scope !== 'Cluster' && scope !== 'Namespaced') {
      this.errors.notSupported('spec.scope', scope, ['Cluster', 'Namespaced']);
    }
  }

  private checkSchemasAreThere(versions: Version[]): void {
    const { mayLackSchema } = this.lenient;
    versions.forEach((version, i) => {
      if (schemaOf(version) || (mayLackSchema && !version.served)) return;
      const why = mayLackSchema ? 'because otherwise all fields are pruned' : '';
      this.errors.required(`spec.versions[${i}].schema.openAPIV3Schema`, why);
    });
  }

  private checkVersion(version: Version, i: number): void {
    const path = `spec.versions[${i}]`;
    const bad = dns1035LabelErrors(version.name ?? '');
    if (bad.length > 0) this.errors.invalid(`${path}.name`, version.name ?? '', bad.join(','));
    for (const why of deprecationProblems(version)) {
      this.errors.invalid(`${path}.deprecationWarning`, version.deprecationWarning, why);
    }
    const status = this.crd.spec.versions[i]!.subresources?.status !== undefined;
    const unchanged = this.lenient.unchangedSchema(version.name);
    this.checkPart(version, path, `${path}.schema`, status, unchanged);
  }

  /** A version's schema, subresources, columns and selectable fields, or what all versions share of them. */
  private checkPart(part: Version, path: string, schemaPath: string, statusEnabled: boolean, unchanged: boolean): void {
    const { errors } = this;
    const schema = schemaOf(part);
    if (schema && !(this.lenient.mayBeUnstructured && unchanged)) {
      validateCrdSchema(schema, `${schemaPath}.openAPIV3Schema`, errors, { statusEnabled, unchanged });
    }
    if (part.subresources) validateSubresources(part.subresources, `${path}.subresources`, errors);
    part.additionalPrinterColumns?.forEach((column, i) =>
      validateColumn(column, `${path}.additionalPrinterColumns[${i}]`, errors),
    );
    if (!part.selectableFields?.length) return;
    const own = schema ?? schemaOf(this.crd.spec.versions.find((v) => v.name === part.name) ?? part);
    if (own) validateSelectableFields(part.selectableFields, own, `${path}.selectableFields`, errors);
  }

  private checkVersionList(versions: Version[]): void {
    const names = new Set(versions.map((v) => v.name));
    const fail = (why: string): void => invalidStruct(this.errors, 'spec.versions', goVersions(versions), why);
    if (names.size < versions.length) fail('must contain unique version names');
    if (versions.filter((v) => v.storage).length !== 1) fail('must have exactly one version marked as storage version');
    // Upstream's internal type has the first one's name once more.
    const first = versions[0]?.name ?? '';
    const bad = first === '' ? [] : dns1035LabelErrors(first);
    if (bad.length > 0) this.errors.invalid('spec.version', first, bad.join(','));
  }

  private checkRequiredNames(names: Partial<Names>): void {
    for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
      if (!names[field]) this.errors.required(`spec.names.${field}`);
    }
  }
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition, errors: FieldErrors): void {
  const stored = status?.storedVersions ?? [];
  const path = 'status.storedVersions';
  if (stored.length === 0) return errors.invalid(path, stored, 'must have at least one stored version');
  const names = (spec.versions ?? []).map((v) => v.name);
  const storage = (spec.versions ?? []).filter((v) => v.storage && !stored.includes(v.name));
  for (const { name } of storage) errors.invalid(path, stored, `must have the storage version ${name}`);
  stored.forEach((name, i) => {
    if (names.includes(name)) return;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.invalid(`${path}[${i}]`, name, why);
  });
}

function validateApproval(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  errors: FieldErrors,
): void {
  if (!isProtectedGroup(crd.spec.group ?? '')) return;
  const { state, reason } = approvalOf(crd);
  // A client that changes something else may leave it as it was.
  if (old && approvalOf(old).state === state) return;
  const path = `metadata.annotations[${APPROVAL}]`;
  if (state === 'missing') errors.required(path, reason);
  else if (state === 'invalid') errors.invalid(path, crd.metadata?.annotations?.[APPROVAL], reason);
}

function validatePreserve(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  errors: FieldErrors,
): void {
  if (old?.spec.preserveUnknownFields === true || crd.spec.preserveUnknownFields !== true) return;
  const why = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  errors.invalid('spec.preserveUnknownFields', true, why);
}

function validateCommon(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  errors: FieldErrors,
): void {
  validateNames(crd.status?.acceptedNames ?? {}, 'status.acceptedNames', errors);
  validateStoredVersions(crd, errors);
  validateApproval(crd, old, errors);
  validatePreserve(crd, old, errors);
}

export function validateDefinition(crd: CustomResourceDefinition, errors: FieldErrors): void {
  const { spec } = crd;
  const expected = `${spec?.names?.plural ?? ''}.${spec?.group ?? ''}`;
  const name = crd.metadata?.name ?? '';
  for (const why of dns1123SubdomainErrors(name)) errors.invalid('metadata.name', name, why);
  if (name !== expected) errors.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
  new SpecChecker(withSpec(crd), STRICT, errors).check();
  validateCommon(withSpec(crd), undefined, errors);
}

/**
 * Mistakes that older servers let pass: a definition that has one of a sort may keep them, and make more.
 * Upstream: requireValidPropertyType, requireAtomicSetType, requireMapListKeysMapSetValidation.
 */
const KEPT: ((error: FieldErrors['list'][number]) => boolean)[] = [
  ({ type, field }) => type === 'FieldValueNotSupported' && field.endsWith('.type'),
  ({ body }) => body.includes('as item of a list with x-kubernetes-list-type=set'),
  ({ body }) => /is in x-kubernetes-list-map-keys, so it|cannot be nullable when x-kubernetes-list-type/.test(body),
];

function withoutKept(found: FieldErrors, old: CustomResourceDefinition): FieldErrors {
  const sorts = KEPT.filter((is) => found.list.some(is));
  if (sorts.length === 0) return found;
  const before = new FieldErrors();
  new SpecChecker(withSpec(old), STRICT, before).check();
  const kept = sorts.filter((is) => before.list.some(is));
  const left = new FieldErrors();
  left.list.push(...found.list.filter((error) => !kept.some((is) => is(error))));
  return left;
}

export function validateDefinitionUpdate(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition,
  errors: FieldErrors,
): void {
  const given = withSpec(crd);
  const found = new FieldErrors();
  new SpecChecker(given, leniency(given, old), found).check();
  errors.list.push(...withoutKept(found, old).list);
  const [now, before] = [given.spec, old.spec];
  if (isEstablished(old)) {
    immutable(errors, 'spec.scope', now.scope, before.scope);
    immutable(errors, 'spec.names.kind', now.names?.kind, before.names.kind);
  }
  immutable(errors, 'spec.group', now.group, before.group);
  immutable(errors, 'spec.names.plural', now.names?.plural, before.names.plural);
  validateCommon(given, old, errors);
}

/** A definition may come without anything in it. */
function withSpec(crd: CustomResourceDefinition): CustomResourceDefinition {
  const spec = crd.spec ?? ({} as CustomResourceDefinition['spec']);
  return { ...crd, spec: { ...spec, versions: spec.versions ?? [], names: spec.names ?? { plural: '', kind: '' } } };
}
