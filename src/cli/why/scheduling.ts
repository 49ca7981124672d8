// Why a pod has no node: what the scheduler said, in parts, and what each part means.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { inNamespace, type Finding, type WhyContext } from './finding.ts';

/** The scheduler's words to what they mean. Upstream: the Err* constants of pkg/scheduler/framework/plugins. */
const meanings: readonly [RegExp, string][] = [
  [/Insufficient (\S+)/, 'No node has so much $1 left: ask for less in resources.requests, free some, or add a node.'],
  [/Too many pods/, 'The nodes run as many pods as they may.'],
  [
    /untolerated taint/,
    'The nodes are tainted, and the pod does not tolerate it: add a toleration or remove the taint.',
  ],
  [/node affinity\/selector/, 'No node has the labels of nodeSelector or nodeAffinity.'],
  [/unbound immediate PersistentVolumeClaims/, 'A volume claim is not bound: see what it waits for.'],
  [/volume node affinity conflict/, 'The volume can only be used on other nodes.'],
  [/persistentvolumeclaim "([^"]+)" not found/, 'The claim $1 is not there: create it.'],
  [/pod affinity rules/, 'No node has the pods that podAffinity asks for.'],
  [/anti-affinity/, 'Every node has a pod that podAntiAffinity keeps away from.'],
  [/topology spread constraints/, 'On every node the pod would break topologySpreadConstraints.'],
  [/free ports/, 'The host port is in use on every node.'],
  [/were unschedulable/, 'Nodes are cordoned: uncordon one.'],
];

export async function schedulingFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const about = `pod/${pod.metadata?.name}`;
  const condition = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
  const gates = pod.spec?.schedulingGates ?? [];
  if (gates.length > 0) {
    const names = gates.map((g) => g.name).join(', ');
    return [{ severity: 'error', about, reason: 'SchedulingGated', message: `held back by the gates ${names}` }];
  }
  const nodes = await context.read<{ items?: Node[] }>('/api/v1/nodes');
  if (nodes?.items?.length === 0) {
    return [{ severity: 'error', about, reason: 'NoNodes', message: 'the cluster has no nodes', next: 'get nodes' }];
  }
  const event = condition
    ? undefined
    : (await context.warnings(pod as never)).find((e) => e.reason === 'FailedScheduling');
  const message = condition?.message ?? event?.message;
  if (!message) {
    const scheduler = pod.spec?.schedulerName ?? 'default-scheduler';
    return [
      {
        severity: 'error',
        about,
        reason: 'NotScheduled',
        message: `no scheduler has looked at it yet`,
        hint: `A scheduler called ${JSON.stringify(scheduler)} must be running.`,
      },
    ];
  }
  const [said = message] = message.split(' preemption: ');
  const claim = /unbound immediate|persistentvolumeclaim/.test(said);
  return [
    {
      severity: 'error',
      about,
      reason: condition?.reason ?? 'FailedScheduling',
      message: said,
      hint: meaningOf(said),
      next: claim ? `get persistentvolumeclaims${inNamespace(context, pod.metadata?.namespace)}` : 'describe nodes',
    },
  ];
}

export function meaningOf(message: string): string | undefined {
  const found = meanings.flatMap(([pattern, text]) => {
    const match = pattern.exec(message);
    return match ? [text.replace('$1', (match[1] ?? '').replace(/[.,]$/, ''))] : [];
  });
  return found.length > 0 ? found.join(' ') : undefined;
}
