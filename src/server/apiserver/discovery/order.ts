// The order in which groups and versions are listed: clients that know a resource only by name take the first.
// Upstream: pkg/controlplane/apiserver/aggregator.go (priorities), apimachinery/pkg/version (CompareKubeAwareVersionStrings).

/** By priority, highest first; what is not here (custom groups) follows by name. */
const GROUPS = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
  'extensions',
];

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function compareGroups(a: string, b: string): number {
  const [x, y] = [GROUPS.indexOf(a), GROUPS.indexOf(b)];
  if (x >= 0 && y >= 0) return x - y;
  if (x >= 0 || y >= 0) return x >= 0 ? -1 : 1;
  return compareText(a, b);
}

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
