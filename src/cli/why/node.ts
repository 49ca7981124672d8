// What is wrong with a node.
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
        message: silent ? `was last heard of ${ageOf(lastHeartbeatTime, context.nowMs)} ago` : message,
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
