// After names have changed, what refers to them follows. Upstream: kustomize api/filters/nameref,
// api/internal/accumulator/namereferencetransformer.go.
import type { ReferenceSpec } from './field-specs.ts';
import { changeAt, isMap } from './fields.ts';
import { type GvkSelector, effectiveNamespace, idText, isClusterScoped, isSelected } from './ids.ts';
import type { Resource } from './resource.ts';
import { type FieldSpec, KustomizeError } from './types.ts';

/** Changes the objects of `resources` so that references name what they meant. */
export function fixReferences(resources: readonly Resource[], references: readonly ReferenceSpec[]): void {
  const byOldName = indexByOldName(resources);
  if (byOldName.size === 0) return;
  const specsOf = specsByKind(references);
  for (const referrer of resources) {
    for (const { target, spec } of specsOf(referrer)) {
      const turn = new Turn(referrer, target, spec, byOldName);
      // The spec was chosen by the referrer's first identity; it is applied to the present one.
      changeAt(referrer.object, referrer.gvk, { path: spec.path }, (value) => turn.follow(value));
    }
  }
}

function indexByOldName(resources: readonly Resource[]): Map<string, Resource[]> {
  const index = new Map<string, Resource[]>();
  for (const resource of resources) {
    for (const name of new Set(resource.previous.map((id) => id.name))) {
      const list = index.get(name);
      if (list) list.push(resource);
      else index.set(name, [resource]);
    }
  }
  return index;
}

interface Row {
  target: GvkSelector;
  spec: FieldSpec;
}

/** The table turned round: for a referrer, the fields that refer. */
function specsByKind(references: readonly ReferenceSpec[]): (referrer: Resource) => Row[] {
  const known = new Map<string, Row[]>();
  return (referrer) => {
    const { group, version, kind } = referrer.originalId;
    const key = `${group}/${version}/${kind}`;
    let rows = known.get(key);
    if (!rows) {
      rows = references.flatMap(({ fieldSpecs, ...target }) =>
        fieldSpecs.filter((spec) => isSelected({ group, version, kind }, spec)).map((spec) => ({ target, spec })),
      );
      known.set(key, rows);
    }
    return rows;
  };
}

class Turn {
  private readonly referrer: Resource;
  private readonly target: GvkSelector;
  private readonly spec: FieldSpec;
  private readonly byOldName: ReadonlyMap<string, Resource[]>;

  constructor(referrer: Resource, target: GvkSelector, spec: FieldSpec, byOldName: ReadonlyMap<string, Resource[]>) {
    this.referrer = referrer;
    this.target = target;
    this.spec = spec;
    this.byOldName = byOldName;
  }

  follow(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.follow(item));
    if (isMap(value)) return this.followMap(value);
    if (typeof value !== 'string') return value;
    return this.select(value, this.candidates(value), false)?.name ?? value;
  }

  /** A map with the name, and perhaps the namespace, of what it means. */
  private followMap(value: Record<string, unknown>): unknown {
    const { name, namespace } = value;
    if (name === undefined) {
      const { path } = this.spec;
      throw new KustomizeError(
        `updating name reference in '${path}' field of '${idText(this.referrer.id)}': considering field '${path}' of object ${idText(this.referrer.id)}: path config error; no 'name' field in node`,
        this.referrer.file,
      );
    }
    let candidates = this.candidates(String(name));
    if (typeof namespace === 'string') {
      const original = candidates.filter((r) => effectiveNamespace(r.originalId) === namespace);
      candidates = original.length > 0 ? original : candidates.filter((r) => effectiveNamespace(r.id) === namespace);
    }
    const found = this.select(String(name), candidates, true);
    if (!found || (found.name === name && found.namespace === '')) return value;
    return { ...value, name: found.name, ...(found.namespace ? { namespace: found.namespace } : {}) };
  }

  /** What once had the name and could be meant from the referrer's namespace. */
  private candidates(name: string): Resource[] {
    const all = this.byOldName.get(name) ?? [];
    const id = this.referrer.id;
    if (all.length === 0 || isClusterScoped(id)) return all;
    const here = effectiveNamespace(id);
    const bound = boundNamespaces(this.referrer);
    return all.filter((r) => isClusterScoped(r.gvk) || effectiveNamespace(r.id) === here || bound.has(r.namespace));
  }

  private select(name: string, candidates: Resource[], withNamespace: boolean): Resource | undefined {
    const { referrer } = this;
    const roleRef = this.roleReference();
    const here = effectiveNamespace(referrer.id);
    let left = candidates.filter(
      (r) =>
        r.previous.some((id) => id.name === name) &&
        r.previous.some((id) => isSelected(id, this.target)) &&
        (!roleRef || r.previous.some((id) => isSelected(id, roleRef))) &&
        (isClusterScoped(referrer.gvk) ||
          isClusterScoped(r.gvk) ||
          r.object.kind === 'ServiceAccount' ||
          effectiveNamespace(r.id) === here),
    );
    if (left.length === 1) return left[0];
    left = left.filter((r) => sameAffixes(r, referrer, true));
    if (left.length > 1) left = left.filter((r) => sameAffixes(r, referrer, false));
    const [first] = left;
    if (left.length < 2 || !first) return first;
    if (left.every((r) => r.name === first.name && (!withNamespace || r.namespace === first.namespace))) return first;
    throw new KustomizeError(
      `found multiple possible referrals: ${left.map((r) => idText(r.id)).join(', ')}`,
      referrer.file,
    );
  }

  private roleReference(): GvkSelector | undefined {
    if (!this.spec.path.endsWith('roleRef/name')) return undefined;
    const { roleRef } = this.referrer.object as { roleRef?: { apiGroup?: string; kind?: string } };
    return roleRef?.apiGroup && roleRef.kind ? { group: roleRef.apiGroup, kind: roleRef.kind } : undefined;
  }
}

/** Namespaces that a binding's subjects name. */
function boundNamespaces({ object }: Resource): Set<string> {
  if (object.kind !== 'RoleBinding' && object.kind !== 'ClusterRoleBinding') return new Set();
  const { subjects } = object as { subjects?: { kind?: string; namespace?: string }[] };
  const accounts = Array.isArray(subjects) ? subjects.filter((s) => s?.kind === 'ServiceAccount') : [];
  return new Set(accounts.flatMap(({ namespace }) => (namespace ? [namespace] : [])));
}

/** Made in the same kustomization: the shorter list of affixes is the end of the longer one. */
function sameAffixes(a: Resource, b: Resource, emptyMatches: boolean): boolean {
  return sameEnding(a.prefixes, b.prefixes, emptyMatches) && sameEnding(a.suffixes, b.suffixes, emptyMatches);
}

function sameEnding(a: readonly string[], b: readonly string[], emptyMatches: boolean): boolean {
  const compared = Math.min(a.length, b.length);
  if (compared === 0) return emptyMatches || a.length === b.length;
  for (let i = 1; i <= compared; i++) if (a.at(-i) !== b.at(-i)) return false;
  return true;
}
