// Docker's event stream without a gap: reconnects when the daemon comes back, from the last event's time on, and says
// when it lost and regained the daemon. What happened while it was away may be missed by the daemon itself, so
// `onConnected` is the caller's moment to look at everything again.
import type { DockerClient } from './client.ts';
import { DockerError, DockerUnavailable } from './errors.ts';
import type { DockerEvent } from './types.ts';

export interface EventStreamOptions {
  docker: DockerClient;
  labels: Record<string, string>;
  signal: AbortSignal;
  onEvent(event: DockerEvent): void;
  onConnected(): void;
  onDisconnected(error: unknown): void;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const RETRY_MS = [100, 250, 500, 1000, 2000];

/** `time` in whole seconds and the nanoseconds after the point, as the `since` parameter takes them. */
function sinceOf(event: DockerEvent): string {
  const nanos = String(event.timeNano).slice(String(event.time).length).padEnd(9, '0').slice(0, 9);
  return `${event.time}.${nanos}`;
}

/** Runs until the signal aborts. An event may be delivered twice after a reconnect, never zero times. */
export async function followEvents(options: EventStreamOptions): Promise<void> {
  const { docker, labels, signal } = options;
  let since: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      // From before the caller looks: what happens between its look and the subscription is replayed.
      since ??= String(Date.now() / 1000);
      await docker.ping(AbortSignal.any([signal, AbortSignal.timeout(5000)]));
      const stream = docker.events({ labels, types: ['container'], since }, signal);
      const first = stream.next();
      options.onConnected();
      failures = 0;
      for (let result = await first; !result.done; result = await stream.next()) {
        since = sinceOf(result.value);
        options.onEvent(result.value);
      }
      throw new Error('the event stream ended');
    } catch (error) {
      if (signal.aborted) return;
      const answered = error instanceof DockerError || error instanceof DockerUnavailable;
      options.onDisconnected(answered ? error : new DockerUnavailable(docker.connection.socketPath, error));
    }
    await options.sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal).catch(() => undefined);
  }
}
