// Why a pod does not run or is not ready.
import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import { isPodReady } from '../../api/pod-status.ts';
import { type ContainerTrouble, containerTroubles, restartTroubles } from './containers.ts';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';
import { nodeFindings } from './node.ts';
import { referenceFindings } from './references.ts';
import { schedulingFindings } from './scheduling.ts';

const LAST_WORDS = 5;
/** Warnings that the states of containers and nodes tell better. */
const told = new Set(['BackOff', 'Failed', 'FailedScheduling', 'NodeNotReady']);

export async function podFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const about = `pod/${pod.metadata?.name}`;
  if (pod.metadata?.deletionTimestamp) return [...deletion(context, pod), ...(await hostFindings(context, pod))];
  if (pod.status?.phase === 'Succeeded') return [];
  if (isPodReady(pod)) return restartFindings(context, pod);
  if (!pod.spec?.nodeName) {
    const [schedule, references] = await Promise.all([
      schedulingFindings(context, pod),
      referenceFindings(context, pod),
    ]);
    return [...schedule, ...references];
  }
  const { reason = '', message = '' } = pod.status ?? {};
  const status: Finding[] =
    reason !== '' ? [{ severity: 'error', about, reason, message: message || 'no message' }] : [];
  const parts = await Promise.all([
    containerFindings(context, pod),
    referenceFindings(context, pod),
    eventFindings(context, pod),
    hostFindings(context, pod),
  ]);
  const found = [...status, ...parts.flat()];
  return found.length > 0 ? found : unready(pod);
}

/** The time of deletion is when the period of grace ends: until then nothing is wrong. */
function deletion(context: WhyContext, pod: Pod): Finding[] {
  const { deletionTimestamp = '', finalizers = [], name } = pod.metadata ?? {};
  const finding = { about: `pod/${name}`, reason: 'Terminating' };
  if (finalizers.length > 0) {
    const message = `is being deleted and kept by the finalizers ${finalizers.join(', ')}`;
    const hint = 'Whoever put the finalizers there must remove them.';
    return [{ ...finding, severity: 'warning', message, hint }];
  }
  if (Date.parse(deletionTimestamp) > context.nowMs) {
    return [{ ...finding, severity: 'info', message: 'is being deleted, and has its period of grace to end' }];
  }
  const since = ageOf(deletionTimestamp, context.nowMs);
  return [{ ...finding, severity: 'warning', message: `should have been gone for ${since}` }];
}

/** It is ready now; it was not for long, and the events of its probes say why. */
async function restartFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const troubles = restartTroubles(pod, context.nowMs);
  if (troubles.length === 0) return [];
  const found = [...(await containerFindings(context, pod, troubles)), ...(await eventFindings(context, pod))];
  return found.map((finding) => ({ ...finding, severity: 'warning' }));
}

async function containerFindings(
  context: WhyContext,
  pod: Pod,
  troubles: readonly ContainerTrouble[] = containerTroubles(pod, context.nowMs),
): Promise<Finding[]> {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const several = (pod.spec?.containers?.length ?? 0) + (pod.spec?.initContainers?.length ?? 0) > 1;
  return Promise.all(
    troubles.map(async (trouble): Promise<Finding> => {
      const previous = trouble.reason === 'CrashLoopBackOff' || trouble.reason === 'Restarting';
      const query = { container: trouble.container, previous: previous || undefined, tailLines: LAST_WORDS };
      const logs = trouble.ended ? await context.text(`${core(namespace, 'pods', name)}/log`, query) : undefined;
      const words = (logs ?? '').trimEnd();
      const command = `${several ? ` -c ${trouble.container}` : ''}${previous ? ' --previous' : ''}`;
      return {
        severity: 'error',
        about: `pod/${name} container ${trouble.container}`,
        reason: trouble.reason,
        message: trouble.message,
        hint: trouble.hint,
        next: trouble.ended
          ? `logs ${name}${command}${inNamespace(context, namespace)}`
          : `describe pod ${name}${inNamespace(context, namespace)}`,
        ...(words === '' ? {} : { details: words.split('\n') }),
      };
    }),
  );
}

/** Probes, mounts, sandboxes: what only events tell, each reason once. */
async function eventFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const seen = new Set<string>();
  const events = await context.warnings(pod as never);
  return events.flatMap((event): Finding[] => {
    const reason = event.reason ?? '';
    const message = (event.message ?? '').trim();
    const key = reason === 'Unhealthy' ? message.split(' probe')[0]! : reason;
    if (told.has(reason) || seen.has(key)) return [];
    seen.add(key);
    const count = event.series?.count ?? event.count ?? 1;
    const times = count > 1 ? ` (${count} times)` : '';
    return [
      {
        severity: 'error',
        about: `pod/${pod.metadata?.name}`,
        reason,
        message: `${message}${times}`,
        hint: hintOf(reason, message),
      },
    ];
  });
}

function hintOf(reason: string, message: string): string | undefined {
  if (reason === 'Unhealthy' && message.startsWith('Liveness')) {
    return 'The kubelet restarts the container when this goes on: look at the path, the port and initialDelaySeconds.';
  }
  if (reason === 'Unhealthy') return 'The pod gets no traffic until the probe succeeds: look at its path and port.';
  if (reason === 'FailedMount' || reason === 'FailedAttachVolume')
    return 'The containers start once all volumes are mounted.';
  return undefined;
}

async function hostFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const name = pod.spec?.nodeName;
  if (!name) return [];
  const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
  const node = await context.read<Node>(path);
  if (node) return (await nodeFindings(context, node)).filter((f) => f.severity === 'error');
  if (!(await context.isAbsent(path))) return [];
  return [{ severity: 'error', about: `node/${name}`, reason: 'NotFound', message: 'the node of the pod is gone' }];
}

/** Nothing is known but that conditions are false. */
function unready(pod: Pod): Finding[] {
  const about = `pod/${pod.metadata?.name}`;
  const gates = new Set((pod.spec?.readinessGates ?? []).map((g) => g.conditionType));
  const conditions = pod.status?.conditions ?? [];
  const closed = [...gates].filter((g) => conditions.find((c) => c.type === g)?.status !== 'True');
  if (closed.length > 0) {
    return [
      { severity: 'error', about, reason: 'ReadinessGate', message: `waits for the conditions ${closed.join(', ')}` },
    ];
  }
  const ready = conditions.find((c) => c.type === 'Ready');
  const message = ready?.message ?? 'it has begun to start, and its node has told nothing else yet';
  return [{ severity: 'warning', about, reason: ready?.reason ?? pod.status?.phase ?? 'Pending', message }];
}
