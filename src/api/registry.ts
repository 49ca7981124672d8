// All kinds that a server or client knows, by group, version and plural name or kind. Built-in kinds are given at
// the start, custom resources come and go. Order of groups and versions is discovery's. No storage.
import type { AnyKind, ServedVersion } from './kind.ts';
import { apiVersionOf } from './types.ts';

/** A kind as one of its served versions shows it. */
export interface ServedKind {
  definition: AnyKind;
  served: ServedVersion;
  group: string;
  version: string;
}

export interface GroupListing {
  group: string;
  /** In order of preference. */
  versions: readonly string[];
  preferredVersion: string;
}

export interface Registry {
  add(kind: AnyKind): void;
  /** Answers whether it was there. */
  remove(kind: AnyKind): boolean;
  byResource(group: string, version: string, plural: string): ServedKind | undefined;
  byKind(group: string, version: string, kind: string): ServedKind | undefined;
  /** The definition that stores `plural` in `group` (its storage group or any served one). */
  definition(group: string, plural: string): AnyKind | undefined;
  /** All kinds, in the order in which they were added. */
  all(): readonly AnyKind[];
  /** Groups for /apis and /api (group ''), sorted by upstream's priorities. */
  groups(): readonly GroupListing[];
  /** The kinds served at a group and version, by plural name. */
  resources(group: string, version: string): readonly ServedKind[];
  /** Rises with every add and remove: what caches of discovery and OpenAPI compare. */
  readonly generation: number;
}

// Upstream: cmd/kube-apiserver/app/aggregator.go, apiVersionPriorities. Higher comes first; unknown groups (custom
// resources) follow in the order of their names.
const GROUP_PRIORITY: Readonly<Record<string, number>> = {
  '': 18000,
  'apiregistration.k8s.io': 17950,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  apps: 17650,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  extensions: 17150,
  policy: 17100,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'admissionregistration.k8s.io': 16700,
  'apiextensions.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'flowcontrol.apiserver.k8s.io': 16100,
  'internal.apiserver.k8s.io': 16000,
  'resource.k8s.io': 15900,
};

const KUBE_VERSION = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const STAGE: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

/** v1, v2 … newest first, then beta, then alpha, then others by name. Upstream: version.CompareKubeAwareVersionStrings. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [KUBE_VERSION.exec(a), KUBE_VERSION.exec(b)];
  if (!x || !y) return x ? -1 : y ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const stage = (m: RegExpExecArray) => STAGE[m[2] ?? ''] ?? 3;
  return stage(y) - stage(x) || Number(y[1]) - Number(x[1]) || Number(y[3] ?? 0) - Number(x[3] ?? 0);
}

function compareGroups(a: string, b: string): number {
  return (GROUP_PRIORITY[b] ?? 1000) - (GROUP_PRIORITY[a] ?? 1000) || (a < b ? -1 : a > b ? 1 : 0);
}

class Kinds implements Registry {
  private readonly kinds = new Set<AnyKind>();
  private readonly resourceIndex = new Map<string, ServedKind>();
  private readonly kindIndex = new Map<string, ServedKind>();
  private readonly versions = new Map<string, Map<string, ServedKind[]>>();
  private listing: GroupListing[] | undefined;
  generation = 0;

  add(kind: AnyKind): void {
    this.kinds.add(kind);
    for (const served of kind.served) {
      const { group, version } = served;
      const entry: ServedKind = { definition: kind, served, group, version };
      const key = apiVersionOf(served);
      this.resourceIndex.set(`${key}/${kind.plural}`, entry);
      this.kindIndex.set(`${key}/${kind.kind}`, entry);
      let versions = this.versions.get(group);
      if (!versions) this.versions.set(group, (versions = new Map()));
      const list = (versions.get(version) ?? []).filter((e) => e.definition.plural !== kind.plural);
      list.push(entry);
      list.sort((a, b) => (a.definition.plural < b.definition.plural ? -1 : 1));
      versions.set(version, list);
    }
    this.changed();
  }

  remove(kind: AnyKind): boolean {
    if (!this.kinds.delete(kind)) return false;
    for (const { group, version } of kind.served) {
      const key = apiVersionOf({ group, version });
      for (const [index, name] of [
        [this.resourceIndex, kind.plural],
        [this.kindIndex, kind.kind],
      ] as const) {
        if (index.get(`${key}/${name}`)?.definition === kind) index.delete(`${key}/${name}`);
      }
      const versions = this.versions.get(group);
      const list = versions?.get(version)?.filter((e) => e.definition !== kind);
      if (list?.length) versions!.set(version, list);
      else versions?.delete(version);
      if (versions?.size === 0) this.versions.delete(group);
    }
    this.changed();
    return true;
  }

  private changed(): void {
    this.generation++;
    this.listing = undefined;
  }

  byResource(group: string, version: string, plural: string): ServedKind | undefined {
    return this.resourceIndex.get(group === '' ? `${version}/${plural}` : `${group}/${version}/${plural}`);
  }

  byKind(group: string, version: string, kind: string): ServedKind | undefined {
    return this.kindIndex.get(group === '' ? `${version}/${kind}` : `${group}/${version}/${kind}`);
  }

  definition(group: string, plural: string): AnyKind | undefined {
    for (const { versions } of this.groups().filter((g) => g.group === group)) {
      for (const version of versions) {
        const found = this.byResource(group, version, plural);
        if (found) return found.definition;
      }
    }
    return undefined;
  }

  all(): readonly AnyKind[] {
    return [...this.kinds];
  }

  groups(): readonly GroupListing[] {
    this.listing ??= [...this.versions.keys()].sort(compareGroups).map((group) => {
      const versions = [...this.versions.get(group)!.keys()].sort(compareVersions);
      return { group, versions, preferredVersion: versions[0]! };
    });
    return this.listing;
  }

  resources(group: string, version: string): readonly ServedKind[] {
    return this.versions.get(group)?.get(version) ?? [];
  }
}

export function createRegistry(kinds: readonly AnyKind[] = []): Registry {
  const registry = new Kinds();
  for (const kind of kinds) registry.add(kind);
  return registry;
}
