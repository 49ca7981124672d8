// Lifecycle hooks: postStart and preStop as exec, HTTP request, TCP connection or sleep. Upstream:
// pkg/kubelet/lifecycle/handlers.go.
import type { LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { AgentContext } from './context.ts';
import { type HandlerTarget, runHandler } from './handlers.ts';

/** Rejects with what went wrong. The caller bounds the time by the signal. */
export async function runHook(
  context: Pick<AgentContext, 'docker' | 'clock'>,
  hook: LifecycleHandler,
  target: HandlerTarget,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep) {
    await context.clock.sleep(hook.sleep.seconds * 1000, signal);
    return;
  }
  const { result, output } = await runHandler(context.docker, hook, target, MAX_HOOK_MS, signal);
  if (result === 'failure') {
    const what = hook.exec ? `Exec lifecycle hook (${(hook.exec.command ?? []).join(' ')})` : 'Http lifecycle hook';
    throw new Error(`${what} for Container "${target.container.name}" failed: ${output}`);
  }
}

/** A postStart hook without end would hold its pod for ever; upstream sets no limit, a day is near enough. */
const MAX_HOOK_MS = 24 * 3600 * 1000;
