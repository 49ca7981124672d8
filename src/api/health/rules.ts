// The rules of kinds, as data: kind and group to a function of the object. Upstream: kstatus/status/core.go.
import type { Unstructured } from '../types.ts';
import { conditionOf, fields, isTrue, numberAt, textAt } from './conditions.ts';
import { podRule } from './pod-rule.ts';
import { type Health, current, failed, inProgress } from './verdict.ts';

/** `nowMs`: what has lasted long enough to be a failure depends on the time. */
type Rule = (object: Unstructured, nowMs: number) => Health;

const spec = (o: Unstructured) => fields(o['spec']);
const status = (o: Unstructured) => fields(o['status']);

const deployment: Rule = (object) => {
  const [s, st] = [spec(object), status(object)];
  const deadline = typeof s['progressDeadlineSeconds'] === 'number' && s['progressDeadlineSeconds'] !== 2147483647;
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed('Progress deadline exceeded');
  const done = !deadline || (progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable');
  const wanted = numberAt(s, 'replicas', 1);
  const count = (field: string) => numberAt(st, field);
  if (!('replicas' in st) && wanted > 0) return inProgress(`replicas: 0/${wanted}`);
  if (wanted > count('replicas')) return inProgress(`replicas: ${count('replicas')}/${wanted}`);
  if (wanted > count('updatedReplicas')) return inProgress(`Updated: ${count('updatedReplicas')}/${wanted}`);
  if (count('replicas') > wanted) return inProgress(`Pending termination: ${count('replicas') - wanted}`);
  if (count('updatedReplicas') > count('availableReplicas')) {
    return inProgress(`Available: ${count('availableReplicas')}/${count('updatedReplicas')}`);
  }
  if (wanted > count('readyReplicas')) return inProgress(`Ready: ${count('readyReplicas')}/${wanted}`);
  if (!done) return inProgress('ReplicaSet not Available');
  if (!isTrue(object, 'Available')) return inProgress('Deployment not Available');
  return current(`Deployment is available. Replicas: ${count('replicas')}`);
};

const replicaSet: Rule = (object) => {
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') return inProgress('Replica Failure condition. Check Pods');
  const wanted = numberAt(spec(object), 'replicas', 1);
  const count = (field: string) => numberAt(status(object), field);
  if (wanted > count('fullyLabeledReplicas')) return inProgress(`Labelled: ${count('fullyLabeledReplicas')}/${wanted}`);
  if (wanted > count('availableReplicas')) return inProgress(`Available: ${count('availableReplicas')}/${wanted}`);
  if (wanted > count('readyReplicas')) return inProgress(`Ready: ${count('readyReplicas')}/${wanted}`);
  if (count('replicas') > wanted) return inProgress(`replicas: ${count('replicas')}/${wanted}`);
  return current(`ReplicaSet is available. Replicas: ${count('replicas')}`);
};

const statefulSet: Rule = (object) => {
  const strategy = fields(spec(object)['updateStrategy']);
  if (strategy['type'] === 'OnDelete') return current('StatefulSet is using the ondelete update strategy');
  const wanted = numberAt(spec(object), 'replicas', 1);
  const st = status(object);
  const count = (field: string) => numberAt(st, field);
  const partition = fields(strategy['rollingUpdate'])['partition'];
  if (wanted > count('replicas')) return inProgress(`Replicas: ${count('replicas')}/${wanted}`);
  if (wanted > count('readyReplicas')) return inProgress(`Ready: ${count('readyReplicas')}/${wanted}`);
  if (count('replicas') > wanted) return inProgress(`Pending termination: ${count('replicas') - wanted}`);
  if (typeof partition === 'number' && partition > 0) {
    const moved = wanted - partition;
    if (count('updatedReplicas') < moved) return inProgress(`updated: ${count('updatedReplicas')}/${moved}`);
    return current(`Partition rollout complete. updated: ${count('updatedReplicas')}`);
  }
  if (wanted > count('currentReplicas')) return inProgress(`current: ${count('currentReplicas')}/${wanted}`);
  if (textAt(st, 'currentRevision') !== textAt(st, 'updateRevision')) {
    return inProgress('Waiting for updated revision to match current');
  }
  return current(`All replicas scheduled as expected. Replicas: ${count('replicas')}`);
};

const daemonSet: Rule = (object) => {
  const st = status(object);
  if (st['observedGeneration'] === undefined)
    return inProgress('Controller has not observed the latest change. Status generation does not match with metadata');
  if (st['desiredNumberScheduled'] === undefined) return inProgress('Missing .status.desiredNumberScheduled');
  const wanted = numberAt(st, 'desiredNumberScheduled');
  const count = (field: string) => numberAt(st, field);
  if (wanted > count('currentNumberScheduled'))
    return inProgress(`Current: ${count('currentNumberScheduled')}/${wanted}`);
  if (wanted > count('updatedNumberScheduled'))
    return inProgress(`Updated: ${count('updatedNumberScheduled')}/${wanted}`);
  if (wanted > count('numberAvailable')) return inProgress(`Available: ${count('numberAvailable')}/${wanted}`);
  if (wanted > count('numberReady')) return inProgress(`Ready: ${count('numberReady')}/${wanted}`);
  return current(`All replicas scheduled as expected. Replicas: ${wanted}`);
};

const job: Rule = (object) => {
  const st = status(object);
  const completions = numberAt(spec(object), 'completions', numberAt(spec(object), 'parallelism', 1));
  const [succeeded, active, bad] = [numberAt(st, 'succeeded'), numberAt(st, 'active'), numberAt(st, 'failed')];
  if (isTrue(object, 'Complete')) return current(`Job Completed. succeeded: ${succeeded}/${completions}`);
  const failure = conditionOf(object, 'Failed');
  if (failure?.status === 'True') return failed(`Job Failed. failed: ${bad}/${completions}`);
  // A suspended job does what it is asked to.
  if (isTrue(object, 'Suspended')) return current('Job is suspended');
  if (!st['startTime']) return inProgress('Job not started');
  return current(`Job in progress. success:${succeeded}, active: ${active}, failed: ${bad}`);
};

const service: Rule = (object) => {
  const s = spec(object);
  if (s['type'] !== 'LoadBalancer') return current('Service is ready');
  if (!s['clusterIP']) return inProgress('ClusterIP not set. Service type: LoadBalancer');
  const ingress = fields(status(object)['loadBalancer'])['ingress'];
  return Array.isArray(ingress) && ingress.length
    ? current('Service is ready')
    : inProgress('LoadBalancer address not set');
};

const claim: Rule = (object) => {
  const phase = textAt(status(object), 'phase');
  return phase === 'Bound' ? current('PVC is Bound') : inProgress(`PVC is not Bound. phase: ${phase || 'unknown'}`);
};

const budget: Rule = (object) => {
  const st = status(object);
  const [healthy, wanted] = [numberAt(st, 'currentHealthy'), numberAt(st, 'desiredHealthy')];
  if (wanted > healthy) return inProgress(`Budget not met. Current: ${healthy}/${wanted}`);
  return current(`Budget is met. Current: ${healthy}/${wanted}`);
};

const definition: Rule = (object) => {
  const accepted = conditionOf(object, 'NamesAccepted');
  if (accepted?.status === 'False') return failed(accepted.message ?? accepted.reason ?? '');
  const established = conditionOf(object, 'Established');
  if (established?.status === 'True') return current('CRD is established');
  return established && established.reason !== 'Installing'
    ? failed(established.message ?? established.reason ?? '')
    : inProgress('Install in progress');
};

const apiService: Rule = (object) => {
  const available = conditionOf(object, 'Available');
  if (available?.status === 'True') return current('APIService is available');
  return inProgress(available?.message ?? 'APIService is not yet available');
};

/** Keys are `Kind.group`, or the kind alone in the core group. */
export const rules: Readonly<Record<string, Rule>> = {
  'Deployment.apps': deployment,
  'Deployment.extensions': deployment,
  'ReplicaSet.apps': replicaSet,
  'ReplicaSet.extensions': replicaSet,
  ReplicationController: replicaSet,
  'StatefulSet.apps': statefulSet,
  'DaemonSet.apps': daemonSet,
  'DaemonSet.extensions': daemonSet,
  'Job.batch': job,
  'CronJob.batch': () => current('Resource is always ready'),
  Pod: podRule,
  Service: service,
  PersistentVolumeClaim: claim,
  'PodDisruptionBudget.policy': budget,
  'CustomResourceDefinition.apiextensions.k8s.io': definition,
  'APIService.apiregistration.k8s.io': apiService,
  ConfigMap: () => current('Resource is always ready'),
  Secret: () => current('Resource is always ready'),
};
