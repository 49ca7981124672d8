// Whether this node takes a pod that was assigned to it: a last look after the scheduler's, and the only one for pods
// that name their node themselves. Pure. Upstream: pkg/kubelet/lifecycle/predicate.go (generalFilter, the reasons).
import type { Node, NodeSelectorTerm, Pod } from 'kubernetes-types/core/v1.js';
import { appContainers, initContainers, isRestartable, isTerminalPhase } from './pod-facts.ts';
import { podRequests, toAmounts } from './pod-requests.ts';
import { forbiddenSysctl } from './sysctls.ts';

export interface Rejection {
  reason: string;
  message: string;
}

export function admitPod(pod: Pod, node: Node, others: readonly Pod[]): Rejection | undefined {
  const reject = (reason: string, message: string): Rejection => ({ reason, message: `Pod was rejected: ${message}` });
  const foreign = otherSystem(pod, node);
  if (foreign) return reject(...foreign);
  const sysctl = forbiddenSysctl(pod);
  if (sysctl) return reject('SysctlForbidden', `forbidden sysctl: ${sysctl}`);
  const active = others.filter((other) => !isTerminalPhase(other.status?.phase));
  if (!matchesNode(pod, node)) {
    return reject('NodeAffinity', "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  }
  if (portsTaken(pod, active)) {
    return reject(
      'NodePorts',
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    );
  }
  const capacity = toAmounts(node.status?.allocatable);
  const maxPods = capacity.get('pods');
  if (maxPods !== undefined && BigInt(active.length + 1) * 1_000_000_000n > maxPods) {
    const numbers = `requested: 1, used: ${active.length}, capacity: ${maxPods / 1_000_000_000n}`;
    return reject('OutOfpods', `Node didn't have enough resource: pods, ${numbers}`);
  }
  for (const [name, wanted] of podRequests(pod)) {
    // Extended resources that the node does not know are the cluster's, not the node's, to count.
    if (wanted === 0n || (name.includes('/') && !capacity.has(name))) continue;
    const have = capacity.get(name) ?? 0n;
    const used = active.reduce((sum, other) => sum + (podRequests(other).get(name) ?? 0n), 0n);
    if (used + wanted <= have) continue;
    const unit = name === 'cpu' ? 1_000_000n : 1_000_000_000n;
    const numbers = `requested: ${wanted / unit}, used: ${used / unit}, capacity: ${have / unit}`;
    return reject(`OutOf${name}`, `Node didn't have enough resource: ${name}, ${numbers}`);
  }
  return undefined;
}

const OS_LABEL = 'kubernetes.io/os';

/** Pods of another operating system, by their label or their field. */
function otherSystem(pod: Pod, node: Node): [reason: string, message: string] | undefined {
  const label = pod.metadata?.labels?.[OS_LABEL];
  if (label !== undefined && label !== (node.metadata?.labels?.[OS_LABEL] ?? 'linux')) {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return ['PodOSSelectorNodeLabelDoesNotMatch', message];
  }
  if ((pod.spec?.os?.name ?? 'linux') === 'linux') return undefined;
  return ['PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS"];
}

interface HostPort {
  port: string;
  ip: string;
}

/** A port on all addresses collides with the same port on any. */
function portsTaken(pod: Pod, others: readonly Pod[]): boolean {
  const taken = others.flatMap(hostPorts);
  return hostPorts(pod).some((own) =>
    taken.some((t) => t.port === own.port && (t.ip === own.ip || t.ip === '0.0.0.0' || own.ip === '0.0.0.0')),
  );
}

function hostPorts(pod: Pod): HostPort[] {
  const containers = [...initContainers(pod).filter(isRestartable), ...appContainers(pod)];
  return containers
    .flatMap((container) => container.ports ?? [])
    .filter((port) => port.hostPort)
    .map((port) => ({ port: `${port.protocol ?? 'TCP'}/${port.hostPort}`, ip: port.hostIP || '0.0.0.0' }));
}

function matchesNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  for (const [name, value] of Object.entries(pod.spec?.nodeSelector ?? {})) if (labels[name] !== value) return false;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesTerm(term, labels, node.metadata?.name ?? ''));
}

function matchesTerm(term: NodeSelectorTerm, labels: Record<string, string>, name: string): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const holds = (of: Record<string, string>) => (r: { key: string; operator: string; values?: string[] }) =>
    matchesRequirement(of, r.key, r.operator, r.values ?? []);
  return expressions.every(holds(labels)) && fields.every(holds({ 'metadata.name': name }));
}

function matchesRequirement(
  labels: Record<string, string>,
  key: string,
  operator: string,
  values: readonly string[],
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}
