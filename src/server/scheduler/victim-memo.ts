// Which pods of a node would have to go for a pod, remembered for the next pod that is alike: many of one template wait
// when there is no room, and between two of them only few nodes change. Nothing is remembered that depends on more than
// the pod and the node: no other pods' terms, no disruption budgets, no nominated pods.
import type { PostFilterContext, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { type Budgets, type Candidate, selectVictims } from './preemption.ts';

type Result = Candidate | Rejection;

/** Kinds of pods that wait at one time; the oldest is forgotten. */
const MAX_KINDS = 8;

/** Equal texts: filters that look only at pod and node cannot tell the pods apart. */
function kindOf(pod: PodInfo): string {
  const { spec } = pod.pod;
  const { scalars, ...amounts } = pod.requests;
  return JSON.stringify([
    ...[pod.schedulerName, pod.namespace, pod.priority, amounts, scalars && [...scalars], pod.hostPorts],
    ...[spec?.nodeName, spec?.nodeSelector, spec?.affinity?.nodeAffinity, pod.tolerations],
  ]);
}

export class VictimMemo {
  private readonly kinds = new Map<string, WeakMap<NodeInfo, { generation: number; result: Result }>>();

  /** selectVictims for this pod, for one preemption. */
  finder(pod: PodInfo, budgets: Budgets, context: PostFilterContext): (node: NodeInfo) => Result {
    if (!context.pure) return (node) => selectVictims(pod, node, budgets, context);
    const known = this.of(kindOf(pod));
    const { view } = context;
    return (node) => {
      if (view.nominatedBefore(pod, node.name) || !budgets.indifferent(node)) {
        return selectVictims(pod, node, budgets, context);
      }
      const { generation } = node;
      const before = known.get(node);
      if (before?.generation === generation) return before.result;
      const result = selectVictims(pod, node, budgets, context);
      // Everything was put back as it was.
      node.generation = generation;
      if (before) Object.assign(before, { generation, result });
      else known.set(node, { generation, result });
      return result;
    };
  }

  private of(kind: string) {
    const known = this.kinds.get(kind) ?? new WeakMap<NodeInfo, { generation: number; result: Result }>();
    this.kinds.delete(kind);
    this.kinds.set(kind, known);
    if (this.kinds.size > MAX_KINDS) this.kinds.delete(this.kinds.keys().next().value!);
    return known;
  }
}
