// The agent: the pods that the API server has assigned to this node, a worker for each, woken by Docker's events. On a
// start it takes over what already runs, by the labels. Upstream: pkg/kubelet/kubelet.go syncLoop, HandlePodCleanups.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../../api/resources.ts';
import { followEvents } from '../docker/events.ts';
import type { AgentContext } from './context.ts';
import { Grace } from './grace.ts';
import { labels, ownedBy, podUidOf } from './names.ts';
import { hostPorts } from './pod-facts.ts';
import { PodWorker } from './pod-worker.ts';
import { stopAll } from './container-stopper.ts';
import type { Informer } from '../../client/informer.ts';

/** Of all that Docker tells, only this changes what a pod is. */
const ACTIONS = new Set(['start', 'die', 'oom', 'destroy', 'stop', 'kill', 'pause', 'unpause']);

export class Agent {
  readonly workers = new Map<string, PodWorker>();
  /** False while Docker does not answer. */
  dockerUp = false;
  dockerFailure = '';
  private readonly tasks = new Set<Promise<void>>();

  constructor(
    private readonly context: AgentContext,
    private readonly pods: Informer<Pod>,
    private readonly onDockerChange: () => void,
  ) {}

  /** Runs until the signal aborts; containers are left running. */
  async run(): Promise<void> {
    const { signal, docker, node, clock, log } = this.context;
    await this.pods.whenSynced(signal);
    if (signal.aborted) return;
    const remove = this.pods.addHandler({
      add: (pod) => this.see(pod),
      update: (pod) => this.see(pod),
      delete: (pod) => this.forget(pod),
    });
    await followEvents({
      docker,
      labels: ownedBy(node),
      signal,
      sleep: (ms, ended) => clock.sleep(ms, ended),
      onEvent: (event) => {
        if (!ACTIONS.has(event.Action)) return;
        this.workers.get(podUidOf({ Labels: event.Actor.Attributes }))?.wake();
      },
      onConnected: () => {
        if (!this.dockerUp) this.setDocker(true, '');
        for (const worker of this.workers.values()) worker.wake(true);
        this.start(this.removeOrphans());
      },
      onDisconnected: (error) => {
        if (this.dockerUp) log.warn({ error: String(error) }, 'lost the Docker daemon');
        this.setDocker(false, (error as Error).message);
      },
    });
    remove();
    await Promise.allSettled(this.tasks);
  }

  worker(namespace: string, name: string, uid?: string): PodWorker | undefined {
    const pod = this.pods.lister.get(`${namespace}/${name}`);
    const found = this.workers.get(pod?.metadata?.uid ?? '');
    return found && (uid === undefined || uid === found.uid) ? found : undefined;
  }

  /** Something that these pods read has changed. */
  poke(uids: Iterable<string>): void {
    for (const uid of uids) this.workers.get(uid)?.wake(true);
  }

  /** What the node's own ports lead to, for the proxy's rules. */
  hostPorts() {
    return [...this.workers.values()].flatMap(({ pod, podIp, finished }) =>
      podIp === '' || finished
        ? []
        : hostPorts(pod).map((port) => ({
            pod: `${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''}`,
            protocol: (port.protocol ?? 'TCP').toLowerCase() as 'tcp' | 'udp' | 'sctp',
            ...(port.hostIP && { hostIp: port.hostIP }),
            hostPort: port.hostPort ?? 0,
            podIp,
            containerPort: port.containerPort,
          })),
    );
  }

  private setDocker(up: boolean, failure: string): void {
    this.dockerUp = up;
    this.dockerFailure = failure;
    this.onDockerChange();
  }

  private see(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const known = this.workers.get(uid);
    if (known) {
      if (!known.finished) known.update(pod);
      return;
    }
    const worker = new PodWorker(this.context, pod);
    this.workers.set(uid, worker);
    this.start(
      worker.run().then(() => {
        if (worker.deletedFromApi) this.workers.delete(uid);
      }),
    );
  }

  private forget(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const worker = this.workers.get(uid);
    if (!worker) return;
    if (worker.finished) this.workers.delete(uid);
    else worker.removed();
  }

  private start(task: Promise<void>): void {
    const guarded = task
      .catch((error: unknown) => this.context.log.error({ error: String(error) }, 'a task of the agent failed'))
      .finally(() => this.tasks.delete(guarded));
    this.tasks.add(guarded);
  }

  /** Containers and folders of pods that the API server does not know (any more). */
  private async removeOrphans(): Promise<void> {
    const { reader, directories, docker, log, clock } = this.context;
    const found = await reader.pods();
    for (const [uid, container] of found) {
      if (this.workers.has(uid)) continue;
      const name = container[labels.podName] ?? '';
      const namespace = container[labels.podNamespace] ?? '';
      log.info({ pod: `${namespace}/${name}`, uid }, 'removing the containers of a pod that is gone');
      const runtime = await reader.read(uid);
      const grace = new Grace(clock, Number(container[labels.gracePeriod] ?? 30));
      const stranger = { metadata: { name, namespace, uid } } as Pod;
      await stopAll(this.context, stranger, runtime, grace, '');
      for (const { id } of runtime.containers) await docker.removeContainer(id);
      for (const { id } of runtime.sandboxes) await docker.removeSandbox(id);
    }
    for (const uid of await directories.list()) if (!this.workers.has(uid)) await directories.remove(uid);
  }
}

/** The selection of the informer that the agent runs on. */
export const podsOfNode = (nodeName: string) => [Pods, { fieldSelector: `spec.nodeName=${nodeName}` }] as const;
