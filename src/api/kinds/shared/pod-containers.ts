// Rules for a pod's containers of all three sorts. Upstream: validateContainers, validateInitContainers,
// validateEphemeralContainers, validateContainerCommon.
import type * as core from 'kubernetes-types/core/v1.js';
import { portNameErrors, portNumberErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { PROTOCOLS, oneOf, push, requiredLabel } from './field-rules.ts';
import { validateEnv, validateEnvFrom } from './pod-env.ts';
import { type ProbeKind, validateLifecycle, validateProbe } from './pod-probes.ts';
import { validateContainerSecurity } from './pod-security.ts';
import type { Container, EphemeralContainer, PodSpec } from './pod-types.ts';
import { type VolumeMap, validateVolumeDevices, validateVolumeMounts } from './pod-volumes.ts';
import { resourceRequirements } from './resource-list.ts';

const PROBES: readonly ProbeKind[] = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];

function ports(errors: FieldErrors, path: string, list: readonly core.ContainerPort[] | undefined): void {
  if (!list) return;
  let names: Set<string> | undefined;
  for (let i = 0; i < list.length; i++) {
    const port = list[i]!;
    const field = `${path}[${i}]`;
    if (port.name) {
      const bad = portNameErrors(port.name);
      names ??= new Set();
      if (bad.length) push(errors, `${field}.name`, port.name, bad);
      else if (names.has(port.name)) errors.duplicate(`${field}.name`, port.name);
      else names.add(port.name);
    }
    if (!port.containerPort) errors.required(`${field}.containerPort`);
    else push(errors, `${field}.containerPort`, port.containerPort, portNumberErrors(port.containerPort));
    if (port.hostPort) push(errors, `${field}.hostPort`, port.hostPort, portNumberErrors(port.hostPort));
    oneOf(errors, `${field}.protocol`, port.protocol, PROTOCOLS);
  }
}

function hostPortConflicts(errors: FieldErrors, path: string, list: readonly Container[]): void {
  let seen: Set<string> | undefined;
  list.forEach((container, i) => {
    container.ports?.forEach((port, j) => {
      if (!port.hostPort) return;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      seen ??= new Set();
      if (seen.has(key)) errors.duplicate(`${path}[${i}].ports[${j}].hostPort`, key);
      else seen.add(key);
    });
  });
}

