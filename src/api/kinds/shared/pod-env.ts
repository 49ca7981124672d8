// Rules for a container's environment: names, and where values come from. Upstream: ValidateEnv, ValidateEnvFrom,
// validateObjectFieldSelector, validateContainerResourceFieldSelector.
import type * as core from 'kubernetes-types/core/v1.js';
import { splitSubscript } from '../../fieldpath.ts';
import { configMapKeyErrors, dns1123SubdomainErrors, envVarNameErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { push, qualifiedName } from './field-rules.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
/** ConvertDownwardAPIFieldLabel; `spec.host` is what old clients say. */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  'spec.host',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const HUGE_PAGES = /^(?:requests|limits)\.hugepages-/;
const BYTE_DIVISORS = new Set('1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei'.split(' '));
const BYTE_DIVISOR_LIST = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

export function objectFieldSelector(
  errors: FieldErrors,
  path: string,
  ref: core.ObjectFieldSelector,
  allowed: readonly string[],
): void {
  if (!ref.apiVersion) return errors.required(`${path}.apiVersion`);
  if (!ref.fieldPath) return errors.required(`${path}.fieldPath`);
  const { path: field, subscript } = splitSubscript(ref.fieldPath);
  if (ref.apiVersion !== 'v1') {
    const why = `error converting fieldPath: unsupported pod version: ${ref.apiVersion}`;
    return errors.invalid(`${path}.fieldPath`, ref.fieldPath, why);
  }
  if (subscript !== undefined) {
    if (field === 'metadata.annotations') return qualifiedName(errors, path, subscript.toLowerCase());
    if (field === 'metadata.labels') return qualifiedName(errors, path, subscript);
    const why = `error converting fieldPath: field label does not support subscript: ${ref.fieldPath}`;
    return errors.invalid(`${path}.fieldPath`, ref.fieldPath, why);
  }
  if (!KNOWN_FIELDS.has(field)) {
    const why = `error converting fieldPath: field label not supported: ${ref.fieldPath}`;
    return errors.invalid(`${path}.fieldPath`, ref.fieldPath, why);
  }
  const converted = field === 'spec.host' ? 'spec.nodeName' : field;
  if (!allowed.includes(converted)) errors.notSupported(`${path}.fieldPath`, converted, allowed);
}

function divisor(errors: FieldErrors, path: string, resource: string, value: string | undefined): void {
  if (value === undefined || value === '0') return;
  const bad = (list: string, of: string) =>
    errors.invalid(`${path}.divisor`, resource, `only divisor's values ${list} are supported with the ${of} resource`);
  if (resource === 'limits.cpu' || resource === 'requests.cpu') {
    if (value !== '1m' && value !== '1') bad('1m and 1', 'cpu');
  } else if (!BYTE_DIVISORS.has(value)) {
    if (resource === 'limits.memory' || resource === 'requests.memory') bad(BYTE_DIVISOR_LIST, 'memory');
    else if (RESOURCES.includes(resource)) bad(BYTE_DIVISOR_LIST, 'local ephemeral storage');
    else if (HUGE_PAGES.test(resource)) bad(BYTE_DIVISOR_LIST, 'hugepages');
  }
}

export function resourceFieldSelector(
  errors: FieldErrors,
  path: string,
  ref: core.ResourceFieldSelector,
  inVolume: boolean,
): void {
  const resource = ref.resource ?? '';
  if (inVolume && !ref.containerName) errors.required(`${path}.containerName`);
  else if (!resource) errors.required(`${path}.resource`);
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.test(resource)) {
    errors.notSupported(`${path}.resource`, resource, RESOURCES);
  }
  divisor(errors, path, resource, ref.divisor as string | undefined);
}

function keySelector(errors: FieldErrors, path: string, ref: { name?: string; key?: string }): void {
  push(errors, `${path}.name`, ref.name ?? '', dns1123SubdomainErrors(ref.name ?? ''));
  if (!ref.key) errors.required(`${path}.key`);
  else push(errors, `${path}.key`, ref.key, configMapKeyErrors(ref.key));
}

function valueFrom(errors: FieldErrors, path: string, env: core.EnvVar, from: core.EnvVarSource): void {
  let sources = 0;
  if (from.fieldRef) {
    sources++;
    objectFieldSelector(errors, `${path}.fieldRef`, from.fieldRef, ENV_FIELDS);
  }
  if (from.resourceFieldRef) {
    sources++;
    resourceFieldSelector(errors, `${path}.resourceFieldRef`, from.resourceFieldRef, false);
  }
  if (from.configMapKeyRef) {
    sources++;
    keySelector(errors, `${path}.configMapKeyRef`, from.configMapKeyRef);
  }
  if (from.secretKeyRef) {
    sources++;
    keySelector(errors, `${path}.secretKeyRef`, from.secretKeyRef);
  }
  if (sources === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    errors.invalid(path, '', why);
  } else if (env.value) errors.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (sources > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
}

export function validateEnv(errors: FieldErrors, path: string, env: readonly core.EnvVar[] | undefined): void {
  if (!env) return;
  for (let i = 0; i < env.length; i++) {
    const e = env[i]!;
    if (!e.name) errors.required(`${path}[${i}].name`);
    else push(errors, `${path}[${i}].name`, e.name, envVarNameErrors(e.name));
    if (e.valueFrom) valueFrom(errors, `${path}[${i}].valueFrom`, e, e.valueFrom);
  }
}

export function validateEnvFrom(
  errors: FieldErrors,
  path: string,
  sources: readonly core.EnvFromSource[] | undefined,
): void {
  sources?.forEach((source, i) => {
    if (source.prefix) push(errors, `${path}[${i}].prefix`, source.prefix, envVarNameErrors(source.prefix));
    let count = 0;
    for (const kind of ['configMapRef', 'secretRef'] as const) {
      const ref = source[kind];
      if (!ref) continue;
      count++;
      if (!ref.name) errors.required(`${path}[${i}].${kind}.name`);
      else push(errors, `${path}[${i}].${kind}.name`, ref.name, dns1123SubdomainErrors(ref.name));
    }
    if (count === 0) errors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (count > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
  });
}
