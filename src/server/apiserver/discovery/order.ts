// The order in which groups and versions are listed: clients that know a resource only by name take the first.
// Upstream: pkg/controlplane/apiserver/aggregator.go (priorities), apimachinery/pkg/version (CompareKubeAwareVersionStrings).

import { CUSTOM, builtinPriority } from '../aggregation/priorities.ts';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Parsed {
  major: number;
  /** 2 for stable, 1 for beta, 0 for alpha. */
  stability: number;
  minor: number;
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

function parse(version: string): Parsed | undefined {
  const match = VERSION.exec(version);
  if (!match) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return { major: Number(match[1]), stability, minor: Number(match[3] ?? 0) };
}

/** v2 before v1 before v1beta2 before v1alpha1 before foo. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y) return x ? -1 : y ? 1 : compareText(a, b);
  return y.stability - x.stability || y.major - x.major || y.minor - x.minor;
}

interface Registered {
  group: string;
  version: string;
  groupPriority: number;
  versionPriority: number;
}

/** Order among what is answered here and what others registered. Upstream: helpers.go SortedByGroupAndVersion. */
export function byPriority(remotes: readonly Registered[]) {
  const groups = new Map<string, number>();
  const versions = new Map<string, number>();
  for (const { group, version, groupPriority, versionPriority } of remotes) {
    groups.set(group, Math.max(groups.get(group) ?? builtinPriority(group, version)?.group ?? 0, groupPriority));
    versions.set(`${group}/${version}`, versionPriority);
  }
  const ofGroup = (group: string): number => groups.get(group) ?? builtinPriority(group, '')?.group ?? CUSTOM.group;
  const ofVersion = (group: string, version: string): number =>
    versions.get(`${group}/${version}`) ?? (builtinPriority(group, version) ?? CUSTOM).version;
  return {
    groups: (a: string, b: string): number => ofGroup(b) - ofGroup(a) || compareText(a, b),
    versions(group: string, a: string, b: string): number {
      if (!groups.has(group)) return compareVersions(a, b);
      return ofVersion(group, b) - ofVersion(group, a) || compareVersions(a, b);
    },
  };
}
