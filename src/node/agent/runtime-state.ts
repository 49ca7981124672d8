// What Docker knows about a pod, as records that the decisions are made from. The translation is pure (`podRuntime`);
// reading is one list and an inspect of each container, and what has exited is inspected only once.
// Upstream: dockershim's ContainerStatus (reasons), kubecontainer.PodStatus.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerClient } from '../docker/client.ts';
import { isGone } from '../docker/errors.ts';
import type { ContainerDetails } from '../docker/types.ts';
import { killedForMemory } from './kernel-log.ts';
import { type NodeIdentity, labels, ownedBy } from './names.ts';

export interface ContainerRecord {
  id: string;
  name: string;
  sandboxId: string;
  restartCount: number;
  hash: string;
  state: 'created' | 'running' | 'exited';
  createdAt: string;
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  /** Completed, Error, OOMKilled or ContainerCannotRun; empty while it runs. */
  reason: string;
  message: string;
  image: string;
  imageId: string;
  pid: number;
  tty: boolean;
  stopSignal: string;
}

export interface SandboxRecord {
  id: string;
  attempt: number;
  running: boolean;
  createdAt: string;
  ip: string;
  pid: number;
  hostNetwork: boolean;
}

/** Newest first. */
export interface PodRuntime {
  sandboxes: SandboxRecord[];
  containers: ContainerRecord[];
}

export const EMPTY_RUNTIME: PodRuntime = { sandboxes: [], containers: [] };

const NEVER = '0001-01-01T00:00:00Z';
/** The API's times have whole seconds. */
export const toSeconds = (time: string): string => (time === NEVER ? '' : time.replace(/\.\d+Z$/, 'Z'));

export const newestOf = (runtime: PodRuntime, name: string): ContainerRecord | undefined =>
  runtime.containers.find((record) => record.name === name);

/** The newest sandbox when it runs and has its address. */
export function liveSandbox(runtime: PodRuntime): SandboxRecord | undefined {
  const newest = runtime.sandboxes[0];
  return newest?.running && (newest.hostNetwork || newest.ip !== '') ? newest : undefined;
}

function sandboxRecord(details: ContainerDetails, hostIp: string): SandboxRecord {
  const hostNetwork = details.HostConfig.NetworkMode === 'host';
  const networks = Object.values(details.NetworkSettings?.Networks ?? {});
  return {
    id: details.Id,
    attempt: Number(details.Config.Labels[labels.restartCount] ?? 0),
    running: details.State.Running,
    createdAt: details.Created,
    ip: hostNetwork ? hostIp : (networks.map((n) => n.IPAddress ?? '').find((ip) => ip !== '') ?? ''),
    pid: details.State.Pid,
    hostNetwork,
  };
}

function containerRecord(details: ContainerDetails, terminationMessage: string, imageId: string): ContainerRecord {
  const { State: state, Config: config } = details;
  const neverStarted = !state.Running && state.FinishedAt === NEVER;
  const cannotRun = neverStarted && state.ExitCode !== 0;
  let reason = '';
  if (cannotRun) reason = 'ContainerCannotRun';
  else if (!state.Running && !neverStarted) {
    reason = state.OOMKilled ? 'OOMKilled' : state.ExitCode === 0 ? 'Completed' : 'Error';
  }
  return {
    id: details.Id,
    name: config.Labels[labels.containerName] ?? '',
    sandboxId: config.Labels[labels.sandboxId] ?? '',
    restartCount: Number(config.Labels[labels.restartCount] ?? 0),
    hash: config.Labels[labels.hash] ?? '',
    state: state.Running ? 'running' : neverStarted && !cannotRun ? 'created' : 'exited',
    createdAt: details.Created,
    startedAt: cannotRun ? details.Created : state.StartedAt,
    finishedAt: cannotRun ? details.Created : state.FinishedAt,
    exitCode: state.ExitCode,
    reason,
    message: terminationMessage || state.Error,
    image: config.Image,
    imageId,
    pid: state.Pid,
    tty: config.Tty,
    stopSignal: config.StopSignal || 'SIGTERM',
  };
}

