// After names have changed, what refers to them follows. Upstream: kustomize api/internal/accumulator/namereferencetransformer.go.
import { parseApiVersion } from '../types.ts';
import { changeAt, isMap, specApplies } from './fields.ts';
import { clusterKinds, referenceSpecs } from './field-specs.ts';
import type { Resource } from './types.ts';

type Candidates = Map<string, Resource[]>;

/** Changes the objects of `resources` so that references name what they meant. */
export function fixReferences(resources: readonly Resource[]): void {
  const byKind = new Map<string, Candidates>();
  for (const resource of resources) {
    // A resource with one name has nothing to follow.
    if (resource.names.length < 2) continue;
    const named = byKind.get(resource.object.kind) ?? new Map<string, Resource[]>();
    byKind.set(resource.object.kind, named);
    for (const name of new Set(resource.names.map((n) => n.name))) {
      const list = named.get(name);
      if (list) list.push(resource);
      else named.set(name, [resource]);
    }
  }
  for (const referrer of resources) {
    const gvk = { ...parseApiVersion(referrer.object.apiVersion), kind: referrer.object.kind };
    for (const { kind, fields } of referenceSpecs) {
      const candidates = byKind.get(kind);
      if (!candidates) continue;
      for (const field of fields) {
        if (!specApplies(field, gvk)) continue;
        referrer.object = changeAt(referrer.object, field.path, false, (value) =>
          follow(value, referrer, kind, candidates),
        );
      }
    }
  }
}

function follow(value: unknown, referrer: Resource, kind: string, candidates: Candidates): unknown {
  if (typeof value === 'string') {
    const target = pick(candidates.get(value), referrer, undefined);
    // A role reference's kind says which of two kinds it means.
    if (target && !roleMatches(referrer, kind)) return value;
    return target?.object.metadata.name ?? value;
  }
  if (Array.isArray(value)) return value.map((item) => follow(item, referrer, kind, candidates));
  if (!isMap(value) || typeof value['name'] !== 'string') return value;
  if (value['kind'] !== undefined && value['kind'] !== kind) return value;
  const namespace = typeof value['namespace'] === 'string' ? value['namespace'] : undefined;
  const target = pick(candidates.get(value['name']), referrer, namespace);
  if (!target) return value;
  const { name, namespace: moved } = target.object.metadata;
  return { ...value, name, ...(namespace !== undefined || moved ? { namespace: moved } : {}) };
}

function roleMatches(referrer: Resource, kind: string): boolean {
  if (kind !== 'Role' && kind !== 'ClusterRole') return true;
  return (referrer.object['roleRef'] as { kind?: string } | undefined)?.kind === kind;
}

/** Among resources of one old name: the one in the referrer's (or the named) namespace, old or new. */
function pick(found: Resource[] | undefined, referrer: Resource, namespace: string | undefined): Resource | undefined {
  if (!found || found.length === 0) return undefined;
  const spaces = new Set<string>(
    namespace !== undefined
      ? [namespace]
      : [referrer.object.metadata.namespace ?? '', ...referrer.names.map((n) => n.namespace)],
  );
  // No namespace is the one called default.
  if (spaces.has('default')) spaces.add('');
  const here = found.filter(
    (r) =>
      clusterKinds.has(r.object.kind) ||
      clusterKinds.has(referrer.object.kind) ||
      r.names.some((n) => spaces.has(n.namespace)) ||
      spaces.has(r.object.metadata.namespace ?? ''),
  );
  return here[0] ?? (found.length === 1 && namespace === undefined ? found[0] : undefined);
}
