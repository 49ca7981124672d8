// How long a pod that failed on a node stays before it is replaced: 1 s, doubling up to 15 minutes, so that a node that
// rejects a pod and a DaemonSet that wants it there do not spin. Upstream: client-go/util/flowcontrol/backoff.go.
const BASE_MS = 1000;
const MAX_MS = 15 * 60_000;
const CLEAN_ABOVE = 1000;

export class FailedPodBackoff {
  private readonly entries = new Map<string, { delayMs: number; atMs: number }>();

  /** 0: it may be replaced now, and the next wait is longer. Otherwise how long to wait. */
  tryNow(key: string, nowMs: number): number {
    const entry = this.entries.get(key);
    const forgotten = !entry || nowMs - entry.atMs > 2 * MAX_MS;
    if (!forgotten && nowMs - entry.atMs < entry.delayMs) return entry.delayMs - (nowMs - entry.atMs);
    const delayMs = forgotten ? BASE_MS : Math.min(entry.delayMs * 2, MAX_MS);
    if (this.entries.size > CLEAN_ABOVE) this.clean(nowMs);
    this.entries.set(key, { delayMs, atMs: nowMs });
    return 0;
  }

  private clean(nowMs: number): void {
    for (const [key, { atMs }] of this.entries) if (nowMs - atMs > 2 * MAX_MS) this.entries.delete(key);
  }
}
