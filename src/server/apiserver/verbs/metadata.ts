// Object metadata: what the server fills in, and the checks that every kind shares.
// Upstream: apiserver/pkg/registry/rest/{meta,create,update}.go, apimachinery/pkg/api/validation/objectmeta.go.
import type { AnyKind } from '../../../api/kind.ts';
import {
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentErrors,
  qualifiedNameErrors,
  validateAnnotations,
  validateLabels,
} from '../../../api/names.ts';
import type { ObjectMeta, OwnerReference } from '../../../api/types.ts';
import { type FieldErrors, GoStruct } from '../../../api/validation.ts';

let printed = { second: NaN, text: '' };

/** RFC 3339 in seconds, as metav1.Time prints. Many writes are of the same second. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== printed.second) printed = { second, text: new Date(ms).toISOString().slice(0, 19) + 'Z' };
  return printed.text;
}

/** `base` is cut so that the whole stays within 63 bytes. Upstream: storage/names/generate.go. */
export function generateName(base: string, suffix: string): string {
  return base.slice(0, 63 - suffix.length) + suffix;
}

export function nameErrors(definition: AnyKind, name: string): readonly string[] {
  // No key of the store can hold it, whatever a kind's own rule says.
  if (name.includes('\0')) return ['may not contain NUL'];
  const rule = definition.nameRule ?? 'subdomain';
  if (typeof rule === 'function') return rule(name);
  if (rule === 'label') return dns1123LabelErrors(name);
  if (rule === 'label1035') return dns1035LabelErrors(name);
  return rule === 'path' ? pathSegmentErrors(name) : dns1123SubdomainErrors(name);
}

export function validateMeta(definition: AnyKind, metadata: ObjectMeta, errors: FieldErrors): void {
  const { name, generateName: base, namespace } = metadata;
  if (base) {
    // Upstream checks the base as if a suffix followed (maskTrailingDash).
    const masked = base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base;
    for (const why of nameErrors(definition, masked)) {
      errors.invalid('metadata.generateName', base, why);
    }
  }
  if (!name) errors.required('metadata.name', 'name or generateName is required');
  else for (const why of nameErrors(definition, name)) errors.invalid('metadata.name', name, why);
  if (definition.scope === 'Namespaced') {
    if (!namespace) errors.required('metadata.namespace');
    else for (const why of dns1123LabelErrors(namespace)) errors.invalid('metadata.namespace', namespace, why);
  } else if (namespace) errors.forbidden('metadata.namespace', 'not allowed on this type');
  validateLabels(errors, 'metadata.labels', metadata.labels);
  validateAnnotations(errors, 'metadata.annotations', metadata.annotations);
  if (metadata.ownerReferences) validateOwners(metadata.ownerReferences, errors);
  // Upstream's own kinds know a few short finalizers; those of custom resources may be called anything.
  // Only the kinds of upstream's core are held to its own finalizers' names.
  const free = definition.schema !== undefined || definition.group === 'apiextensions.k8s.io';
  validateFinalizers(metadata.finalizers, free, errors);
}

const shownOwner = (owner: OwnerReference): GoStruct => {
  const { apiVersion = '', kind = '', name = '', uid = '', controller, blockOwnerDeletion } = owner;
  const pointers = {
    ...(controller === undefined ? {} : { controller }),
    ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
  };
  return new GoStruct({ apiVersion, kind, name, uid, ...pointers });
};

/** Upstream names the list, not the reference. */
function validateOwners(owners: readonly OwnerReference[], errors: FieldErrors): void {
  const path = 'metadata.ownerReferences';
  let controller: OwnerReference | undefined;
  for (const owner of owners) {
    if (!owner.apiVersion) errors.invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty');
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) errors.invalid(`${path}.${field}`, owner[field] ?? '', 'must not be empty');
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      errors.invalid(path, shownOwner(owner), '/v1, Kind=Event is disallowed from being an owner');
    }
    if (owner.controller !== true) continue;
    if (controller) {
      const both = `Only one reference can have Controller set to true. Found "true" in references for ${controller.kind}/${controller.name} and ${owner.kind}/${owner.name}`;
      errors.invalid(path, owners.map(shownOwner), both);
    } else controller = owner;
  }
}

function validateFinalizers(finalizers: readonly string[] | undefined, custom: boolean, errors: FieldErrors): void {
  if (!finalizers) return;
  finalizers.forEach((finalizer, i) => {
    for (const why of qualifiedNameErrors(finalizer)) errors.invalid('metadata.finalizers', finalizer, why);
    const standard =
      custom || finalizer === 'orphan' || finalizer === 'foregroundDeletion' || finalizer === 'kubernetes';
    if (!standard && !finalizer.includes('/')) {
      errors.invalid(
        `metadata.finalizers[${i}]`,
        finalizer,
        'name is neither a standard finalizer name nor is it fully qualified',
      );
    }
  });
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.invalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

/** What an update may never change. Call after restoreSystemMeta. */
export function validateMetaUpdate(metadata: ObjectMeta, old: ObjectMeta, errors: FieldErrors): void {
  if (old.deletionTimestamp) {
    const before = new Set(old.finalizers ?? []);
    const added = (metadata.finalizers ?? []).filter((f) => !before.has(f));
    if (added.length > 0) {
      const list = JSON.stringify(added).replaceAll(',', ', ').replace('[', '[]string{').replace(']', '}');
      errors.forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
      );
    }
  }
  const fixed = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  for (const field of fixed) {
    if ((metadata[field] ?? undefined) !== (old[field] ?? undefined)) {
      errors.invalid(`metadata.${field}`, metadata[field], 'field is immutable');
    }
  }
}

/** What clients leave out or may not set, taken from the object as it is. Upstream: BeforeUpdate. */
export function restoreSystemMeta(metadata: ObjectMeta, old: ObjectMeta): void {
  const keep = ['deletionTimestamp', 'deletionGracePeriodSeconds', 'creationTimestamp', 'generation'] as const;
  for (const field of keep) {
    if (old[field] === undefined) delete metadata[field];
    else (metadata as Record<string, unknown>)[field] = old[field];
  }
  if (!metadata.uid && old.uid) metadata.uid = old.uid;
  if (old.generateName !== undefined && metadata.generateName === undefined) metadata.generateName = old.generateName;
  delete metadata.selfLink;
}
