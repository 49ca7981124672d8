// Which findings there are for an object, by its kind. Kinds without rules of their own: conditions, and warnings.
import { conditionsOf } from '../../api/health/conditions.ts';
import { healthOf } from '../../api/health/health.ts';
import { type Unstructured, parseApiVersion } from '../../api/types.ts';
import { objectName } from '../print/object.ts';
import { autoscalerFindings } from './autoscaler.ts';
import { budgetFindings } from './budget.ts';
import { claimFindings } from './claim.ts';
import { cronJobFindings } from './cronjob.ts';
import type { Finding, WhyContext } from './finding.ts';
import { ingressFindings } from './ingress.ts';
import { nodeFindings } from './node.ts';
import { podFindings } from './pod.ts';
import { quotaFindings } from './quota.ts';
import { serviceFindings } from './service.ts';
import { workloadFindings } from './workload.ts';

const workloads = new Set([
  'Deployment.apps',
  'ReplicaSet.apps',
  'StatefulSet.apps',
  'DaemonSet.apps',
  'Job.batch',
  'ReplicationController',
]);

export async function findingsOf(context: WhyContext, object: Unstructured): Promise<Finding[]> {
  const { group } = parseApiVersion(object.apiVersion);
  const key = group ? `${object.kind}.${group}` : object.kind;
  if (workloads.has(key)) return workloadFindings(context, object);
  switch (key) {
    case 'Pod':
      return podFindings(context, object as never);
    case 'Service':
      return serviceFindings(context, object as never);
    case 'Node':
      return nodeFindings(context, object as never);
    case 'PersistentVolumeClaim':
      return claimFindings(context, object.metadata.namespace ?? '', object.metadata.name ?? '');
    case 'ResourceQuota':
      return quotaFindings(context, object as never);
    case 'CronJob.batch':
      return cronJobFindings(context, object as never);
    case 'HorizontalPodAutoscaler.autoscaling':
      return autoscalerFindings(context, object as never);
    case 'PodDisruptionBudget.policy':
      return budgetFindings(context, object as never);
    case 'Ingress.networking.k8s.io':
      return ingressFindings(context, object as never);
  }
  return genericFindings(context, object);
}

async function genericFindings(context: WhyContext, object: Unstructured): Promise<Finding[]> {
  const about = objectName(object);
  const found: Finding[] = [];
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp && finalizers.length > 0) {
    const message = `is being deleted and kept by the finalizers ${finalizers.join(', ')}`;
    found.push({ severity: 'warning', about, reason: 'Terminating', message });
  }
  const health = healthOf(object, context.nowMs);
  for (const { type, status, reason = '', message = '' } of conditionsOf(object)) {
    if (type === 'Ready' ? status === 'True' : status !== 'False' || health.status === 'Current') continue;
    found.push({ severity: 'error', about, reason: reason || type, message: message || `${type} is ${status}` });
  }
  if (found.length === 0 && health.status !== 'Current') {
    found.push({
      severity: health.status === 'Failed' ? 'error' : 'warning',
      about,
      reason: health.status,
      message: health.message,
    });
  }
  if (found.length === 0) return [];
  const [event] = await context.warnings(object);
  return event
    ? [...found, { severity: 'warning', about, reason: event.reason ?? '', message: event.message ?? '' }]
    : found;
}
