// A container's environment: service variables, envFrom, env in all its forms, in upstream's order of precedence.
// Upstream: kubelet_pods.go makeEnvironmentVariables. Pure: what it reads of the cluster is given.
import type {
  ConfigMap,
  Container,
  EnvVar,
  Pod,
  ResourceFieldSelector,
  Secret,
  Service,
} from 'kubernetes-types/core/v1.js';
import { podFieldValue } from '../../api/fieldpath.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { expand } from './expand.ts';
import { findContainer } from './pod-facts.ts';
import { serviceEnvironment } from './service-env.ts';

/** The container cannot be configured (yet): reason CreateContainerConfigError. */
export class ConfigError extends Error {}

export interface EnvironmentSources {
  /** Undefined: it does not exist. */
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  services: readonly Service[];
  /** What a limit that is not set amounts to: the node's allocatable. */
  allocatable: Readonly<Record<string, string>>;
}

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Name and value pairs; later pairs of the same name have replaced earlier ones. `pod` carries its addresses. */
export function buildEnvironment(pod: Pod, container: Container, sources: EnvironmentSources): [string, string][] {
  const namespace = pod.metadata?.namespace ?? '';
  const values = new Map<string, string>();
  addEnvFrom(values, container, sources);
  const services = new Map(serviceEnvironment(sources.services, namespace, pod.spec?.enableServiceLinks ?? true));
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, pod, container, sources, (name) => values.get(name) ?? services.get(name));
    if (value === undefined) continue;
    values.delete(variable.name);
    values.set(variable.name, value);
  }
  for (const [name, value] of services) if (!values.has(name)) values.set(name, value);
  return [...values];
}

function addEnvFrom(values: Map<string, string>, container: Container, sources: EnvironmentSources): void {
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    let data: Record<string, string> = {};
    if (configMapRef) {
      const object = sources.configMap(configMapRef.name ?? '');
      if (!object && !configMapRef.optional) throw new ConfigError(`configmap "${configMapRef.name}" not found`);
      data = object?.data ?? {};
    } else if (secretRef) {
      const object = sources.secret(secretRef.name ?? '');
      if (!object && !secretRef.optional) throw new ConfigError(`secret "${secretRef.name}" not found`);
      data = Object.fromEntries(
        Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
      );
    }
    for (const key of Object.keys(data).sort()) {
      // Keys that cannot be the name of a variable are skipped, as upstream does.
      if (ENV_NAME.test(prefix + key)) values.set(prefix + key, data[key]!);
    }
  }
}

function valueOf(
  variable: EnvVar,
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
  lookUp: (name: string) => string | undefined,
): string | undefined {
  const from = variable.valueFrom;
  if (variable.value !== undefined && variable.value !== '') return expand(variable.value, lookUp);
  if (from?.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath);
  if (from?.resourceFieldRef) return resourceFieldValue(pod, container, from.resourceFieldRef, sources.allocatable);
  const namespace = pod.metadata?.namespace ?? '';
  if (from?.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const object = sources.configMap(name);
    if (!object) return missing(optional, `configmap "${name}" not found`);
    return object.data?.[key] ?? missing(optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (from?.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const object = sources.secret(name);
    if (!object) return missing(optional, `secret "${name}" not found`);
    const data = object.data?.[key];
    if (data === undefined) return missing(optional, `couldn't find key ${key} in Secret ${namespace}/${name}`);
    return Buffer.from(data, 'base64').toString('utf8');
  }
  return '';
}

function missing(optional: boolean | undefined, message: string): undefined {
  if (!optional) throw new ConfigError(message);
  return undefined;
}

function fieldValue(pod: Pod, path: string): string {
  try {
    return podFieldValue(pod, path);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

/** `limits.cpu` with divisor `1` rounds up to whole units. Upstream: pkg/api/v1/resource ExtractContainerResourceValue. */
export function resourceFieldValue(
  pod: Pod,
  own: Container,
  ref: ResourceFieldSelector,
  allocatable: Readonly<Record<string, string>>,
): string {
  const container = ref.containerName ? findContainer(pod, ref.containerName) : own;
  if (!container) throw new ConfigError(`container ${ref.containerName} not found`);
  const [list = '', ...rest] = ref.resource.split('.');
  const resource = rest.join('.');
  if (list !== 'limits' && list !== 'requests')
    throw new ConfigError(`unsupported container resource : ${ref.resource}`);
  const { limits = {}, requests = {} } = container.resources ?? {};
  const amount = list === 'limits' ? (limits[resource] ?? allocatable[resource]) : requests[resource];
  const divisor = ref.divisor === undefined || parseQuantity(ref.divisor).nanos === 0n ? '1' : ref.divisor;
  const nanos = parseQuantity(amount ?? '0').nanos;
  const unit = parseQuantity(divisor).nanos;
  return String((nanos + unit - 1n) / unit);
}
