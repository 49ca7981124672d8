// Probes: one loop for each probe of each running container; a change of verdict wakes the pod's worker at once.
// Upstream: pkg/kubelet/prober/worker.go (thresholds, holding after a failure) and prober.go (events).
import type { Container, Pod, Probe } from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../client/controller.ts';
import type { DockerClient } from '../docker/client.ts';
import { DockerUnavailable } from '../docker/errors.ts';
import { runHandler } from './handlers.ts';
import type { ProbeVerdict, ProbeVerdicts } from './pod-actions.ts';
import { allContainers, probeSettings } from './pod-facts.ts';
import type { ContainerRecord, PodRuntime } from './runtime-state.ts';

const KINDS = ['startup', 'liveness', 'readiness'] as const;
type Kind = (typeof KINDS)[number];
const FIELDS = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;
const TITLES: Record<Kind, string> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };
const INITIAL: Record<Kind, ProbeVerdict> = { startup: 'unknown', liveness: 'success', readiness: 'failure' };
const ATTEMPTS = 3;

interface Running {
  stop: AbortController;
  verdict: ProbeVerdict;
  kind: Kind;
  containerId: string;
}

export interface ProberOptions {
  docker: DockerClient;
  clock: Clock;
  event(pod: Pod, container: Container, reason: string, message: string): void;
}

/** All probes of one pod. */
export class PodProber implements ProbeVerdicts {
  private readonly running = new Map<string, Running>();
  /** Startup verdicts outlive their probe, which ends with its first success. */
  constructor(
    private readonly options: ProberOptions,
    private readonly onChange: () => void,
  ) {}

  liveness(containerId: string): ProbeVerdict | undefined {
    return this.running.get(`liveness/${containerId}`)?.verdict;
  }
  startup(containerId: string): ProbeVerdict | undefined {
    return this.running.get(`startup/${containerId}`)?.verdict;
  }
  readiness(containerId: string): ProbeVerdict | undefined {
    return this.running.get(`readiness/${containerId}`)?.verdict;
  }

  /** Starts what is missing, stops what has lost its container. While terminating only readiness is of interest. */
  sync(pod: Pod, runtime: PodRuntime, podIp: string, terminating: boolean): void {
    const wanted = new Set<string>();
    for (const container of allContainers(pod)) {
      const record = runtime.containers.find((r) => r.name === container.name);
      if (record?.state !== 'running') continue;
      for (const kind of KINDS) {
        const probe = container[FIELDS[kind]];
        if (!probe || (terminating && kind !== 'readiness')) continue;
        const key = `${kind}/${record.id}`;
        wanted.add(key);
        if (!this.running.has(key)) this.start(key, kind, { pod, container, record, probe, podIp });
      }
    }
    for (const [key, { stop }] of this.running) {
      if (wanted.has(key)) continue;
      stop.abort();
      this.running.delete(key);
    }
  }

  stop(): void {
    for (const { stop } of this.running.values()) stop.abort();
    this.running.clear();
  }

  private start(key: string, kind: Kind, target: Target): void {
    // After a restart of the daemon a container that has run for a while keeps the verdict that its status shows.
    const { containerStatuses = [], initContainerStatuses = [] } = target.pod.status ?? {};
    const all = [...containerStatuses, ...initContainerStatuses];
    const known = all.find((s) => s.containerID?.endsWith(target.record.id));
    let verdict = INITIAL[kind];
    if (kind === 'readiness' && known?.ready) verdict = 'success';
    if (kind === 'startup' && known?.started) verdict = 'success';
    const state: Running = { stop: new AbortController(), verdict, kind, containerId: target.record.id };
    this.running.set(key, state);
    void this.loop(state, target).catch(() => undefined);
  }

  private async loop(state: Running, target: Target): Promise<void> {
    const { clock } = this.options;
    const { signal } = state.stop;
    const settings = probeSettings(target.probe);
    if (state.kind === 'startup' && state.verdict === 'success') return;
    const startedAt = Date.parse(target.record.startedAt);
    const delay = startedAt + settings.initialDelaySeconds * 1000 - clock.now();
    if (delay > 0) await clock.sleep(delay, signal);
    const periodMs = settings.periodSeconds * 1000;
    let run = 0;
    let last: ProbeVerdict = 'unknown';
    while (!signal.aborted) {
      if (state.kind !== 'startup' && target.container.startupProbe && this.startup(state.containerId) !== 'success') {
        await this.nextRound(periodMs, signal);
        continue;
      }
      const began = clock.now();
      const verdict = await this.probe(state.kind, target, settings.timeoutSeconds * 1000, signal);
      if (signal.aborted) return;
      run = verdict === last ? run + 1 : 1;
      last = verdict;
      const enough = run >= (verdict === 'success' ? settings.successThreshold : settings.failureThreshold);
      if (verdict !== 'unknown' && enough) {
        if (state.verdict !== verdict) {
          state.verdict = verdict;
          this.onChange();
          if (state.kind === 'startup') this.wakeHeld();
        }
        // A container that is about to be killed, or has started, needs no more of this probe.
        if (state.kind === 'startup' || (state.kind === 'liveness' && verdict === 'failure')) return;
      }
      await this.nextRound(Math.max(0, periodMs - (clock.now() - began)), signal);
    }
  }

  private readonly held = new Set<() => void>();

  /** Waits, but not beyond the moment at which a startup probe succeeds. */
  private async nextRound(ms: number, signal: AbortSignal): Promise<void> {
    let wake: (() => void) | undefined;
    const woken = new Promise<void>((resolve) => this.held.add((wake = resolve)));
    const timer = new AbortController();
    const sleeping = this.options.clock.sleep(ms, AbortSignal.any([signal, timer.signal])).catch(() => undefined);
    await Promise.race([sleeping, woken]);
    timer.abort();
    this.held.delete(wake!);
  }

  private wakeHeld(): void {
    for (const wake of this.held) wake();
  }

  private async probe(kind: Kind, target: Target, timeoutMs: number, signal: AbortSignal): Promise<ProbeVerdict> {
    const { pod, container, record, podIp } = target;
    let failure = '';
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
      try {
        const at = { pod, container, containerId: record.id, podIp };
        const { result, output } = await runHandler(this.options.docker, target.probe, at, timeoutMs, signal);
        if (result === 'failure' && !signal.aborted) {
          this.options.event(pod, container, 'Unhealthy', `${TITLES[kind]} probe failed: ${output}`);
        }
        if (result !== 'warning') return result;
        this.options.event(pod, container, 'ProbeWarning', `${TITLES[kind]} probe warning: ${output}`);
        return 'success';
      } catch (error) {
        if (error instanceof DockerUnavailable) return 'unknown';
        failure = (error as Error).message;
      }
    }
    if (!signal.aborted) {
      this.options.event(
        pod,
        container,
        'Unhealthy',
        `${TITLES[kind]} probe errored and resulted in unknown state: ${failure}`,
      );
    }
    return 'unknown';
  }
}

interface Target {
  pod: Pod;
  container: Container;
  record: ContainerRecord;
  probe: Probe;
  podIp: string;
}
