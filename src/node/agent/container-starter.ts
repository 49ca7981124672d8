// Starts one container of a pod whose sandbox runs: back-off, image, configuration, create, start, postStart hook.
// Upstream: kuberuntime_container.go startContainer; every failure is a StartError with the reason that the status
// shows.
import type { ConfigMap, Container, Pod, Secret, VolumeMount } from 'kubernetes-types/core/v1.js';
import { DockerError, DockerUnavailable } from '../docker/errors.ts';
import type { MountableVolume } from '../volumes/manager.ts';
import { resolveSubPath } from '../volumes/sub-path.ts';
import { type ContainerContext, containerConfig } from './container-config.ts';
import { type AgentContext, containerEvent } from './context.ts';
import { formatResolvConf, hostsFile, podHostname, podResolver } from './dns-files.ts';
import { LOST_REASON } from './container-status.ts';
import { ConfigError } from './environment.ts';
import { Grace } from './grace.ts';
import { runHook } from './hooks.ts';
import { StartError } from './image-puller.ts';
import { containerName, formatPod } from './names.ts';
import { statusNamed } from './pod-facts.ts';
import { withAddresses } from './pod-status.ts';
import { type PodRuntime, type SandboxRecord, newestOf } from './runtime-state.ts';
import { runtimeOf } from './runtime-class.ts';
import { createNamed } from './sandbox.ts';
import { stopContainer } from './container-stopper.ts';

export interface StartRequest {
  pod: Pod;
  container: Container;
  sandbox: SandboxRecord;
  runtime: PodRuntime;
  volumes: ReadonlyMap<string, MountableVolume>;
  /** Why it does not run already: a wait that goes on is not announced again. */
  waiting: string | undefined;
  /** Aborted when the pod is to end: pulls and hooks stop. */
  signal: AbortSignal;
}

export class ContainerStarter {
  constructor(private readonly context: AgentContext) {}

  async start(request: StartRequest): Promise<void> {
    const { pod, container, signal } = request;
    const event = (type: 'Normal' | 'Warning', reason: string, message: string) =>
      announced(request, reason, message) || containerEvent(this.context, pod, container.name, type, reason, message);
    this.crashBackOff(request, event);
    const namespace = pod.metadata?.namespace ?? '';
    const secrets: Secret[] = [];
    for (const { name } of pod.spec?.imagePullSecrets ?? []) {
      const secret = await this.context.objects.secret(namespace, name ?? '');
      if (secret) secrets.push(secret);
    }
    try {
      const { reference, image } = await this.context.images.ensure({ pod, container, secrets, event, signal });
      const id = await this.create(request, { reference, user: image.Config?.User ?? '' });
      event('Normal', 'Created', `Created container: ${container.name}`);
      await this.run(request, id);
    } catch (error) {
      if (error instanceof StartError && !signal.aborted && !QUIET.has(error.reason)) {
        const detail = IMAGE_REASONS.has(error.reason) ? error.reason : error.message;
        event('Warning', 'Failed', `Error: ${detail}`);
      }
      throw error;
    }
  }

