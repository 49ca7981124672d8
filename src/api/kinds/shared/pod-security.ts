// Rules for security contexts of pods and containers. Upstream: validatePodSpecSecurityContext,
// ValidateSecurityContext, validateSeccompProfileField, ValidateAppArmorProfileField, validateSysctls.
import type * as core from 'kubernetes-types/core/v1.js';
import { rangeMessage } from '../../names.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { localDescendingPath, optionalOneOf } from './field-rules.ts';
import type { PodSecurityContext, PodSpec } from './pod-types.ts';
import { validateWindowsOptions } from './pod-windows.ts';

const MAX_ID = 2147483647;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const MAX_PROFILE_BYTES = 4095;
const SYSCTL = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const SYSCTL_NAME = new RegExp(SYSCTL);

function id(errors: FieldErrors, field: string, value: number | undefined): void {
  if (value != null && (value < 0 || value > MAX_ID)) errors.invalid(field, value, rangeMessage(0, MAX_ID));
}

function seccomp(errors: FieldErrors, path: string, profile: core.SeccompProfile | undefined): void {
  if (!profile) return;
  if (!profile.type) errors.required(`${path}.type`, 'type is required when seccompProfile is set');
  else optionalOneOf(errors, `${path}.type`, profile.type, PROFILE_TYPES);
  if (profile.type === 'Localhost') {
    if (profile.localhostProfile == null) {
      errors.required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost');
    } else localDescendingPath(errors, `${path}.localhostProfile`, profile.localhostProfile);
  } else if (profile.localhostProfile != null) {
    const shown = new GoStruct({ Type: profile.type ?? '', LocalhostProfile: profile.localhostProfile });
    errors.invalid(`${path}.localhostProfile`, shown, 'can only be set when seccomp type is Localhost');
  }
}

export function appArmor(errors: FieldErrors, path: string, profile: core.AppArmorProfile | undefined): void {
  if (!profile) return;
  const field = `${path}.localhostProfile`;
  if (profile.type === 'Localhost') {
    const text = profile.localhostProfile;
    if (text == null || text === '') errors.required(field, 'must be set when AppArmor type is Localhost');
    else if (text !== text.trim()) errors.invalid(field, text, 'must not be padded with whitespace');
    if (text != null && text.length > MAX_PROFILE_BYTES) errors.tooLong(field, MAX_PROFILE_BYTES);
  } else if (!profile.type) errors.required(`${path}.type`, 'type is required when appArmorProfile is set');
  else if (!PROFILE_TYPES.includes(profile.type)) errors.notSupported(`${path}.type`, profile.type, PROFILE_TYPES);
  else if (profile.localhostProfile != null) {
    errors.invalid(field, profile.localhostProfile, 'can only be set when AppArmor type is Localhost');
  }
}

function sysctls(errors: FieldErrors, path: string, list: readonly core.Sysctl[], spec: PodSpec): void {
  const seen = new Set<string>();
  list.forEach(({ name }, i) => {
    const field = `${path}[${i}].name`;
    if (!name) errors.required(field);
    else if (name.length > 253 || !SYSCTL_NAME.test(name)) {
      errors.invalid(field, name, `must have at most 253 characters and match regex ${SYSCTL}`);
    } else if (seen.has(name)) errors.duplicate(field, name);
    const dotted = (name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork && dotted.startsWith('net.')) {
      errors.invalid(field, name, "may not be specified when 'hostNetwork' is true");
    }
    if (spec.hostIPC && (/^kernel\.(shm|msg|sem)/.test(dotted) || dotted.startsWith('fs.mqueue.'))) {
      errors.invalid(field, name, "may not be specified when 'hostIPC' is true");
    }
    seen.add(name);
  });
}

export function validatePodSecurity(errors: FieldErrors, specPath: string, spec: PodSpec): void {
  const context: PodSecurityContext | undefined = spec.securityContext;
  const path = `${specPath}.securityContext`;
  if (context) {
    id(errors, `${path}.fsGroup`, context.fsGroup);
    id(errors, `${path}.runAsUser`, context.runAsUser);
    id(errors, `${path}.runAsGroup`, context.runAsGroup);
    context.supplementalGroups?.forEach((group, i) => id(errors, `${path}.supplementalGroups[${i}]`, group));
  }
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.invalid(`${path}.shareProcessNamespace`, true, why);
  }
  if (context) {
    if (context.sysctls?.length) sysctls(errors, `${path}.sysctls`, context.sysctls, spec);
    optionalOneOf(errors, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
    seccomp(errors, `${path}.seccompProfile`, context.seccompProfile);
    validateWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
    appArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
    optionalOneOf(errors, `${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
    optionalOneOf(errors, `${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']);
  }
}

/** A pod with users of its own shares no namespace of the host's. */
export function validateHostUsers(errors: FieldErrors, path: string, spec: PodSpec): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `pod.Spec.HostUsers` is false';
  if (spec.hostNetwork) errors.forbidden(`${path}.hostNetwork`, why);
  if (spec.hostPID) errors.forbidden(`${path}.HostPID`, why);
  if (spec.hostIPC) errors.forbidden(`${path}.HostIPC`, why);
}

/** As Go prints upstream's internal type, which has no JSON names. */
function shownContext(context: core.SecurityContext): GoStruct {
  const { capabilities, seccompProfile, appArmorProfile, seLinuxOptions: selinux } = context;
  const profile = (p: { type?: string; localhostProfile?: string } | undefined) =>
    p && new GoStruct({ Type: p.type ?? '', LocalhostProfile: p.localhostProfile });
  return new GoStruct({
    Capabilities: capabilities && new GoStruct({ Add: capabilities.add, Drop: capabilities.drop }),
    Privileged: context.privileged,
    SELinuxOptions:
      selinux &&
      new GoStruct({
        User: selinux.user ?? '',
        Role: selinux.role ?? '',
        Type: selinux.type ?? '',
        Level: selinux.level ?? '',
      }),
    WindowsOptions: context.windowsOptions,
    RunAsUser: context.runAsUser,
    RunAsGroup: context.runAsGroup,
    RunAsNonRoot: context.runAsNonRoot,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation,
    ProcMount: context.procMount,
    SeccompProfile: profile(seccompProfile),
    AppArmorProfile: profile(appArmorProfile),
  });
}

export function validateContainerSecurity(
  errors: FieldErrors,
  path: string,
  context: core.SecurityContext | undefined,
  hostUsers: boolean,
): void {
  if (!context) return;
  id(errors, `${path}.runAsUser`, context.runAsUser);
  id(errors, `${path}.runAsGroup`, context.runAsGroup);
  if (context.procMount != null) {
    optionalOneOf(errors, `${path}.procMount`, context.procMount, ['Default', 'Unmasked']);
    if (hostUsers && context.procMount === 'Unmasked') {
      errors.invalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`');
    }
  }
  seccomp(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.invalid(
        path,
        shownContext(context),
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      );
    }
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      errors.invalid(path, shownContext(context), why);
    }
  }
  validateWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
  appArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
}
