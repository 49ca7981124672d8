// The conditions that the node sets on a pod. Pure. Upstream: pkg/kubelet/status/generate.go.
import type { ContainerStatus, Pod, PodCondition } from 'kubernetes-types/core/v1.js';
import { appContainers, initContainers, isRestartable, statusNamed } from './pod-facts.ts';
import type { Phase } from './pod-phase.ts';

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;
const TRUE: Verdict = { status: 'True' };
export const OWN_CONDITIONS = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
] as const;

/** Go prints a list of names as `[a b]`. */
const names = (list: readonly string[]) => `[${list.join(' ')}]`;

function containersReady(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase): Verdict {
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const container of [...initContainers(pod).filter(isRestartable), ...appContainers(pod)]) {
    const status = statusNamed(statuses, container.name);
    if (!status) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const messages: string[] = [];
  if (unknown.length > 0) messages.push(`containers with unknown status: ${names(unknown)}`);
  if (unready.length > 0) messages.push(`containers with unready status: ${names(unready)}`);
  if (messages.length === 0) return TRUE;
  return { status: 'False', reason: 'ContainersNotReady', message: messages.join(', ') };
}

function ready(pod: Pod, foreign: readonly PodCondition[], containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers;
  const messages: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const condition = foreign.find((c) => c.type === conditionType);
    if (!condition) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== 'True') {
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
    }
  }
  if (messages.length === 0) return TRUE;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

function initialised(pod: Pod, statuses: readonly ContainerStatus[], phase: Phase): Verdict {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of initContainers(pod)) {
    const status = statusNamed(statuses, container.name);
    if (!status) unknown.push(container.name);
    else if (!(isRestartable(container) ? status.started : status.ready)) incomplete.push(container.name);
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' };
  const appStarted = appContainers(pod).some((container) => {
    const status = statusNamed(statuses, container.name);
    return status?.state?.running || status?.state?.terminated || status?.lastState?.terminated;
  });
  if (appStarted) return TRUE;
  const messages: string[] = [];
  if (unknown.length > 0) messages.push(`containers with unknown status: ${names(unknown)}`);
  if (incomplete.length > 0) messages.push(`containers with incomplete status: ${names(incomplete)}`);
  if (messages.length === 0) return TRUE;
  return { status: 'False', reason: 'ContainersNotInitialized', message: messages.join(', ') };
}

/** Foreign conditions first, then ours in upstream's order; a time changes only with its status. */
export function podConditions(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: Phase,
  hasSandbox: boolean,
  now: string,
): PodCondition[] {
  const old = pod.status?.conditions ?? [];
  const foreign = old.filter((c) => !(OWN_CONDITIONS as readonly string[]).includes(c.type));
  const containers = containersReady(pod, statuses, phase);
  const verdicts: Record<(typeof OWN_CONDITIONS)[number], Verdict> = {
    PodReadyToStartContainers: { status: hasSandbox ? 'True' : 'False' },
    Initialized: initialised(pod, statuses, phase),
    Ready: ready(pod, foreign, containers),
    ContainersReady: containers,
    PodScheduled: TRUE,
  };
  const generation = (pod.metadata as { generation?: number } | undefined)?.generation;
  const own = OWN_CONDITIONS.map((type): PodCondition => {
    const before = old.find((c) => c.type === type);
    const since = before?.status === verdicts[type].status ? before.lastTransitionTime : undefined;
    return {
      type,
      ...(generation !== undefined && { observedGeneration: generation }),
      ...verdicts[type],
      lastTransitionTime: since ?? now,
    } as PodCondition;
  });
  return [...foreign, ...own];
}
