// One pod on this node, from its first sight to its end. A worker does one thing at a time and is woken by what
// happens: a change of the pod, an event from Docker, a probe's verdict, a timer. It keeps no state that a restart
// could lose: what runs is read from Docker. Upstream: pkg/kubelet/pod_workers.go, kubelet.go SyncPod,
// SyncTerminatingPod and SyncTerminatedPod.
import type { Pod, PodStatus } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { DockerUnavailable } from '../docker/errors.ts';
import { type MountableVolume, VolumeError } from '../volumes/manager.ts';
import type { WaitingReason } from './container-status.ts';
import { ContainerStarter } from './container-starter.ts';
import { stopAll, stopContainer } from './container-stopper.ts';
import { type AgentContext, containerEvent } from './context.ts';
import { Grace, signalPromise } from './grace.ts';
import { StartError } from './image-puller.ts';
import { type Rejection, admitPod } from './pod-admission.ts';
import { type PodActions, computePodActions } from './pod-actions.ts';
import { findContainer, hostPorts, isTerminalPhase } from './pod-facts.ts';
import { podStatus } from './pod-status.ts';
import { PodProber } from './prober.ts';
import { type PodRuntime, liveSandbox } from './runtime-state.ts';
import { createSandbox } from './sandbox.ts';
import { StatusWriter } from './status-writer.ts';

type Volumes = ReadonlyMap<string, MountableVolume>;

const DEFAULT_GRACE_SECONDS = 30;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000];
/** Files of volumes are looked at this often even when nothing announced a change. */
const VOLUME_REFRESH_MS = 60_000;

export class PodWorker {
  readonly uid: string;
  pod: Pod;
  /** All is done for this pod; it stays known until the API server forgets it. */
  finished = false;
  /** The API server does not know the pod any more: nobody is told how it ends. */
  deletedFromApi = false;
  /** The sandbox's address while it runs. */
  podIp = '';
  private readonly status: StatusWriter;
  private readonly prober: PodProber;
  private readonly starter: ContainerStarter;
  private readonly waiting = new Map<string, WaitingReason>();
  private starting = new AbortController();
  private grace: Grace | undefined;
  private rejected: Rejection | undefined;
  private admitted = false;
  /** Its containers will not run again: whoever publishes says so. */
  private ended = false;
  /** Its containers are gone, and soon the API server hears of it: another pod may have its place. */
  private released = false;
  private failures = 0;
  private mountFailures = 0;
  private mounted: Volumes | undefined;
  private dirty = true;
  private awake = signalPromise();
  private wakeAtMs: number | undefined;
  private publishing = false;
  /** Waiting after a failure. */
  private resting = false;
  /** A step is under way. */
  private working = false;

  constructor(
    private readonly context: AgentContext,
    pod: Pod,
  ) {
    this.pod = pod;
    this.uid = pod.metadata?.uid ?? '';
    this.status = new StatusWriter(context, pod);
    this.starter = new ContainerStarter(context);
    const { docker, clock } = context;
    this.prober = new PodProber(
      {
        docker,
        clock,
        event: (p, container, reason, message) =>
          containerEvent(context, p, container.name, 'Warning', reason, message),
      },
      () => this.wake(),
    );
    this.update(pod);
  }

  /** A new version of the pod. */
  update(pod: Pod): void {
    const before = this.pod.metadata;
    const changed =
      before?.generation !== pod.metadata?.generation || before?.deletionTimestamp !== pod.metadata?.deletionTimestamp;
    this.pod = pod;
    this.status.observe(pod);
    this.context.objects.register(pod);
    if (pod.metadata?.deletionTimestamp) this.requestStop();
    this.wake(changed);
  }

  /** The API server has forgotten the pod without waiting for this node. */
  removed(): void {
    this.deletedFromApi = true;
    this.requestStop();
    this.wake(true);
  }

  /** Something happened. After a failure only what is urgent (a change of the pod, Docker's return) ends the wait. */
  wake(urgent = false): void {
    if (this.resting && !urgent) return;
    this.dirty = true;
    this.awake.resolve();
    if (this.working) void this.publishAside();
  }

