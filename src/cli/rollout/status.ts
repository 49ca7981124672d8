// How far a roll-out is, in kubectl's words. Upstream: kubectl/pkg/polymorphichelpers/rollout_status.go.
import type { DaemonSet, Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import { REVISION } from './replicasets.ts';

export interface RolloutStatus {
  message: string;
  done: boolean;
}
export type StatusViewer = (object: Unstructured, revision: number) => RolloutStatus;

const wait = (message: string): RolloutStatus => ({ message: `${message}\n`, done: false });
const done = (message: string): RolloutStatus => ({ message: `${message}\n`, done: true });

export function statusViewerFor(group: string, kind: string): StatusViewer {
  if (group === 'apps' || group === 'extensions') {
    if (kind === 'Deployment') return (o, revision) => deploymentStatus(o as unknown as Deployment, revision);
    if (kind === 'DaemonSet') return (o) => daemonSetStatus(o as unknown as DaemonSet);
    if (kind === 'StatefulSet') return (o) => statefulSetStatus(o as unknown as StatefulSet);
  }
  throw new CliError(`no status viewer has been implemented for ${kind}${group ? `.${group}` : ''}`);
}

function deploymentStatus({ metadata, spec, status = {} }: Deployment, revision: number): RolloutStatus {
  const name = JSON.stringify(metadata?.name ?? '');
  if (revision > 0) {
    const running = Number(metadata?.annotations?.[REVISION] ?? 0);
    if (running !== revision) {
      throw new CliError(`desired revision (${revision}) is different from the running revision (${running})`);
    }
  }
  if ((metadata?.generation ?? 0) > (status.observedGeneration ?? 0)) {
    return wait('Waiting for deployment spec update to be observed...');
  }
  const progressing = status.conditions?.find((c) => c.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    throw new CliError(`deployment ${name} exceeded its progress deadline`);
  }
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const finish = `Waiting for deployment ${name} rollout to finish:`;
  const wanted = spec?.replicas;
  if (wanted !== undefined && updatedReplicas < wanted) {
    return wait(`${finish} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas) {
    return wait(`${finish} ${replicas - updatedReplicas} old replicas are pending termination...`);
  }
  if (availableReplicas < updatedReplicas) {
    return wait(`${finish} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return done(`deployment ${name} successfully rolled out`);
}

function daemonSetStatus({ metadata, spec, status }: DaemonSet): RolloutStatus {
  if (spec?.updateStrategy?.type !== 'RollingUpdate') {
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  }
  const name = JSON.stringify(metadata?.name ?? '');
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  if ((metadata?.generation ?? 0) > (status?.observedGeneration ?? 0)) {
    return wait('Waiting for daemon set spec update to be observed...');
  }
  const finish = `Waiting for daemon set ${name} rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled) {
    return wait(`${finish} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  }
  if (numberAvailable < desiredNumberScheduled) {
    return wait(`${finish} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  }
  return done(`daemon set ${name} successfully rolled out`);
}

function statefulSetStatus({ metadata, spec, status }: StatefulSet): RolloutStatus {
  if (spec?.updateStrategy?.type !== 'RollingUpdate') {
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  }
  const observed = status?.observedGeneration ?? 0;
  if (observed === 0 || (metadata?.generation ?? 0) > observed) {
    return wait('Waiting for statefulset spec update to be observed...');
  }
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0 } = status ?? {};
  const replicas = spec.replicas;
  if (replicas !== undefined && readyReplicas < replicas) {
    return wait(`Waiting for ${replicas - readyReplicas} pods to be ready...`);
  }
  const rolling = spec.updateStrategy.rollingUpdate;
  if (rolling) {
    const wanted = (replicas ?? 0) - (rolling.partition ?? 0);
    if (replicas !== undefined && rolling.partition !== undefined && updatedReplicas < wanted) {
      return wait(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted} new pods have been updated...`,
      );
    }
    return done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (status?.updateRevision !== status?.currentRevision) {
    return wait(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${status?.updateRevision}...`,
    );
  }
  return done(`statefulset rolling update complete ${currentReplicas} pods at revision ${status?.currentRevision}...`);
}
