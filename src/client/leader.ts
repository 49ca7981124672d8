// Leader election by Lease: at most one holder acts. Upstream: client-go/tools/leaderelection.
// A holder stops by itself when it could not renew for `renewDeadlineMs`, which is shorter than the lease: no two
// holders ever act at once, as long as clocks run at the same speed (times are never compared between machines).
import { Leases } from '../api/resources.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/status.ts';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Clock } from './controller.ts';
import type { Logger } from './log.ts';
import type { Client } from './rest.ts';

export interface LeaderOptions {
  client: Client;
  namespace: string;
  name: string;
  identity: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  /** Defaults: 10 s, 7 s, 2 s, so that another acts less than 15 s after the holder died. */
  leaseMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

/** Waits for the lease, then runs `lead` with a signal that aborts when it is lost; tries again until stopped. */
export async function runAsLeader(options: LeaderOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, clock, log, retryMs = 2000, renewDeadlineMs = 7_000 } = options;
  const election = new Election(options);
  while (!signal.aborted) {
    if (!(await election.tryAcquire())) {
      await clock.sleep(retryMs, signal).catch(() => {});
      continue;
    }
    log.info({ lease: options.name, identity: options.identity }, 'became leader');
    const reign = new AbortController();
    const led = lead(AbortSignal.any([signal, reign.signal]));
    const ended = led.then(
      () => true,
      () => true,
    );
    let renewed = clock.now();
    while (!signal.aborted) {
      const over = await Promise.race([
        ended,
        clock.sleep(retryMs, signal).then(
          () => false,
          () => true,
        ),
      ]);
      if (over) break;
      const asked = clock.now();
      // A server that does not answer must not keep a holder whose lease has run out.
      const isOurs = await within(election.tryAcquire(), renewed + renewDeadlineMs - asked, clock);
      if (isOurs) renewed = asked;
      else if (clock.now() - renewed >= renewDeadlineMs) break;
    }
    reign.abort();
    await led.catch((error: unknown) => log.error({ lease: options.name, error: String(error) }, 'leader failed'));
    await within(
      election.release().then(() => true),
      retryMs,
      clock,
    );
  }
}

/** False when it takes longer. */
async function within(answer: Promise<boolean>, ms: number, clock: Clock): Promise<boolean> {
  const answered = new AbortController();
  const late = clock.sleep(Math.max(0, ms), answered.signal).then(
    () => false,
    () => false,
  );
  const first = await Promise.race([answer, late]);
  answered.abort();
  return first;
}

class Election {
  /** The last foreign record, and when it was first seen by our own clock. */
  private observed?: { record: string; at: number };
  private readonly options: LeaderOptions;
  constructor(options: LeaderOptions) {
    this.options = options;
  }

  /** True when the lease is ours after this call. */
  async tryAcquire(): Promise<boolean> {
    const { client, namespace, name, identity, clock, log, leaseMs = 10_000 } = this.options;
    const now = new Date(clock.now()).toISOString().replace('Z', '000Z');
    try {
      const lease = await client.get(Leases, { namespace, name }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      const spec = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseMs / 1000), renewTime: now };
      if (!lease) {
        const fresh: Lease = {
          metadata: { namespace, name },
          spec: { ...spec, acquireTime: now, leaseTransitions: 0 },
        };
        await client.create(Leases, fresh);
        return true;
      }
      const holder = lease.spec?.holderIdentity;
      const ours = holder === identity;
      if (!ours && holder && !this.expired(lease, leaseMs)) return false;
      await client.update(Leases, {
        ...lease,
        spec: {
          ...spec,
          acquireTime: ours ? lease.spec?.acquireTime : now,
          leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + (ours ? 0 : 1),
        },
      });
      return true;
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) {
        log.warn({ lease: name, error: String(error) }, 'could not reach the lease');
      }
      return false;
    }
  }

  /** Gives the lease up at once, so that a successor need not wait. */
  async release(): Promise<void> {
    const { client, namespace, name, identity } = this.options;
    try {
      const lease = await client.get(Leases, { namespace, name });
      if (lease.spec?.holderIdentity !== identity) return;
      await client.update(Leases, { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
    } catch {
      // It will expire.
    }
  }

  private expired(lease: Lease, leaseMs: number): boolean {
    const { clock } = this.options;
    const record = `${lease.spec?.holderIdentity ?? ''}@${lease.spec?.renewTime ?? ''}`;
    if (this.observed?.record !== record) this.observed = { record, at: clock.now() };
    const duration = (lease.spec?.leaseDurationSeconds ?? leaseMs / 1000) * 1000;
    return clock.now() - this.observed.at > duration;
  }
}
