// What `rollout status` says of a workload, word for word. Upstream: kubectl/pkg/polymorphichelpers/rollout_status.go.
import type { Unstructured } from '../types.ts';
import { conditionOf, fields, numberAt, textAt } from './conditions.ts';

export interface RolloutStatus {
  /** One line with its line feed. */
  message: string;
  done: boolean;
}

const OBSERVING = 'spec update to be observed...\n';
const quoted = (object: Unstructured): string => JSON.stringify(object.metadata.name ?? '');
const REVISION = 'deployment.kubernetes.io/revision';

function checkRevision(object: Unstructured, revision: number): void {
  const running = Number(object.metadata.annotations?.[REVISION] ?? 0);
  if (revision > 0 && running !== revision) {
    throw new Error(`desired revision (${revision}) is different from the running revision (${running})`);
  }
}

function deployment(object: Unstructured): RolloutStatus {
  const [spec, status] = [fields(object['spec']), fields(object['status'])];
  if ((object.metadata.generation ?? 0) > numberAt(status, 'observedGeneration')) {
    return { message: `Waiting for deployment ${OBSERVING}`, done: false };
  }
  const name = quoted(object);
  if (conditionOf(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    throw new Error(`deployment ${name} exceeded its progress deadline`);
  }
  const waiting = (what: string): RolloutStatus => ({
    message: `Waiting for deployment ${name} rollout to finish: ${what}...\n`,
    done: false,
  });
  const [replicas, updated] = [numberAt(status, 'replicas'), numberAt(status, 'updatedReplicas')];
  const available = numberAt(status, 'availableReplicas');
  const wanted = spec['replicas'];
  if (typeof wanted === 'number' && updated < wanted) {
    return waiting(`${updated} out of ${wanted} new replicas have been updated`);
  }
  if (replicas > updated) return waiting(`${replicas - updated} old replicas are pending termination`);
  if (available < updated) return waiting(`${available} of ${updated} updated replicas are available`);
  return { message: `deployment ${name} successfully rolled out\n`, done: true };
}

function onlyRollingUpdate(object: Unstructured): void {
  if (fields(fields(object['spec'])['updateStrategy'])['type'] !== 'RollingUpdate') {
    throw new Error('rollout status is only available for RollingUpdate strategy type');
  }
}

function daemonSet(object: Unstructured): RolloutStatus {
  onlyRollingUpdate(object);
  const status = fields(object['status']);
  if ((object.metadata.generation ?? 0) > numberAt(status, 'observedGeneration')) {
    return { message: `Waiting for daemon set ${OBSERVING}`, done: false };
  }
  const name = quoted(object);
  const wanted = numberAt(status, 'desiredNumberScheduled');
  const [updated, available] = [numberAt(status, 'updatedNumberScheduled'), numberAt(status, 'numberAvailable')];
  const head = `Waiting for daemon set ${name} rollout to finish:`;
  if (updated < wanted) {
    return { message: `${head} ${updated} out of ${wanted} new pods have been updated...\n`, done: false };
  }
  if (available < wanted)
    return { message: `${head} ${available} of ${wanted} updated pods are available...\n`, done: false };
  return { message: `daemon set ${name} successfully rolled out\n`, done: true };
}

function statefulSet(object: Unstructured): RolloutStatus {
  onlyRollingUpdate(object);
  const [spec, status] = [fields(object['spec']), fields(object['status'])];
  const observed = numberAt(status, 'observedGeneration');
  if (observed === 0 || (object.metadata.generation ?? 0) > observed) {
    return { message: `Waiting for statefulset ${OBSERVING}`, done: false };
  }
  const wanted = spec['replicas'];
  const [ready, updated] = [numberAt(status, 'readyReplicas'), numberAt(status, 'updatedReplicas')];
  if (typeof wanted === 'number' && ready < wanted) {
    return { message: `Waiting for ${wanted - ready} pods to be ready...\n`, done: false };
  }
  const rolling = fields(spec['updateStrategy'])['rollingUpdate'];
  if (rolling) {
    const partition = fields(rolling)['partition'];
    if (typeof wanted === 'number' && typeof partition === 'number' && updated < wanted - partition) {
      const what = `${updated} out of ${wanted - partition} new pods have been updated`;
      return { message: `Waiting for partitioned roll out to finish: ${what}...\n`, done: false };
    }
    return { message: `partitioned roll out complete: ${updated} new pods have been updated...\n`, done: true };
  }
  const [update, now] = [textAt(status, 'updateRevision'), textAt(status, 'currentRevision')];
  if (update !== now) {
    const message = `waiting for statefulset rolling update to complete ${updated} pods at revision ${update}...\n`;
    return { message, done: false };
  }
  const count = numberAt(status, 'currentReplicas');
  return { message: `statefulset rolling update complete ${count} pods at revision ${now}...\n`, done: true };
}

/**
 * Throws an Error with kubectl's text when the rollout has failed, when `revision` (0: any) is not the running one, and
 * for kinds that do not roll out.
 */
export function rolloutStatus(object: Unstructured, revision = 0): RolloutStatus {
  switch (object.kind) {
    case 'Deployment':
      checkRevision(object, revision);
      return deployment(object);
    case 'DaemonSet':
      return daemonSet(object);
    case 'StatefulSet':
      return statefulSet(object);
    default: {
      const slash = object.apiVersion.indexOf('/');
      const group = slash < 0 ? '' : `.${object.apiVersion.slice(0, slash)}`;
      throw new Error(`no status viewer has been implemented for ${object.kind}${group}`);
    }
  }
}