  /** Runs until the pod is through or the daemon stops; never rejects. */
  async run(): Promise<void> {
    const { signal, log, clock } = this.context;
    while (!this.finished && !signal.aborted) {
      this.dirty = false;
      this.awake = signalPromise();
      this.wakeAtMs = undefined;
      this.working = true;
      try {
        await this.step();
        this.failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        const away = error instanceof DockerUnavailable;
        log.warn({ pod: this.name(), error: String(error) }, away ? 'Docker is away' : 'a step failed; trying again');
        // What the failed step itself has set off must not cut the wait short.
        this.dirty = false;
        this.awake = signalPromise();
        this.wakeIn(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]!);
        this.resting = true;
      }
      this.working = false;
      if (this.dirty || this.finished) continue;
      const timer = new AbortController();
      const ended = AbortSignal.any([signal, timer.signal]);
      const until = this.wakeAtMs === undefined ? VOLUME_REFRESH_MS : Math.max(0, this.wakeAtMs - clock.now());
      await Promise.race([this.awake.promise, clock.sleep(until, ended).catch(() => undefined)]);
      timer.abort();
      this.resting = false;
    }
    this.prober.stop();
  }

  private name(): string {
    return `${this.pod.metadata?.namespace ?? ''}/${this.pod.metadata?.name ?? ''}`;
  }

  private wakeIn(ms: number): void {
    const at = this.context.clock.now() + ms;
    this.wakeAtMs = Math.min(this.wakeAtMs ?? at, at);
  }

  private requestStop(): void {
    const meta = this.pod.metadata;
    const asked = meta?.deletionTimestamp
      ? Math.max(1, meta.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)
      : (this.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    if (this.grace) this.grace.shorten(asked);
    else this.grace = new Grace(this.context.clock, asked);
    this.starting.abort();
  }

  private async step(): Promise<void> {
    const runtime = await this.context.reader.read(this.uid);
    if (this.grace) return this.terminate(runtime);
    if (isTerminalPhase(this.status.current.status?.phase)) return this.settle(runtime);
    if (!this.admit(runtime)) {
      this.publish(runtime);
      await this.status.flush();
      return this.settle(runtime);
    }
    if (await this.pastDeadline(runtime)) return;
    this.prober.sync(this.pod, runtime, liveSandbox(runtime)?.ip ?? '', false);
    this.publish(runtime);
    const actions = computePodActions(this.pod, runtime, this.prober);
    if (actions.killPod && !actions.createSandbox) return this.complete(runtime);
    this.starting = new AbortController();
    if (this.grace) return;
    await this.carryOut(actions, runtime);
  }

  /** Pods that run already were admitted by the daemon before this one. */
  private admit(runtime: PodRuntime): boolean {
    if (this.admitted || this.rejected) return this.admitted;
    const node = this.context.nodeObject();
    const known = runtime.sandboxes.length > 0 || this.pod.status?.startTime !== undefined;
    this.rejected = known || !node ? undefined : admitPod(this.pod, node, this.context.otherPods(this.uid));
    this.admitted = !this.rejected;
    if (this.rejected) {
      const { reason, message } = this.rejected;
      this.context.events.event(this.pod, 'Warning', reason, message);
    }
    return this.admitted;
  }

  /** activeDeadlineSeconds. Upstream: pkg/kubelet/active_deadline.go. */
  private async pastDeadline(runtime: PodRuntime): Promise<boolean> {
    const seconds = this.pod.spec?.activeDeadlineSeconds;
    const since = this.status.current.status?.startTime;
    if (seconds === undefined || !since) return false;
    const remaining = Date.parse(since) + seconds * 1000 - this.context.clock.now();
    if (remaining > 0) {
      this.wakeIn(remaining);
      return false;
    }
    const message = 'Pod was active on the node longer than the specified deadline';
    this.context.events.event(this.pod, 'Normal', 'DeadlineExceeded', message);
    this.rejected = { reason: 'DeadlineExceeded', message };
    await this.complete(runtime);
    return true;
  }

  /** The pod has come to its end by itself: what still runs (sidecars) is stopped, the verdict is written. */
  private async complete(runtime: PodRuntime): Promise<void> {
    const grace = new Grace(this.context.clock, this.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    this.prober.sync(this.pod, runtime, '', true);
    await stopAll(this.context, this.pod, runtime, grace, liveSandbox(runtime)?.ip ?? '');
    const after = await this.context.reader.read(this.uid);
    this.publish(after, true);
    await this.status.flush();
    await this.settle(after);
  }

  /** After the end: nothing runs, nothing is mounted; the dead containers stay for their logs. */
  private async settle(runtime: PodRuntime): Promise<void> {
    const { clock, docker, directories, tokens } = this.context;
    const left = runtime.containers.filter((record) => record.state === 'running');
    const sandbox = liveSandbox(runtime);
    if (left.length > 0) await stopAll(this.context, this.pod, runtime, new Grace(clock, 1), sandbox?.ip ?? '');
    for (const { id } of runtime.sandboxes) await docker.removeSandbox(id);
    await directories.remove(this.uid);
    this.context.volumes.forget(this.uid);
    tokens.forget(this.uid);
    this.prober.stop();
    this.wakeAtMs = clock.now() + 24 * 3600 * 1000;
  }

  /** The pod is being deleted. */
  private async terminate(runtime: PodRuntime): Promise<void> {
    const { client, docker, directories, reader, objects, tokens, crashes } = this.context;
    const grace = this.grace!;
    const podIp = liveSandbox(runtime)?.ip ?? '';
    this.prober.sync(this.pod, runtime, podIp, true);
    if (!this.deletedFromApi) this.publish(runtime);
    await stopAll(this.context, this.pod, runtime, grace, podIp);
    const after = await reader.read(this.uid);
    if (!this.deletedFromApi) {
      this.publish(after, true);
      await this.status.flush();
    }
    for (const { id } of after.sandboxes) await docker.removeSandbox(id);
    for (const { id } of after.containers) await docker.removeContainer(id);
    await directories.remove(this.uid);
    this.context.volumes.forget(this.uid);
    reader.forget(after);
    tokens.forget(this.uid);
    crashes.forget(`${this.uid}/`);
    this.prober.stop();
    this.released = true;
    if (!this.deletedFromApi) {
      const { name = '', namespace = '' } = this.pod.metadata ?? {};
      try {
        await client.delete(Pods, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    objects.unregister(this.uid);
    this.finished = true;
    if (hostPorts(this.pod).length > 0) this.context.hostPortsChanged();
  }

  private async carryOut(actions: PodActions, runtime: PodRuntime): Promise<void> {
    const { context, pod } = this;
    const podIp = liveSandbox(runtime)?.ip ?? '';
    if (actions.createSandbox) await this.clearOldSandbox(actions, runtime);
    for (const { record, message, probe } of actions.kill) {
      const container = findContainer(pod, record.name);
      const seconds =
        (probe && container?.[probe]?.terminationGracePeriodSeconds) ??
        pod.spec?.terminationGracePeriodSeconds ??
        DEFAULT_GRACE_SECONDS;
      await stopContainer(context, pod, record, message, new Grace(context.clock, seconds), podIp);
    }
    if (this.starting.signal.aborted) return;
    const volumes = await this.volumes();
    if (!volumes) return;
    if (actions.createSandbox) {
      try {
        await createSandbox(context, pod, actions.attempt);
      } catch (error) {
        if (error instanceof DockerUnavailable) throw error;
        const message = `Failed to create pod sandbox: ${(error as Error).message}`;
        context.events.event(pod, 'Warning', 'FailedCreatePodSandBox', message);
        throw error;
      }
    }
    if (actions.start.length > 0) await this.startAll(actions, volumes);
    if (actions.kill.length > 0 || actions.createSandbox) this.dirty = true;
  }

  private async clearOldSandbox(actions: PodActions, runtime: PodRuntime): Promise<void> {
    const { context, pod } = this;
    if (actions.sandboxId === undefined) return;
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    context.events.event(pod, 'Normal', 'SandboxChanged', message);
    const grace = new Grace(context.clock, pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    await stopAll(context, pod, runtime, grace, '');
    for (const { id } of runtime.sandboxes) await context.docker.removeSandbox(id);
  }

  /** Undefined: a volume is not there yet; the pod waits for what it needs, or for the clock. */
  private async volumes() {
    const { context, pod } = this;
    try {
      const ready = await context.volumes.setUp(pod);
      this.mounted = ready;
      this.mountFailures = 0;
      const due = context.tokens.refreshAtMs(this.uid);
      this.wakeIn(Math.min(VOLUME_REFRESH_MS, Math.max(0, (due ?? Infinity) - context.clock.now())));
      return ready;
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      context.events.event(pod, 'Warning', 'FailedMount', error.message);
      this.wakeIn(RETRY_MS[Math.min(this.mountFailures++, RETRY_MS.length - 1)]!);
      // What was mounted once stays as it is: a running pod does not need what its volumes were made from.
      return this.mounted;
    }
  }

  private async startAll(actions: PodActions, volumes: Volumes) {
    for (const { container, kind } of actions.start) {
      const runtime = await this.context.reader.read(this.uid);
      const sandbox = liveSandbox(runtime);
      const { signal } = this.starting;
      if (!sandbox || signal.aborted) return;
      try {
        const waiting = this.waiting.get(container.name)?.reason;
        await this.starter.start({ pod: this.status.current, container, sandbox, runtime, volumes, signal, waiting });
        this.waiting.delete(container.name);
        this.dirty = true;
        await this.removeDead(container.name);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StartError)) throw error;
        this.waiting.set(container.name, { reason: error.reason, message: error.message });
        if (error.retryAfterMs !== undefined) this.wakeIn(error.retryAfterMs);
        this.publish(await this.context.reader.read(this.uid));
        // What follows an init container must wait for it.
        if (kind === 'init') return;
      }
    }
  }

  /** One dead container of each name is kept, for `logs --previous`. */
  private async removeDead(name: string): Promise<void> {
    const runtime = await this.context.reader.read(this.uid);
    const dead = runtime.containers.filter((record) => record.name === name && record.state !== 'running');
    for (const record of dead.slice(1)) {
      await this.context.docker.removeContainer(record.id);
      this.context.reader.forget({ sandboxes: [], containers: [record] });
    }
  }

  /** While a long step is under way, its pod's status still follows what happens. */
  private async publishAside(): Promise<void> {
    if (this.publishing || this.finished || this.deletedFromApi || !this.admitted) return;
    this.publishing = true;
    try {
      const runtime = await this.context.reader.read(this.uid);
      if (this.working && !this.finished) {
        this.prober.sync(this.pod, runtime, liveSandbox(runtime)?.ip ?? '', this.grace !== undefined);
        this.publish(runtime);
      }
    } catch {
      // The step itself meets the same failure and reports it.
    } finally {
      this.publishing = false;
    }
  }

  /**
   * The node has taken it on, in this life or, as its start time says, in one before, and it is not gone yet. A pod not
   * yet looked at uses nothing: what it asks for may be more than the node has, and it must not push out one that fits.
   */
  get taken(): boolean {
    if (this.released) return false;
    return this.admitted || (!this.rejected && this.pod.status?.startTime !== undefined);
  }

  runtime(): Promise<PodRuntime> {
    return this.context.reader.read(this.uid);
  }

  /** The pod's status as it is now, ahead of what the API server knows. */
  async statusNow(): Promise<PodStatus> {
    return this.statusOf(await this.runtime());
  }

  private publish(runtime: PodRuntime, terminal = false): void {
    const ip = liveSandbox(runtime)?.ip ?? '';
    if (ip !== this.podIp) {
      this.podIp = ip;
      if (hostPorts(this.pod).length > 0) this.context.hostPortsChanged();
    }
    this.ended ||= terminal;
    this.status.write(this.statusOf(runtime));
  }

  private statusOf(runtime: PodRuntime): PodStatus {
    const now = new Date(this.context.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const { waiting, prober: probes, rejected, ended: terminal } = this;
    return podStatus({
      pod: this.status.newest,
      runtime,
      waiting,
      probes,
      hostIps: this.context.hostIps,
      terminal,
      now,
      ...(rejected && { failed: rejected }),
    });
  }
}
