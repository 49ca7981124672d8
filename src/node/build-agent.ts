// A composition root: builds the agent of one node from a client, Docker and a folder. What the parts do stands in
// their own files.
import { setMaxListeners } from 'node:events';
import type { Node, Service } from 'kubernetes-types/core/v1.js';
import { PersistentVolumeClaims, PersistentVolumes, ServiceAccounts, Services } from '../api/resources.ts';
import { resourcePath } from '../api/types.ts';
import { podFieldValue } from '../api/fieldpath.ts';
import type { Clock } from '../client/controller.ts';
import type { EventRecorder } from '../client/events.ts';
import type { Informer, Informers } from '../client/informer.ts';
import type { Logger } from '../client/log.ts';
import { type Client, readBytes } from '../client/rest.ts';
import { Agent, podsOfNode } from './agent/agent.ts';
import { BackOff, type BackOffOptions } from './agent/backoff.ts';
import type { AgentContext } from './agent/context.ts';
import { resourceFieldValue } from './agent/environment.ts';
import { hostsFileText, lowestOomScore, memory, resolverSettings } from './agent/host/machine.ts';
import { ImagePuller } from './agent/image-puller.ts';
import { type NodeIdentity, labels } from './agent/names.ts';
import { ObjectCache } from './agent/object-cache.ts';
import type { PodNetwork } from './agent/pod-network.ts';
import { RuntimeReader } from './agent/runtime-state.ts';
import type { DockerClient } from './docker/client.ts';
import { mergeFrames } from './docker/log-stream.ts';
import type { ContainerDetails } from './docker/types.ts';
import { unlessMissing } from './volumes/claims.ts';
import { VolumeManager } from './volumes/manager.ts';
import { PodDirectories, readTail } from './volumes/pod-directory.ts';
import { type RequestToken, TokenCache } from './volumes/tokens.ts';
import type { VolumeFolders } from './volumes/volume-folders.ts';

export interface BuildAgentOptions {
  node: NodeIdentity;
  /** D/nodes/<name>. */
  folder: string;
  volumeFolders: VolumeFolders;
  docker: DockerClient;
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  network: PodNetwork;
  hostIps: readonly string[];
  nodes: Informer<Node>;
  signal: AbortSignal;
  onDockerChange(): void;
  onHostPorts(agent: Agent): void;
  /** Tests are in more of a hurry than upstream's 10 seconds. */
  backOff?: BackOffOptions;
}

const MESSAGE_BYTES = 4096;
const LOG_MESSAGE_BYTES = 2048;
const LOG_MESSAGE_LINES = 80;

export async function buildAgent(options: BuildAgentOptions): Promise<Agent> {
  const { node, docker, client, informers, clock, log, signal, nodes } = options;
  // Every pod waits on it.
  setMaxListeners(0, signal);
  const directories = new PodDirectories(options.folder);
  const objects = new ObjectCache({ client, signal, log, onChange: (uids) => agent.poke(uids) });
  const tokens = new TokenCache(tokenRequest(client), clock);
  const services = informers.for(Services);
  const pods = informers.for(...podsOfNode(node.nodeName));
  const allocatable = () => nodes.lister.get(node.nodeName)?.status?.allocatable ?? {};
  const volumes = new VolumeManager(directories, options.volumeFolders, {
    configMap: (namespace, name) => objects.configMap(namespace, name),
    secret: (namespace, name) => objects.secret(namespace, name),
    token: (pod, projection) => tokens.get(pod, projection),
    podField: (pod, path) => podFieldValue(pod, path),
    resourceField: (pod, ref) => resourceFieldValue(pod, pod.spec?.containers[0] ?? { name: '' }, ref, allocatable()),
    claim: (namespace, name) => unlessMissing(client.get(PersistentVolumeClaims, { namespace, name })),
    volume: (name) => unlessMissing(client.get(PersistentVolumes, { name })),
    node: () => {
      const labels = nodes.lister.get(node.nodeName)?.metadata?.labels;
      return labels && { name: node.nodeName, labels };
    },
  });
  const context: AgentContext = {
    ...options,
    directories,
    objects,
    tokens,
    volumes,
    reader: new RuntimeReader(docker, node, options.hostIps[0] ?? '', (details) => terminationMessage(docker, details)),
    images: new ImagePuller(docker, clock, options.backOff),
    crashes: new BackOff(() => clock.now(), options.backOff),
    hostFiles: { resolver: resolverSettings, hostsFile: hostsFileText },
    machine: { memoryCapacityBytes: (await memory()).total, lowestOomScore: await lowestOomScore() },
    services: (): Service[] => services.lister.list(),
    nodeObject: () => nodes.lister.get(node.nodeName),
    otherPods: (uid) => [...agent.workers.values()].filter((w) => w.uid !== uid && w.taken).map((w) => w.pod),
    hostPortsChanged: () => options.onHostPorts(agent),
  };
  await services.whenSynced(signal);
  const agent: Agent = new Agent(context, pods, options.onDockerChange);
  return agent;
}

const tokenRequest =
  (client: Client): RequestToken =>
  async (namespace, name, spec) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const path = resourcePath(ServiceAccounts, { namespace, name, subresource: 'token' });
    const answer = await client.request('POST', path, { body, shared: false });
    const { status } = JSON.parse((await readBytes(answer)).toString('utf8')) as {
      status: { token: string; expirationTimestamp: string };
    };
    return status;
  };

/** Upstream: kuberuntime_container.go getTerminationMessage. */
async function terminationMessage(docker: DockerClient, details: ContainerDetails): Promise<string> {
  const given = details.Config.Labels;
  const file = given[labels.messageFile];
  const message = file === undefined ? '' : await readTail(file, MESSAGE_BYTES);
  const fallBack = given[labels.messagePolicy] === 'FallbackToLogsOnError' && details.State.ExitCode !== 0;
  if (message !== '' || !fallBack) return message;
  const stream = await docker.logs(details.Id, { tail: LOG_MESSAGE_LINES });
  const chunks: Buffer[] = [];
  for await (const chunk of details.Config.Tty ? stream : stream.pipe(mergeFrames())) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  return text.subarray(Math.max(0, text.length - LOG_MESSAGE_BYTES)).toString('utf8');
}
