// Waiting times that double: 10 seconds to 5 minutes, forgotten after 10 quiet minutes. Upstream:
// client-go/util/flowcontrol/backoff.go; the times are the kubelet's (MaxContainerBackOff).

export interface BackOffOptions {
  initialMs?: number;
  maxMs?: number;
}

interface Entry {
  delayMs: number;
  lastUpdateMs: number;
}

export class BackOff {
  private readonly entries = new Map<string, Entry>();
  private readonly initialMs: number;
  private readonly maxMs: number;
  constructor(
    private readonly now: () => number,
    options: BackOffOptions = {},
  ) {
    this.initialMs = options.initialMs ?? 10_000;
    this.maxMs = options.maxMs ?? 300_000;
  }

  /** How long the key must still wait after something that happened at `eventMs`; 0: it may go on. */
  remainingMs(key: string, eventMs: number): number {
    const entry = this.entries.get(key);
    if (!entry || this.expired(entry, eventMs)) return 0;
    return Math.max(0, eventMs + entry.delayMs - this.now());
  }

  /** The whole delay that is in force. */
  delayMs(key: string): number {
    return this.entries.get(key)?.delayMs ?? 0;
  }

  /** Another failure: the next wait is twice as long, or the first one again after a long quiet time. */
  next(key: string, eventMs: number): void {
    const entry = this.entries.get(key);
    const delayMs = !entry || this.expired(entry, eventMs) ? this.initialMs : Math.min(entry.delayMs * 2, this.maxMs);
    this.entries.set(key, { delayMs, lastUpdateMs: this.now() });
  }

  forget(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.entries.delete(key);
  }

  private expired(entry: Entry, eventMs: number): boolean {
    return eventMs - entry.lastUpdateMs > this.maxMs * 2;
  }
}
