// A verdict on any object: is it what its spec says, on its way there, or failed? Rules by kind, then the conditions that
// well-behaved custom resources have. Upstream: sigs.k8s.io/cli-utils pkg/kstatus/status/{core,generic}.go. Pure.
import { type Unstructured, parseApiVersion } from '../types.ts';

export type HealthStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'NotFound';
export interface Health {
  status: HealthStatus;
  message: string;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
type Fields = Record<string, unknown>;

const current = (message: string): Health => ({ status: 'Current', message });
const inProgress = (message: string): Health => ({ status: 'InProgress', message });
const failed = (message: string): Health => ({ status: 'Failed', message });

const specOf = (object: Unstructured): Fields => (object['spec'] ?? {}) as Fields;
const statusOf = (object: Unstructured): Fields => (object['status'] ?? {}) as Fields;
const number = (value: unknown, otherwise = 0): number => (typeof value === 'number' ? value : otherwise);
const conditionsOf = (object: Unstructured): Condition[] => (statusOf(object)['conditions'] ?? []) as Condition[];
const condition = (object: Unstructured, type: string): Condition | undefined =>
  conditionsOf(object).find((c) => c.type === type);

export function healthOf(object: Unstructured): Health {
  if (object.metadata.deletionTimestamp) {
    return { status: 'Terminating', message: 'Resource scheduled for deletion' };
  }
  const { group } = parseApiVersion(object.apiVersion);
  const rule = rules[group === '' ? object.kind : `${group}/${object.kind}`];
  return observed(object) ?? (rule ?? generic)(object);
}

/** A status that speaks of an older spec says nothing. */
function observed(object: Unstructured): Health | undefined {
  const seen = statusOf(object)['observedGeneration'];
  const { generation } = object.metadata;
  if (typeof seen !== 'number' || generation === undefined || seen === generation) return undefined;
  return inProgress(`${object.kind} generation is ${generation}, but latest observed generation is ${seen}`);
}

function generic(object: Unstructured): Health {
  const stalled = condition(object, 'Stalled');
  if (stalled?.status === 'True') return failed(stalled.message ?? 'Stalled');
  const reconciling = condition(object, 'Reconciling');
  if (reconciling?.status === 'True') return inProgress(reconciling.message ?? 'Reconciling');
  const ready = condition(object, 'Ready');
  if (ready && ready.status !== 'True') return inProgress(ready.message ?? 'not ready');
  return current('Resource is current');
}

function deployment(object: Unstructured): Health {
  const progressing = condition(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed('Progress deadline exceeded');
  const status = statusOf(object);
  const wanted = number(specOf(object)['replicas'], 1);
  const replicas = number(status['replicas']);
  const updated = number(status['updatedReplicas']);
  const available = number(status['availableReplicas']);
  const ready = number(status['readyReplicas']);
  if (status['observedGeneration'] === undefined) return inProgress('Deployment has not been observed yet');
  if (replicas < wanted) return inProgress(`replicas: ${replicas}/${wanted}`);
  if (updated < wanted) return inProgress(`Updated: ${updated}/${wanted}`);
  if (replicas > updated) return inProgress(`Pending termination: ${replicas - updated}`);
  if (updated > available) return inProgress(`Available: ${available}/${updated}`);
  if (ready < wanted) return inProgress(`Ready: ${ready}/${wanted}`);
  return current(`Deployment is available. Replicas: ${replicas}`);
}

function replicaSet(object: Unstructured): Health {
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True') return inProgress('Replica Failure condition. Check Pods');
  const status = statusOf(object);
  const wanted = number(specOf(object)['replicas'], 1);
  const [labelled, available, ready] = ['fullyLabeledReplicas', 'availableReplicas', 'readyReplicas'].map((f) =>
    number(status[f]),
  );
  if (labelled! < wanted) return inProgress(`Labelled: ${labelled}/${wanted}`);
  if (available! < wanted) return inProgress(`Available: ${available}/${wanted}`);
  if (ready! < wanted) return inProgress(`Ready: ${ready}/${wanted}`);
  const replicas = number(status['replicas']);
  if (replicas > wanted) return inProgress(`Pending termination: ${replicas - wanted}`);
  return current(`ReplicaSet is available. Replicas: ${replicas}`);
}

function statefulSet(object: Unstructured): Health {
  const spec = specOf(object);
  if ((spec['updateStrategy'] as Fields | undefined)?.['type'] === 'OnDelete')
    return current('StatefulSet is using the ondelete update strategy');
  const status = statusOf(object);
  const wanted = number(spec['replicas'], 1);
  const [replicas, ready, updated] = ['replicas', 'readyReplicas', 'updatedReplicas'].map((f) => number(status[f]));
  if (replicas! < wanted) return inProgress(`Replicas: ${replicas}/${wanted}`);
  if (ready! < wanted) return inProgress(`Ready: ${ready}/${wanted}`);
  if (replicas! > wanted) return inProgress(`Pending termination: ${replicas! - wanted}`);
  const rolling = (spec['updateStrategy'] as Fields | undefined)?.['rollingUpdate'] as Fields | undefined;
  const partition = number(rolling?.['partition']);
  if (partition > 0) {
    const moved = wanted - partition;
    return updated! < moved
      ? inProgress(`updated: ${updated}/${moved}`)
      : current(`Partition rollout complete. updated: ${updated}`);
  }
  if (status['currentRevision'] !== status['updateRevision']) return inProgress(`updated: ${updated}/${wanted}`);
  return current(`All replicas scheduled as expected. Replicas: ${replicas}`);
}

function daemonSet(object: Unstructured): Health {
  const status = statusOf(object);
  if (status['observedGeneration'] === undefined) return inProgress('DaemonSet has not been observed yet');
  const [desired, scheduled, updated, available, ready] = [
    'desiredNumberScheduled',
    'currentNumberScheduled',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberReady',
  ].map((f) => number(status[f])) as [number, number, number, number, number];
  if (scheduled < desired) return inProgress(`Current: ${scheduled}/${desired}`);
  if (updated < desired) return inProgress(`Updated: ${updated}/${desired}`);
  if (available < desired) return inProgress(`Available: ${available}/${desired}`);
  if (ready < desired) return inProgress(`Ready: ${ready}/${desired}`);
  return current(`All replicas scheduled as expected. Replicas: ${desired}`);
}

function pod(object: Unstructured): Health {
  const status = statusOf(object);
  const ready = condition(object, 'Ready');
  switch (status['phase']) {
    case 'Succeeded':
      return current('Pod has completed successfully');
    case 'Failed':
      return failed('Pod has completed, but not successfully');
    case 'Running': {
      if (ready?.status === 'True') return current('Pod is Ready');
      const statuses = (status['containerStatuses'] ?? []) as {
        name: string;
        state?: { waiting?: { reason?: string } };
      }[];
      const looping = statuses.filter((c) => c.state?.waiting?.reason === 'CrashLoopBackOff').map((c) => c.name);
      if (looping.length > 0) return failed(`Containers in CrashLoop state: ${looping.join(',')}`);
      return inProgress('Pod is running but is not Ready');
    }
    default: {
      const scheduled = condition(object, 'PodScheduled');
      if (scheduled?.reason === 'Unschedulable') return inProgress('Pod has not been scheduled');
      return inProgress('Pod is in the Pending phase');
    }
  }
}

function job(object: Unstructured): Health {
  const done = conditionsOf(object).find((c) => c.status === 'True' && (c.type === 'Complete' || c.type === 'Failed'));
  if (done?.type === 'Failed') return failed(`Job Failed. failed: ${number(statusOf(object)['failed'])}`);
  if (done) return current(`Job Completed. succeeded: ${number(statusOf(object)['succeeded'])}`);
  if (!statusOf(object)['startTime']) return inProgress('Job not started');
  return current('Job in progress');
}

function claim(object: Unstructured): Health {
  const phase = statusOf(object)['phase'];
  return phase === 'Bound'
    ? current('PVC is Bound')
    : inProgress(`PVC is not Bound. phase: ${String(phase ?? 'unknown')}`);
}

function service(object: Unstructured): Health {
  const { type, clusterIP } = specOf(object) as { type?: string; clusterIP?: string };
  if (type !== 'LoadBalancer' || clusterIP) return current('Service is ready');
  return inProgress('ClusterIP not set. Service type: LoadBalancer');
}

function definition(object: Unstructured): Health {
  const names = condition(object, 'NamesAccepted');
  if (names?.status === 'False') return failed(names.message ?? 'names are not accepted');
  const established = condition(object, 'Established');
  return established?.status === 'True' ? current('CRD is established') : inProgress('Install in progress');
}

function namespace(object: Unstructured): Health {
  return statusOf(object)['phase'] === 'Terminating'
    ? { status: 'Terminating', message: 'Namespace is terminating' }
    : current('Namespace is active');
}

const rules: Record<string, (object: Unstructured) => Health> = {
  Pod: pod,
  Service: service,
  PersistentVolumeClaim: claim,
  Namespace: namespace,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'batch/Job': job,
  'apiextensions.k8s.io/CustomResourceDefinition': definition,
};
