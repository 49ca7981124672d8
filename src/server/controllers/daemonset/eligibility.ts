// Which nodes a DaemonSet is for: those that its node name, selector and affinity take and whose taints it tolerates.
// Resources and ports are the scheduler's business. Upstream: NodeShouldRunDaemonPod in
// pkg/controller/daemon/daemon_controller.go.
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node } from 'kubernetes-types/core/v1.js';
import { labelsMatcher, termsMatcher } from '../../../api/node-selector.ts';
import { isTolerated } from '../../../api/tolerations.ts';
import { daemonTolerations } from './pod.ts';

export interface Need {
  /** Has to have a pod. */
  run: boolean;
  /** A pod that is there may stay. */
  keep: boolean;
}
export type Eligibility = (node: Node) => Need;

const NO: Need = { run: false, keep: false };
const YES: Need = { run: true, keep: true };
const KEEP: Need = { run: false, keep: true };

/** Compiled once for each template that is in a cache. */
const compiled = new WeakMap<object, Eligibility>();

export function eligibilityOf(ds: DaemonSet): Eligibility {
  const template = ds.spec!.template;
  let result = compiled.get(template);
  if (!result) compiled.set(template, (result = compile(ds)));
  return result;
}

function compile(ds: DaemonSet): Eligibility {
  const spec = ds.spec!.template.spec;
  const selected = labelsMatcher(spec?.nodeSelector ?? {});
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const affine = required ? termsMatcher(required.nodeSelectorTerms ?? []) : () => true;
  const tolerations = daemonTolerations(spec);
  return (node) => {
    const { name = '', labels = {} } = node.metadata ?? {};
    if (spec?.nodeName && spec.nodeName !== name) return NO;
    const facts = { name, labels };
    if (!selected(facts) || !affine(facts)) return NO;
    let need = YES;
    for (const taint of node.spec?.taints ?? []) {
      if (taint.effect === 'PreferNoSchedule' || isTolerated(tolerations, taint)) continue;
      if (taint.effect === 'NoExecute') return NO;
      need = KEEP;
    }
    return need;
  };
}
