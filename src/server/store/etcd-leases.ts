// Leases for keys that expire, shared by keys that expire at about the same time: events come by the thousand, and a
// lease each would cost a round trip and memory in etcd. Upstream: apiserver/pkg/storage/etcd3/lease_manager.go.

const REUSE_SHARE = 0.05;
const LONGEST_REUSE_MS = 60_000;
const MAX_KEYS = 1000;

export class LeasePool {
  readonly #grant: (seconds: number) => Promise<string>;
  readonly #open = new Map<number, { id: Promise<string>; untilMs: number; keys: number }>();

  constructor(grant: (seconds: number) => Promise<string>) {
    this.#grant = grant;
  }

  /** A lease that lasts at least so long, and not much longer. */
  for(ttlSeconds: number): Promise<string> {
    const open = this.#open.get(ttlSeconds);
    if (open && open.untilMs > Date.now() && open.keys < MAX_KEYS) {
      open.keys++;
      return open.id;
    }
    const reuseMs = Math.min(ttlSeconds * 1000 * REUSE_SHARE, LONGEST_REUSE_MS);
    const id = this.#grant(Math.ceil(ttlSeconds + reuseMs / 1000));
    this.#open.set(ttlSeconds, { id, untilMs: Date.now() + reuseMs, keys: 1 });
    id.catch(() => this.#open.delete(ttlSeconds));
    return id;
  }
}