export interface RuntimeExtras {
  /** The address of pods in the host's network. */
  hostIp: string;
  /** By container id. */
  messages: ReadonlyMap<string, string>;
  /** By Docker's image id: what the API calls imageID. */
  imageIds: ReadonlyMap<string, string>;
}

export function podRuntime(details: readonly ContainerDetails[], extras: RuntimeExtras): PodRuntime {
  const newestFirst = [...details].sort((a, b) => (a.Created < b.Created ? 1 : a.Created > b.Created ? -1 : 0));
  const isSandbox = (d: ContainerDetails) => d.Config.Labels[labels.type] === 'podsandbox';
  return {
    sandboxes: newestFirst.filter(isSandbox).map((d) => sandboxRecord(d, extras.hostIp)),
    containers: newestFirst
      .filter((d) => !isSandbox(d))
      .map((d) => containerRecord(d, extras.messages.get(d.Id) ?? '', extras.imageIds.get(d.Image) ?? d.Image)),
  };
}

/** Reads pods from Docker. The termination messages come from a function, because they are files. */
export class RuntimeReader implements RuntimeExtras {
  private readonly exited = new Map<string, ContainerDetails>();
  readonly messages = new Map<string, string>();
  readonly imageIds = new Map<string, string>();

  constructor(
    private readonly docker: DockerClient,
    private readonly node: NodeIdentity,
    readonly hostIp: string,
    private readonly terminationMessage: (details: ContainerDetails) => Promise<string>,
  ) {}

  /** Throws DockerUnavailable. */
  async read(podUid: string): Promise<PodRuntime> {
    const summaries = await this.docker.listContainers({ ...ownedBy(this.node), [labels.podUid]: podUid });
    const details = await Promise.all(summaries.map((summary) => this.inspect(summary.Id)));
    return podRuntime(
      details.filter((d) => d !== undefined),
      this,
    );
  }

  /** Which pods have containers here, and what their labels say. */
  async pods(): Promise<Map<string, Record<string, string>>> {
    const found = new Map<string, Record<string, string>>();
    for (const summary of await this.docker.listContainers(ownedBy(this.node))) {
      found.set(summary.Labels[labels.podUid] ?? '', summary.Labels);
    }
    return found;
  }

  forget(runtime: PodRuntime): void {
    for (const { id } of runtime.containers) {
      this.exited.delete(id);
      this.messages.delete(id);
    }
  }

  private async inspect(id: string): Promise<ContainerDetails | undefined> {
    const known = this.exited.get(id);
    if (known) return known;
    try {
      let details = await this.docker.inspectContainer(id);
      if (mayBeOutOfMemory(details)) details = await this.judgeMemory(details);
      if (details.State.Status === 'removing') return undefined;
      if (details.Config.Labels[labels.type] === 'container') await this.learn(details);
      return details;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  private async judgeMemory(details: ContainerDetails): Promise<ContainerDetails> {
    if (killedForMemory(details.Id)) return { ...details, State: { ...details.State, OOMKilled: true } };
    if (Date.now() - Date.parse(details.State.FinishedAt) > 2 * OOM_SETTLE_MS) return details;
    await sleep(OOM_SETTLE_MS);
    return this.docker.inspectContainer(details.Id);
  }

  private async learn(details: ContainerDetails): Promise<void> {
    if (!this.imageIds.has(details.Image)) {
      const image = await this.docker.inspectImage(details.Image);
      const digest = image?.RepoDigests?.[0];
      this.imageIds.set(details.Image, digest ? `docker-pullable://${digest}` : `docker://${details.Image}`);
    }
    if (details.State.Running || details.State.FinishedAt === NEVER) return;
    this.messages.set(details.Id, await this.terminationMessage(details));
    this.exited.set(details.Id, details);
  }
}

/** Where the kernel's log cannot be read: Docker may hear why a process has ended only after it hears that it has. */
const OOM_SETTLE_MS = 250;

const mayBeOutOfMemory = ({ State, HostConfig }: ContainerDetails): boolean =>
  !State.Running && !State.OOMKilled && State.ExitCode === 137 && (HostConfig.Memory ?? 0) > 0;
