// Why a workload does not have the pods that it asks for: its own conditions, what its controller was refused (quotas,
// policies, webhooks), and its pods, those with the same trouble together.
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { conditionsOf, fields, numberAt } from '../../api/health/conditions.ts';
import type { Unstructured } from '../../api/types.ts';
import { listPods, podSelectorOf } from '../pods.ts';
import { objectName } from '../print/object.ts';
import { splitReplicaSets } from '../rollout/replicasets.ts';
import { type Finding, inNamespace, type WhyContext } from './finding.ts';
import { podFindings } from './pod.ts';

const badWhenFalse = new Set(['Available', 'Progressing', 'Complete']);
const badWhenTrue = new Set(['ReplicaFailure', 'Failed', 'FailureTarget']);

export async function workloadFindings(context: WhyContext, object: Unstructured): Promise<Finding[]> {
  const about = objectName(object);
  const spec = fields(object['spec']);
  const { namespace = '' } = object.metadata;
  const found: Finding[] = [];
  if (spec['paused'] === true) {
    const next = `rollout resume ${about}${inNamespace(context, namespace)}`;
    found.push({ severity: 'warning', about, reason: 'Paused', message: 'changes are not rolled out', next });
  }
  if (spec['suspend'] === true)
    found.push({ severity: 'warning', about, reason: 'Suspended', message: 'starts no pods' });
  if (numberAt(spec, 'replicas', 1) === 0) {
    const next = `scale ${about} --replicas=1${inNamespace(context, namespace)}`;
    found.push({ severity: 'warning', about, reason: 'ScaledToZero', message: 'it asks for no pods', next });
  }
  const [refused, pods] = await Promise.all([refusals(context, object), podsOf(context, object)]);
  // A refusal is told once, in the words of the event, which say more.
  const said = new Set(refused.map((f) => f.reason));
  found.push(...conditionFindings(object).filter((f) => !said.has(f.reason)));
  return [...found, ...refused, ...pods];
}

function conditionFindings(object: Unstructured): Finding[] {
  const seen = new Set<string>();
  return conditionsOf(object).flatMap(({ type, status, reason = '', message = '' }) => {
    const bad = (badWhenFalse.has(type) && status === 'False') || (badWhenTrue.has(type) && status === 'True');
    if (!bad || seen.has(reason + message)) return [];
    seen.add(reason + message);
    return [{ severity: 'error' as const, about: objectName(object), reason: reason || type, message }];
  });
}

/** Pods that could not even be created: the warnings of the controller that makes them. */
async function refusals(context: WhyContext, object: Unstructured): Promise<Finding[]> {
  const makers: Unstructured[] = [object];
  if (object.kind === 'Deployment') {
    const { newest } = await splitReplicaSets(context.cluster, object as unknown as Deployment);
    if (newest) makers.push(newest as unknown as Unstructured);
  }
  const events = (await Promise.all(makers.map((maker) => context.warnings(maker)))).flat();
  const [event] = events.filter((e) => e.reason === 'FailedCreate');
  if (!event) return [];
  const { kind = '', name = '' } = event.involvedObject;
  const message = (event.message ?? '').replace(/^\(combined from similar events\): /, '');
  return [
    {
      severity: 'error',
      about: `${kind.toLowerCase()}/${name}`,
      reason: 'FailedCreate',
      message,
      hint: refusalHint(message),
      ...(message.includes('exceeded quota')
        ? { next: `describe resourcequotas${inNamespace(context, object.metadata.namespace)}` }
        : {}),
    },
  ];
}

function refusalHint(message: string): string | undefined {
  if (message.includes('exceeded quota')) return 'The namespace has used up its quota.';
  if (message.includes('must specify')) return 'A quota asks every container for these requests or limits.';
  if (message.includes('PodSecurity')) return 'The namespace allows no such pods: see its pod-security labels.';
  if (message.includes('admission webhook')) return 'A webhook refused the pod.';
  if (message.includes('serviceaccount') && message.includes('not found')) return 'Create the service account.';
  return undefined;
}

async function podsOf(context: WhyContext, object: Unstructured): Promise<Finding[]> {
  const { namespace = '' } = object.metadata;
  const pods = await listPods(context.cluster, namespace, podSelectorOf(object)).catch(() => []);
  return groupedPodFindings(context, pods);
}

/** Each trouble once, with how many pods have it. */
export async function groupedPodFindings(context: WhyContext, pods: readonly Pod[]): Promise<Finding[]> {
  const all = await Promise.all(pods.map((pod) => podFindings(context, pod)));
  const groups = new Map<string, { first: Finding; pods: Set<string> }>();
  for (const [i, findings] of all.entries()) {
    for (const finding of findings) {
      const container = finding.about.split(' container ')[1] ?? '';
      const key = [finding.about.startsWith('pod/') ? 'pod' : finding.about, container, finding.reason].join(' ');
      const group = groups.get(key) ?? { first: finding, pods: new Set() };
      group.pods.add(pods[i]!.metadata?.name ?? '');
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ first, pods: names }) =>
    names.size > 1
      ? { ...first, message: `${first.message} (and ${names.size - 1} more pods)`.replace('1 more pods', '1 more pod') }
      : first,
  );
}