  private crashBackOff(request: StartRequest, event: (t: 'Warning', r: string, m: string) => void): void {
    const { pod, container, runtime } = request;
    const last = newestOf(runtime, container.name);
    if (last?.state !== 'exited') return;
    const { crashes } = this.context;
    const key = `${pod.metadata?.uid ?? ''}/${container.name}`;
    const ended = Date.parse(last.finishedAt);
    const remaining = crashes.remainingMs(key, ended);
    if (remaining > 0) {
      const name = formatPod(pod);
      event('Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${name}`);
      const delay = goSeconds(crashes.delayMs(key) / 1000);
      throw new StartError(
        'CrashLoopBackOff',
        `back-off ${delay} restarting failed container=${container.name} pod=${name}`,
        remaining,
      );
    }
    crashes.next(key, ended);
  }

  private async create(request: StartRequest, image: ContainerContext['image']): Promise<string> {
    const { pod, container, runtime } = request;
    const { docker } = this.context;
    let body;
    try {
      body = await this.config(request, image);
    } catch (error) {
      if (error instanceof DockerUnavailable) throw error;
      // A missing object may appear at any moment, which wakes the pod; the clock is for what nobody announces.
      throw new StartError('CreateContainerConfigError', (error as Error).message, 10_000);
    }
    for (const record of runtime.containers) {
      if (record.name === container.name && record.state === 'created') await docker.removeContainer(record.id);
    }
    try {
      return await createNamed(this.context, containerName(pod, container.name, restartCount(request)), body);
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      throw new StartError('CreateContainerError', error.message, 10_000);
    }
  }

  /** Twice through the pure function: the first pass tells which sub-paths must be found on the disk. */
  private async config(request: StartRequest, image: ContainerContext['image']) {
    const { container, volumes } = request;
    const context = await this.surroundings(request, image);
    const pod = withAddresses(request.pod, request.sandbox.ip, this.context.hostIps);
    const found = new Map<string, { path: string; readOnly: boolean }>();
    const wanted: [VolumeMount, string | undefined][] = [];
    const key = (mount: VolumeMount, subPath = '') => `${mount.name}\0${subPath}`;
    containerConfig(pod, container, {
      ...context,
      mountSource: (mount, subPath) => {
        wanted.push([mount, subPath]);
        return { path: '', readOnly: false };
      },
    });
    for (const [mount, subPath] of wanted) {
      const volume = volumes.get(mount.name);
      if (!volume)
        throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const user = `volumeMount "${mount.name}" of container "${container.name}"`;
      const path = subPath === undefined ? volume.path : await resolveSubPath(volume.path, subPath, user);
      found.set(key(mount, subPath), { path, readOnly: volume.readOnly });
    }
    return containerConfig(pod, container, {
      ...context,
      mountSource: (mount, subPath) => found.get(key(mount, subPath))!,
    });
  }

  private async surroundings(
    request: StartRequest,
    image: ContainerContext['image'],
  ): Promise<Omit<ContainerContext, 'mountSource'>> {
    const { pod, container, sandbox } = request;
    const { objects, directories, network, hostFiles, nodeObject } = this.context;
    const { namespace = '', uid = '' } = pod.metadata ?? {};
    await objects.whenKnown(pod);
    const attempt = restartCount(request);
    const ips = sandbox.ip === '' ? this.context.hostIps : [sandbox.ip];
    const names = podHostname(pod, network.dnsConfig.domain);
    const resolver = podResolver(pod, await hostFiles.resolver(), network.dnsConfig);
    const target = (container as { targetContainerName?: string }).targetContainerName;
    const targetId = target && request.runtime.containers.find((r) => r.name === target && r.state === 'running')?.id;
    return {
      node: this.context.node,
      sandboxId: sandbox.id,
      ...(targetId && { targetContainerId: targetId }),
      restartCount: attempt,
      image,
      machine: this.context.machine,
      runtime: await runtimeOf(this.context.client, pod),
      services: this.context.services(),
      allocatable: nodeObject()?.status?.allocatable ?? {},
      configMap: (name) => objects.peek('configmap', namespace, name) as ConfigMap | undefined,
      secret: (name) => objects.peek('secret', namespace, name) as Secret | undefined,
      files: {
        hosts: await directories.writeFile(uid, 'etc-hosts', hostsFile(pod, ips, names, await hostFiles.hostsFile())),
        resolvConf: await directories.writeFile(uid, 'resolv.conf', formatResolvConf(resolver)),
        terminationLog: await directories.terminationLog(uid, container.name, attempt),
      },
    };
  }

  private async run(request: StartRequest, id: string): Promise<void> {
    const { pod, container, sandbox, signal } = request;
    const { docker } = this.context;
    try {
      await docker.startContainer(id);
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      throw new StartError('RunContainerError', error.message, 1000);
    }
    containerEvent(this.context, pod, container.name, 'Normal', 'Started', `Started container ${container.name}`);
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    try {
      await runHook(this.context, hook, { pod, container, containerId: id, podIp: sandbox.ip }, signal);
    } catch (error) {
      if (signal.aborted || error instanceof DockerUnavailable) return;
      containerEvent(this.context, pod, container.name, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
      const runtime = await this.context.reader.read(pod.metadata?.uid ?? '');
      const record = runtime.containers.find((r) => r.id === id);
      if (record?.state === 'running') {
        const grace = new Grace(this.context.clock, pod.spec?.terminationGracePeriodSeconds ?? 30);
        await stopContainer(this.context, pod, record, 'FailedPostStartHook', grace, sandbox.ip);
      }
      throw new StartError('PostStartHookError', (error as Error).message, 1000);
    }
  }
}

/** The same waiting, looked at again: upstream counts it in the event, which uses up the pod's allowance of events. */
const announced = ({ waiting }: StartRequest, reason: string, message: string): boolean =>
  waiting?.endsWith('BackOff') === true && (reason === 'BackOff' || message === `Error: ${waiting}`);

const IMAGE_REASONS = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']);
const QUIET = new Set(['CrashLoopBackOff']);

/** `10s`, `1m20s`, as Go prints durations. */
function goSeconds(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

/** One more than the last run that Docker or the API remembers. */
function restartCount({ pod, container, runtime }: StartRequest): number {
  const last = runtime.containers.find((r) => r.name === container.name && r.state !== 'created');
  if (last) return last.restartCount + 1;
  const { status } = pod;
  const known =
    statusNamed(status?.containerStatuses, container.name) ??
    statusNamed(status?.initContainerStatuses, container.name);
  if (!known) return 0;
  // The status has counted a container that is lost already.
  if (known.state?.waiting && known.lastState?.terminated?.reason === LOST_REASON) return known.restartCount;
  const ran = known.state?.terminated !== undefined || known.lastState?.terminated !== undefined;
  return ran || known.state?.running ? known.restartCount + 1 : known.restartCount;
}
