// Sends a pod's status to the API server: one write at a time, the newest status wins, nothing is sent that is there
// already. Upstream: pkg/kubelet/status/status_manager.go syncPod.
import type { Pod, PodStatus } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { AgentContext } from './context.ts';
import { statusPatch } from './pod-status.ts';

const RETRY_MS = [200, 500, 1000, 2000, 5000, 10_000];

const newer = (a: Pod, b: Pod): boolean =>
  Number(a.metadata?.resourceVersion ?? 0) >= Number(b.metadata?.resourceVersion ?? 0);

export class StatusWriter {
  /** The pod as the API server last showed it, in an event or as the answer to a write. */
  current: Pod;
  private wanted: PodStatus | undefined;
  private writing: Promise<void> | undefined;
  private gone = false;

  constructor(
    private readonly context: AgentContext,
    pod: Pod,
  ) {
    this.current = pod;
  }

  /**
   * The pod with the status that it was given last, on its way or written: what comes next is derived from this. Derived
   * from what the API server showed, it would take back what is still being written, and that would take it back again.
   */
  get newest(): Pod {
    return this.wanted ? { ...this.current, status: this.wanted } : this.current;
  }

  observe(pod: Pod): void {
    if (newer(pod, this.current)) this.current = pod;
  }

  write(status: PodStatus): void {
    this.wanted = status;
    this.writing ??= this.pump().finally(() => (this.writing = undefined));
  }

  /** Resolves when the last status has been taken by the API server, or never will be. */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private async pump(): Promise<void> {
    const { client, clock, log, signal } = this.context;
    let failures = 0;
    while (this.wanted && !this.gone && !signal.aborted) {
      const status = this.wanted;
      const { name = '', namespace = '' } = this.current.metadata ?? {};
      const patch = statusPatch(this.current, status);
      try {
        if (patch)
          this.observe(await client.patch(Pods, { name, namespace }, 'strategic', patch, { subresource: 'status' }));
        failures = 0;
        if (this.wanted === status) this.wanted = undefined;
      } catch (error) {
        // Gone, or another pod of the same name (the patch carries our uid): there is nobody left to tell.
        if (isNotFound(error) || isConflict(error)) this.gone = true;
        else {
          log.warn(
            { pod: `${namespace}/${name}`, error: String(error) },
            'cannot write the status of a pod; trying again',
          );
          await clock.sleep(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!, signal).catch(() => undefined);
        }
      }
    }
  }
}