function resizePolicy(errors: FieldErrors, path: string, container: Container, restartPolicy: string): void {
  const seen = new Set<string>();
  container.resizePolicy?.forEach((policy, i) => {
    if (seen.has(policy.resourceName)) errors.duplicate(`${path}[${i}]`, policy.resourceName);
    seen.add(policy.resourceName);
    oneOf(errors, path, policy.resourceName, ['cpu', 'memory']);
    oneOf(errors, path, policy.restartPolicy, ['NotRequired', 'RestartContainer']);
    if (restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired') {
      errors.invalid(path, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  });
}

/** What the checks of one pod spec share. */
interface Scope {
  errors: FieldErrors;
  spec: PodSpec;
  volumes: VolumeMap;
  claimNames: readonly string[];
  hostUsers: boolean;
  graceSeconds: number | undefined;
}

function common(scope: Scope, path: string, c: Container): void {
  const { errors } = scope;
  requiredLabel(errors, `${path}.name`, c.name);
  if (!c.image) errors.required(`${path}.image`);
  oneOf(errors, `${path}.terminationMessagePolicy`, c.terminationMessagePolicy, MESSAGE_POLICIES);
  ports(errors, `${path}.ports`, c.ports);
  validateEnv(errors, `${path}.env`, c.env);
  validateEnvFrom(errors, `${path}.envFrom`, c.envFrom);
  validateVolumeMounts(errors, path, c, scope.volumes);
  validateVolumeDevices(errors, path, c, scope.volumes);
  oneOf(errors, `${path}.imagePullPolicy`, c.imagePullPolicy, PULL_POLICIES);
  resourceRequirements(errors, `${path}.resources`, c.resources, scope.claimNames);
  if (c.resizePolicy) resizePolicy(errors, `${path}.resizePolicy`, c, scope.spec.restartPolicy ?? '');
  validateContainerSecurity(errors, `${path}.securityContext`, c.securityContext, scope.hostUsers);
}

function running(scope: Scope, path: string, c: Container): void {
  validateLifecycle(scope.errors, `${path}.lifecycle`, c.lifecycle, scope.graceSeconds, scope.spec.os);
  for (const kind of PROBES) validateProbe(scope.errors, path, kind, c[kind], scope.graceSeconds);
}

function regular(scope: Scope, path: string): Set<string> {
  const { errors, spec } = scope;
  const names = new Set<string>();
  if (!spec.containers?.length) {
    errors.required(path);
    return names;
  }
  for (let i = 0; i < spec.containers.length; i++) {
    const c = spec.containers[i]!;
    const field = `${path}[${i}]`;
    common(scope, field, c);
    if (names.has(c.name)) errors.duplicate(`${field}.name`, c.name);
    names.add(c.name);
    running(scope, field, c);
    if (c.restartPolicy != null) errors.forbidden(`${field}.restartPolicy`, 'may not be set for non-init containers');
  }
  hostPortConflicts(errors, path, spec.containers);
  return names;
}

function init(scope: Scope, path: string, names: Set<string>): void {
  const { errors } = scope;
  scope.spec.initContainers?.forEach((c, i) => {
    const field = `${path}[${i}]`;
    common(scope, field, c);
    if (c.restartPolicy != null && c.restartPolicy !== 'Always') {
      errors.notSupported(`${field}.restartPolicy`, c.restartPolicy, ['Always']);
    }
    if (names.has(c.name)) errors.duplicate(`${field}.name`, c.name);
    else if (c.name) names.add(c.name);
    hostPortConflicts(errors, path, [c]);
    if (c.restartPolicy === 'Always') return running(scope, field, c);
    for (const kind of ['lifecycle', ...PROBES] as const) {
      if (c[kind])
        errors.forbidden(`${field}.${kind}`, 'may not be set for init containers without restartPolicy=Always');
    }
  });
}

/** In the order of upstream's type. */
const NOT_IN_EPHEMERAL = [
  ...['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'],
  ...PROBES,
  'lifecycle',
] as const;
const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

function ephemeral(scope: Scope, path: string, others: ReadonlySet<string>): void {
  const { errors } = scope;
  const names = new Set(others);
  scope.spec.ephemeralContainers?.forEach((c: EphemeralContainer, i) => {
    const field = `${path}[${i}]`;
    common(scope, field, c);
    trimmedImage(errors, field, c);
    if (names.has(c.name)) errors.duplicate(`${field}.name`, c.name);
    names.add(c.name);
    if (c.targetContainerName && !others.has(c.targetContainerName)) {
      errors.notFound(`${field}.targetContainerName`, c.targetContainerName);
    }
    for (const key of NOT_IN_EPHEMERAL) {
      const value = c[key as keyof EphemeralContainer];
      if (value == null || (key === 'resources' && Object.keys(value).length === 0)) continue;
      errors.forbidden(`${field}.${key}`, NOT_EPHEMERAL);
    }
    c.volumeMounts?.forEach((m, j) => {
      if (m.subPath) errors.forbidden(`${field}.volumeMounts[${j}].subPath`, NOT_EPHEMERAL);
      if (m.subPathExpr) errors.forbidden(`${field}.volumeMounts[${j}].subPathExpr`, NOT_EPHEMERAL);
    });
  });
}

/** Only pods, not templates: validateContainerOnlyForPod. */
export function trimmedImage(errors: FieldErrors, path: string, c: Container): void {
  if (c.image && c.image !== c.image.trim()) {
    errors.invalid(`${path}.image`, c.image, 'must not have leading or trailing whitespace');
  }
}

export function validateAllContainers(errors: FieldErrors, path: string, spec: PodSpec, volumes: VolumeMap): void {
  const scope: Scope = {
    errors,
    spec,
    volumes,
    claimNames: spec.resourceClaims?.map((c) => c.name) ?? [],
    hostUsers: spec.hostUsers !== false,
    graceSeconds: spec.terminationGracePeriodSeconds,
  };
  const names = regular(scope, `${path}.containers`);
  if (spec.initContainers?.length) init(scope, `${path}.initContainers`, names);
  if (spec.ephemeralContainers?.length) ephemeral(scope, `${path}.ephemeralContainers`, names);
}
