// Rules for the annotations that mean something for pods: mirror pods, deletion cost, and what was annotation before it
// was field (tolerations, seccomp, AppArmor). Upstream: ValidatePodSpecificAnnotations,
// ValidatePodSpecificAnnotationUpdates, validateSeccompAnnotationsAndFields.
import type { FieldErrors } from '../../validation.ts';
import type * as core from 'kubernetes-types/core/v1.js';
import { localDescendingPath } from './field-rules.ts';
import { validateTolerations } from './pod-scheduling.ts';
import type { Container, PodSpec } from './pod-types.ts';

type Annotations = Readonly<Record<string, string>> | undefined;
interface Profile {
  type?: string;
  localhostProfile?: string;
}

const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const COST = /^(?:0|-?[1-9]\d*)$/;
const MAX_INT32 = 2147483647;

/** Every container with its path, in upstream's order: init, regular, ephemeral. */
export function visitContainers(path: string, spec: PodSpec, visit: (c: Container, path: string) => void): void {
  spec.initContainers?.forEach((c, i) => visit(c, `${path}.initContainers[${i}]`));
  spec.containers?.forEach((c, i) => visit(c, `${path}.containers[${i}]`));
  spec.ephemeralContainers?.forEach((c, i) => visit(c, `${path}.ephemeralContainers[${i}]`));
}

function tolerations(errors: FieldErrors, path: string, text: string): void {
  let list: core.Toleration[];
  try {
    list = JSON.parse(text) as core.Toleration[];
  } catch (error) {
    return errors.invalid(path, TOLERATIONS, (error as Error).message);
  }
  if (Array.isArray(list)) validateTolerations(errors, `${path}.${TOLERATIONS}`, list);
}

function seccompText(errors: FieldErrors, field: string, text: string): void {
  if (text === 'runtime/default' || text === 'docker/default' || text === 'unconfined') return;
  if (text.startsWith('localhost/')) localDescendingPath(errors, field, text.slice('localhost/'.length));
  else errors.invalid(field, text, 'must be a valid seccomp profile');
}

function appArmorText(errors: FieldErrors, path: string, key: string, text: string, spec: PodSpec): void {
  const name = key.slice(APP_ARMOR.length);
  let found = false;
  visitContainers('', spec, (c) => (found ||= c.name === name));
  if (!found) errors.invalid(`${path}[${key}]`, name, 'container not found');
  if (text === '' || text === 'runtime/default' || text === 'unconfined' || text.startsWith('localhost/')) return;
  errors.invalid(`${path}[${key}]`, text, `invalid AppArmor profile name: ${JSON.stringify(text)}`);
}

export function validatePodAnnotations(
  errors: FieldErrors,
  path: string,
  annotations: Annotations,
  spec: PodSpec,
): void {
  if (!annotations) return;
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName) {
    errors.invalid(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set');
  }
  if (annotations[TOLERATIONS]) tolerations(errors, path, annotations[TOLERATIONS]);
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && (!COST.test(cost) || Math.abs(Number(cost)) > MAX_INT32)) {
    errors.invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer');
  }
  if (annotations[SECCOMP_POD] !== undefined) seccompText(errors, `${path}.${SECCOMP_POD}`, annotations[SECCOMP_POD]);
  for (const key in annotations) {
    if (key.startsWith(SECCOMP_CONTAINER)) seccompText(errors, `${path}.${key}`, annotations[key]!);
  }
  for (const key in annotations) {
    if (key.startsWith(APP_ARMOR)) appArmorText(errors, path, key, annotations[key]!, spec);
  }
}

export function validateAnnotationUpdates(errors: FieldErrors, path: string, now: Annotations, old: Annotations): void {
  for (const key in old) {
    if (now?.[key] === old[key]) continue;
    if (key.startsWith(APP_ARMOR)) {
      errors.forbidden(`${path}[${key}]`, 'may not remove or update AppArmor annotations');
    }
    if (key === MIRROR) errors.forbidden(`${path}[${key}]`, 'may not remove or update mirror pod annotation');
  }
  for (const key in now) {
    if (old && Object.hasOwn(old, key)) continue;
    if (key.startsWith(APP_ARMOR)) errors.forbidden(`${path}[${key}]`, 'may not add AppArmor annotations');
    if (key === MIRROR) errors.forbidden(`${path}[${key}]`, 'may not add mirror pod annotation');
  }
}

/** Undefined when an annotation and the field beside it say the same, else which part differs. */
function mismatch(text: string, profile: Profile, runtimeDefaults: readonly string[]): string | undefined {
  switch (profile.type) {
    case 'Unconfined':
      return text === 'unconfined' ? undefined : 'type';
    case 'RuntimeDefault':
      return runtimeDefaults.includes(text) ? undefined : 'type';
    case 'Localhost':
      if (!text.startsWith('localhost/')) return 'type';
      return text.slice('localhost/'.length) === profile.localhostProfile ? undefined : 'localhostProfile';
    default:
      return undefined;
  }
}

function mustMatch(
  errors: FieldErrors,
  path: string,
  text: string | undefined,
  profile: Profile | undefined,
  what: 'seccomp' | 'apparmor',
): void {
  if (text === undefined || !profile) return;
  const defaults = what === 'seccomp' ? ['runtime/default', 'docker/default'] : ['runtime/default'];
  const part = mismatch(text, profile, defaults);
  if (!part) return;
  const noun = part === 'type' ? 'type' : 'profile';
  errors.forbidden(`${path}.${part}`, `${what} ${noun} in annotation and field must match`);
}

/** On create, and in templates. */
export function validateAnnotationsMatchFields(
  errors: FieldErrors,
  path: string,
  annotations: Annotations,
  spec: PodSpec,
): void {
  if (!annotations) return;
  const context = spec.securityContext;
  const seccompPath = `${path}.securityContext.seccompProfile`;
  mustMatch(errors, seccompPath, annotations[SECCOMP_POD], context?.seccompProfile, 'seccomp');
  visitContainers(path, spec, (c, field) => {
    const profile = c.securityContext?.seccompProfile;
    const at = `${field}.securityContext.seccompProfile`;
    mustMatch(errors, at, annotations[SECCOMP_CONTAINER + c.name], profile, 'seccomp');
  });
  if (spec.os?.name === 'windows') return;
  visitContainers(path, spec, (c, field) => {
    const profile = c.securityContext?.appArmorProfile ?? context?.appArmorProfile;
    mustMatch(errors, `${field}.securityContext.appArmorProfile`, annotations[APP_ARMOR + c.name], profile, 'apparmor');
  });
}
