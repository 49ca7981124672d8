// What a scheduling attempt leaves in the cluster: events, the PodScheduled condition, victims' deletion.
// Upstream: handleSchedulingFailure and updatePod in pkg/scheduler/schedule_one.go, preemption.go.
import type { PodCondition } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import type { Clock } from '../../client/controller.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import type { PodInfo } from './pod-info.ts';
import type { Reporter } from './scheduler.ts';

export interface ReporterOptions {
  client: Client;
  /** By scheduler name. */
  events(schedulerName: string): EventRecorder;
  clock: Clock;
  log: Logger;
}

const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const about = (pod: PodInfo) => ({ ...pod.pod, apiVersion: 'v1', kind: 'Pod' });

/** The strategic merge patch of a pod's status; undefined when it says so already. */
export function failurePatch(
  pod: PodInfo,
  reason: string,
  message: string,
  nominatedNode: string | undefined,
  nowMs: number,
) {
  const status = pod.pod.status ?? {};
  const current = status.conditions?.find((c) => c.type === 'PodScheduled');
  const nominated = nominatedNode !== undefined && nominatedNode !== (status.nominatedNodeName ?? '');
  const same = current?.status === 'False' && current.reason === reason && current.message === message;
  if (same && !nominated) return undefined;
  const condition: Partial<PodCondition> = {
    type: 'PodScheduled',
    status: 'False',
    reason,
    message,
    lastTransitionTime: current?.status === 'False' ? current.lastTransitionTime : timestamp(nowMs),
  };
  return { status: { conditions: [condition], ...(nominated ? { nominatedNodeName: nominatedNode || null } : {}) } };
}

export function createReporter({ client, events, clock, log }: ReporterOptions): Reporter {
  const keyOf = (pod: PodInfo) => ({ name: pod.pod.metadata?.name ?? '', namespace: pod.namespace });
  const quietly = (what: string, pod: PodInfo, work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!isNotFound(error)) log.warn({ pod: pod.key, error: String(error) }, `${what} failed`);
    });
  };
  return {
    scheduled(pod, nodeName) {
      events(pod.schedulerName).event(
        about(pod),
        'Normal',
        'Scheduled',
        `Successfully assigned ${pod.key} to ${nodeName}`,
      );
    },
    failed(pod, reason, message, nominatedNode) {
      events(pod.schedulerName).event(about(pod), 'Warning', 'FailedScheduling', message);
      const patch = failurePatch(pod, reason, message, nominatedNode, clock.now());
      if (!patch) return;
      quietly('status update', pod, client.patch(Pods, keyOf(pod), 'strategic', patch, { subresource: 'status' }));
    },
    async preempt(pod, node, victims) {
      const gone = async (victim: PodInfo) => {
        if (victim.isTerminating) return;
        await evict(victim, pod).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
        const message = `Preempted by pod ${pod.uid} on node ${node.name}`;
        events(pod.schedulerName).event(about(victim), 'Normal', 'Preempted', message);
      };
      await Promise.all(victims.map(gone));
    },
    displaced(pod) {
      const patch = { status: { nominatedNodeName: null } };
      quietly('status update', pod, client.patch(Pods, keyOf(pod), 'strategic', patch, { subresource: 'status' }));
    },
  };

  async function evict(victim: PodInfo, preemptor: PodInfo): Promise<void> {
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${preemptor.schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: timestamp(clock.now()),
    };
    await client.patch(
      Pods,
      keyOf(victim),
      'strategic',
      { metadata: { uid: victim.uid }, status: { conditions: [condition] } },
      { subresource: 'status' },
    );
    await client.delete(Pods, keyOf(victim), { preconditions: { uid: victim.uid } });
  }
}
