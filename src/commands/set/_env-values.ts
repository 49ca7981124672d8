// What the variables of a container are worth when references are followed (`set env --list --resolve`).
// Upstream: kubectl/pkg/cmd/set/env/env_resolve.go.
import type { Container, EnvVar } from 'kubernetes-types/core/v1.js';
import { extractFieldPath } from '../../api/fieldpath.ts';
import { parseQuantity, quantityMilliValue, quantityValue } from '../../api/quantity.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Cluster } from '../../cli/cluster.ts';

type Read = (plural: string, name: string) => Promise<Unstructured>;

/** Reads each secret and config map once. */
export function reader(cluster: Cluster): Read {
  const read = new Map<string, Promise<Unstructured>>();
  return (plural, name) => {
    const path = resourcePath(
      { group: '', version: 'v1', plural, kind: '', namespaced: true },
      { namespace: cluster.namespace, name },
    );
    const reading = read.get(path) ?? cluster.json<Unstructured>('GET', path);
    read.set(path, reading);
    return reading;
  };
}

/** Throws when there is no such object, key or field. */
export async function resolvedValue(
  env: EnvVar,
  object: Unstructured,
  container: Container,
  read: Read,
): Promise<string> {
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = env.valueFrom ?? {};
  if (secretKeyRef) {
    const secret = await read('secrets', secretKeyRef.name ?? '');
    const value = (secret['data'] as Record<string, string> | undefined)?.[secretKeyRef.key];
    if (value === undefined) throw new Error(`key ${secretKeyRef.key} not found in secret ${secretKeyRef.name}`);
    return Buffer.from(value, 'base64').toString('utf8');
  }
  if (configMapKeyRef) {
    const map = await read('configmaps', configMapKeyRef.name ?? '');
    const value = (map['data'] as Record<string, string> | undefined)?.[configMapKeyRef.key];
    if (value === undefined)
      throw new Error(`key ${configMapKeyRef.key} not found in config map ${configMapKeyRef.name}`);
    return value;
  }
  if (fieldRef) return extractFieldPath(object, fieldRef.fieldPath);
  if (resourceFieldRef)
    return containerResource(container, resourceFieldRef.resource, String(resourceFieldRef.divisor ?? '1'));
  throw new Error('invalid valueFrom');
}

/** `limits.cpu` in units of the divisor, rounded up. Upstream: resource.ExtractContainerResourceValue. */
function containerResource(container: Container, resource: string, divisor: string): string {
  const [which = '', name = ''] = resource.split(/\.(.*)/s);
  const amounts = which === 'limits' ? container.resources?.limits : container.resources?.requests;
  if (which !== 'limits' && which !== 'requests') throw new Error(`Unsupported container resource : ${resource}`);
  const amount = parseQuantity(amounts?.[name] ?? '0');
  const unit = parseQuantity(divisor === '0' ? '1' : divisor);
  const [value, by] =
    name === 'cpu'
      ? [quantityMilliValue(amount), quantityMilliValue(unit)]
      : [quantityValue(amount), quantityValue(unit)];
  return String((value + by - 1n) / by);
}
