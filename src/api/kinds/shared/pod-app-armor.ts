// AppArmor profiles that are annotations become fields when a pod is created. Templates are only warned about.
// Upstream: applyAppArmorVersionSkew in pkg/registry/core/pod/strategy.go, ApparmorFieldForAnnotation.
import type * as core from 'kubernetes-types/core/v1.js';
import { semanticEqual } from '../../equal.ts';
import { FieldErrors } from '../../validation.ts';
import { APP_ARMOR, visitContainers } from './pod-annotations.ts';
import { appArmor } from './pod-security.ts';
import type { PodSpec } from './pod-types.ts';

const LOCALHOST = 'localhost/';

/** Undefined when it says nothing that a field could say. */
function profileOf(annotation: string): core.AppArmorProfile | undefined {
  let profile: core.AppArmorProfile;
  if (annotation === 'unconfined') profile = { type: 'Unconfined' };
  else if (annotation === 'runtime/default') profile = { type: 'RuntimeDefault' };
  else if (annotation.startsWith(LOCALHOST)) {
    profile = { type: 'Localhost', localhostProfile: annotation.slice(LOCALHOST.length) };
  } else return undefined;
  const errors = new FieldErrors();
  appArmor(errors, '', profile);
  return errors.empty ? profile : undefined;
}

export function syncAppArmor(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  warn: (message: string) => void,
): void {
  if (spec.os?.name === 'windows') return;
  visitContainers('', spec, (container) => {
    const key = APP_ARMOR + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = profileOf(annotation);
    // What the whole pod has need not be said again.
    if (profile && semanticEqual(profile, spec.securityContext?.appArmorProfile)) return;
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  });
}
