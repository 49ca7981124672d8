// What is wrong with a node.
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Node } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import type { Finding, WhyContext } from './finding.ts';

export async function nodeFindings(context: WhyContext, node: Node): Promise<Finding[]> {
  const name = node.metadata?.name ?? '';
  const about = `node/${name}`;
  const found: Finding[] = [];
  for (const { type, status, reason = '', message = '', lastHeartbeatTime } of node.status?.conditions ?? []) {
    if (type === 'Ready' && status !== 'True') {
      const silent = status === 'Unknown';
      found.push({
        severity: 'error',
        about,
        reason: reason || 'NotReady',
        message: silent ? await silence(context, name, lastHeartbeatTime) : message,
        hint: silent ? 'The machine, its network or its kubelet is down.' : undefined,
        next: `describe node ${name}`,
      });
    } else if (type !== 'Ready' && status === 'True') {
      found.push({ severity: 'warning', about, reason: type, message: message || reason });
    }
  }
  if (node.spec?.unschedulable) {
    found.push({
      severity: 'warning',
      about,
      reason: 'Cordoned',
      message: 'takes no new pods',
      next: `uncordon ${name}`,
    });
  }
  return found;
}

/** Its lease is renewed far more often than its status is written. */
async function silence(context: WhyContext, name: string, heartbeat: string | undefined): Promise<string> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(name)}`;
  const renewed = (await context.read<Lease>(path))?.spec?.renewTime ?? '';
  const times = [renewed, heartbeat ?? ''].filter((time) => time !== '').sort();
  return `was last heard of ${ageOf(times.at(-1), context.nowMs)} ago`;
}
