// What is seen of a rollout at a terminal while it is waited for: bars of its replicas, and the pods that keep it.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import { conditionOf, fields, numberAt } from '../../api/health/conditions.ts';
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { infoName } from '../operation.ts';
import { age, bar, type ProgressView } from '../progress/progress.ts';
import { currentPods } from '../wait/outcome.ts';
import { containerTroubles } from '../why/containers.ts';

/** Pods are asked for no more often. */
const LOOK_MS = 2000;

export class RolloutWatch {
  /** As it was seen last. */
  object?: Unstructured;
  private readonly cluster: Cluster;
  private readonly info: Info;
  private readonly sinceMs = Date.now();
  private lookedMs = 0;
  private pods: readonly Pod[] = [];

  constructor(cluster: Cluster, info: Info) {
    this.cluster = cluster;
    this.info = info;
  }

  view(): ProgressView {
    const nowMs = Date.now();
    const title = `${infoName(this.info)}, ${age(this.sinceMs, nowMs)}`;
    if (!this.object) return { title };
    this.look(nowMs);
    const pods = this.pods.filter((pod) => !isReady(pod)).map((pod) => podLine(pod, nowMs));
    return { title, rows: [...replicaBars(this.object), ...reasons(this.object), ...pods] };
  }

  /** A view is drawn ten times a second, and never waits. */
  private look(nowMs: number): void {
    if (nowMs - this.lookedMs < LOOK_MS) return;
    this.lookedMs = nowMs;
    currentPods(this.cluster, this.info.namespace ?? '', this.object!).then(
      (pods) => (this.pods = pods),
      () => undefined,
    );
  }
}

export function replicaBars(object: Unstructured): string[] {
  const status = fields(object['status']);
  const isSet = object.kind === 'DaemonSet';
  const wanted = isSet ? numberAt(status, 'desiredNumberScheduled') : numberAt(fields(object['spec']), 'replicas', 1);
  const names = isSet
    ? ['updatedNumberScheduled', 'numberReady', 'numberAvailable']
    : ['updatedReplicas', 'readyReplicas', 'availableReplicas'];
  const words = ['updated  ', 'ready    ', 'available'];
  // What the controller has not looked at yet counts for nothing.
  const isSeen = numberAt(status, 'observedGeneration') >= (object.metadata.generation ?? 0);
  const bars = words.map((word, i) => `${word} ${bar(isSeen ? numberAt(status, names[i]!) : 0, wanted)}`);
  const surplus = isSet ? 0 : numberAt(status, 'replicas') - numberAt(status, 'updatedReplicas');
  return surplus > 0 && isSeen ? [...bars, `${surplus} of an older revision still there`] : bars;
}

function reasons(object: Unstructured): string[] {
  const failures = ['ReplicaFailure', 'Progressing'].map((type) => conditionOf(object, type));
  return failures
    .filter((c) => c && (c.type === 'ReplicaFailure' ? c.status === 'True' : c.status === 'False'))
    .map((c) => `${c!.reason}: ${c!.message}`);
}

const conditionOfPod = (pod: Pod, type: string) => pod.status?.conditions?.find((c) => c.type === type);
const isReady = (pod: Pod): boolean => conditionOfPod(pod, 'Ready')?.status === 'True';

/** `web-1: ImagePullBackOff: …, 12s`: why a pod is not ready. */
export function podLine(pod: Pod, nowMs: number): string {
  const { name, creationTimestamp, deletionTimestamp } = pod.metadata ?? {};
  return `${name}: ${stateOf()}, ${ageOf(creationTimestamp, nowMs)}`;

  function stateOf(): string {
    if (deletionTimestamp) return 'Terminating';
    const [trouble] = containerTroubles(pod, nowMs);
    if (trouble) return `${trouble.reason}: ${trouble.message}`;
    const scheduled = conditionOfPod(pod, 'PodScheduled');
    if (scheduled?.status === 'False') return `${scheduled.reason}: ${scheduled.message}`;
    const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const waiting = all.find((c) => c.state?.waiting)?.state?.waiting?.reason;
    if (waiting) return waiting;
    return pod.status?.phase === 'Running' ? 'running, not ready' : (pod.status?.phase ?? 'Pending');
  }
}
