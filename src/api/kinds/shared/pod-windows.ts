// Rules for the operating system that a pod is made for: what only Windows has, and what it has not. Upstream:
// validateWindowsSecurityContextOptions, validateWindowsHostProcessPod, validateOS, validateLinux, validateWindows.
import type * as core from 'kubernetes-types/core/v1.js';
import type { FieldErrors } from '../../validation.ts';
import { dnsSubdomain } from './field-rules.ts';
import { visitContainers } from './pod-annotations.ts';
import type { PodSpec } from './pod-types.ts';

type Options = core.WindowsSecurityContextOptions;

const CONTROL = /[\u0000-\u001f\u007f]/;
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const BAD_USER = /["/\\:;|=,+*?<>@[\]]/;
const DOTS_OR_SPACES = /^[. ]+$/;
const MAX_SPEC_BYTES = 64 * 1024;

function userNameProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const [user, domain] = parts.length === 1 ? [parts[0]!, undefined] : [parts[1]!, parts[0]!];
  const problems: string[] = [];
  if (domain !== undefined) {
    if (domain.length >= 256) problems.push("runAsUserName's Domain length must be under 256 characters");
    if (!NET_BIOS.test(domain) && !DOMAIN.test(domain)) {
      problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }
  if (user === '') problems.push("runAsUserName's User cannot be empty");
  else if (user.length > 104) problems.push("runAsUserName's User length must not be longer than 104 characters");
  if (DOTS_OR_SPACES.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (BAD_USER.test(user)) {
    problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return problems;
}

export function validateWindowsOptions(errors: FieldErrors, path: string, options: Options | undefined): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name != null) dnsSubdomain(errors, `${path}.gmsaCredentialSpecName`, name);
  if (spec === '') {
    errors.invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string');
  } else if (spec != null && spec.length > MAX_SPEC_BYTES) {
    errors.invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec size must be under 64 KiB');
  }
  if (user == null) return;
  for (const problem of userNameProblems(user)) errors.invalid(`${path}.runAsUserName`, user, problem);
}

export function validateHostProcess(errors: FieldErrors, path: string, spec: PodSpec): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let [all, hosts] = [0, 0];
  visitContainers(path, spec, (c, field) => {
    all++;
    const own = c.securityContext?.windowsOptions?.hostProcess;
    if (ofPod != null && own != null && ofPod !== own) {
      const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.invalid(`${field}.securityContext.windowsOptions.hostProcess`, own, why);
    }
    if (own ?? ofPod) hosts++;
  });
  if (hosts === 0) return;
  if (hosts !== all) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.invalid(path, '', why);
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.invalid(`${path}.hostNetwork`, false, why);
  }
}

const NOT_ON_LINUX = 'windows options cannot be set for a linux pod';
const NOT_ON_WINDOWS = 'cannot be set for a windows pod';

function onLinux(errors: FieldErrors, path: string, spec: PodSpec): void {
  if (spec.securityContext?.windowsOptions) {
    errors.forbidden(`${path}.securityContext.windowsOptions`, NOT_ON_LINUX);
  }
  visitContainers(path, spec, (c, field) => {
    if (c.securityContext?.windowsOptions) errors.forbidden(`${field}.securityContext.windowsOptions`, NOT_ON_LINUX);
  });
}

/** In upstream's order; what stands in the pod's spec and not in its security context is marked. */
const POD_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  '.hostUsers',
  '.hostPID',
  '.hostIPC',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  '.shareProcessNamespace',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;
/** These mean nothing when false; the others are pointers, for which being there is enough. */
const PLAIN = new Set(['.hostPID', '.hostIPC']);

function onWindows(errors: FieldErrors, path: string, spec: PodSpec): void {
  const context = spec.securityContext as Record<string, unknown> | undefined;
  for (const field of POD_FIELDS) {
    const inSpec = field.startsWith('.');
    const value = inSpec ? (spec as unknown as Record<string, unknown>)[field.slice(1)] : context?.[field];
    if (value == null || (PLAIN.has(field) && value === false)) continue;
    if (field === 'sysctls' && (value as unknown[]).length === 0) continue;
    errors.forbidden(inSpec ? `${path}${field}` : `${path}.securityContext.${field}`, NOT_ON_WINDOWS);
  }
  visitContainers(path, spec, (c, at) => {
    for (const field of CONTAINER_FIELDS) {
      if (c.securityContext?.[field] != null) errors.forbidden(`${at}.securityContext.${field}`, NOT_ON_WINDOWS);
    }
  });
}

export function validateOs(errors: FieldErrors, path: string, spec: PodSpec): void {
  if (!spec.os) return;
  const { name } = spec.os;
  if (!name) errors.required(`${path}.os.name`, 'cannot be empty');
  else if (name === 'linux') onLinux(errors, path, spec);
  else if (name === 'windows') onWindows(errors, path, spec);
  else errors.notSupported(`${path}.os`, name, ['linux', 'windows']);
}
