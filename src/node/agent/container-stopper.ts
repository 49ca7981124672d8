// Ends a container: preStop hook, its stop signal, the grace period, SIGKILL. Upstream: kuberuntime_container.go
// killContainer.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { type AgentContext, containerEvent } from './context.ts';
import type { Grace } from './grace.ts';
import { runHook } from './hooks.ts';
import { findContainer, isRestartable } from './pod-facts.ts';
import type { ContainerRecord, PodRuntime } from './runtime-state.ts';

/** Even a container without any grace gets this long between its stop signal and SIGKILL. */
const MINIMUM_GRACE_MS = 2000;
const KILL_WAIT_MS = 30_000;

export async function stopContainer(
  context: AgentContext,
  pod: Pod,
  record: ContainerRecord,
  message: string,
  grace: Grace,
  podIp: string,
): Promise<void> {
  const container = findContainer(pod, record.name);
  containerEvent(context, pod, record.name, 'Normal', 'Killing', message);
  if (container?.lifecycle?.preStop && grace.remainingMs() > 0) {
    await preStop(context, pod, container, record, grace, podIp);
  }
  const { docker } = context;
  const waiting = new AbortController();
  try {
    const gone = docker.waitContainer(record.id, waiting.signal);
    gone.catch(() => undefined);
    await docker.killContainer(record.id, record.stopSignal);
    if (await grace.covers(gone, MINIMUM_GRACE_MS)) return;
    await docker.killContainer(record.id, 'SIGKILL');
    const limit = context.clock.sleep(KILL_WAIT_MS, waiting.signal).then(() => {
      throw new Error(`container ${record.id} is still there ${KILL_WAIT_MS / 1000} s after SIGKILL`);
    });
    limit.catch(() => undefined);
    await Promise.race([gone, limit]);
  } finally {
    waiting.abort();
  }
}

async function preStop(
  context: AgentContext,
  pod: Pod,
  container: Container,
  record: ContainerRecord,
  grace: Grace,
  podIp: string,
): Promise<void> {
  const stop = new AbortController();
  const target = { pod, container, containerId: record.id, podIp };
  const hook = runHook(context, container.lifecycle!.preStop!, target, stop.signal);
  hook.catch(() => undefined);
  try {
    await grace.covers(hook);
  } catch (error) {
    context.log.warn({ pod: pod.metadata?.name, container: container.name, error: String(error) }, 'preStop failed');
    containerEvent(context, pod, container.name, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
  } finally {
    stop.abort();
  }
}

/** Everything that runs: first the app containers, all at once, then the sidecars from the last to the first. */
export async function stopAll(
  context: AgentContext,
  pod: Pod,
  runtime: PodRuntime,
  grace: Grace,
  podIp: string,
): Promise<void> {
  const running = runtime.containers.filter((record) => record.state === 'running');
  const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartable).map((container) => container.name);
  const stop = (record: ContainerRecord) =>
    stopContainer(context, pod, record, `Stopping container ${record.name}`, grace, podIp);
  await Promise.all(running.filter((record) => !sidecars.includes(record.name)).map(stop));
  for (const name of sidecars.reverse()) {
    for (const record of running.filter((r) => r.name === name)) await stop(record);
  }
}
