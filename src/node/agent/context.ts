// What the parts of the agent share: built once in agent.ts, handed down, never global.
import type { Node, Pod, Service } from 'kubernetes-types/core/v1.js';
import type { Clock } from '../../client/controller.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import type { DockerClient } from '../docker/client.ts';
import type { VolumeManager } from '../volumes/manager.ts';
import type { PodDirectories } from '../volumes/pod-directory.ts';
import type { TokenCache } from '../volumes/tokens.ts';
import type { BackOff } from './backoff.ts';
import type { ResolverSettings } from './dns-files.ts';
import type { ImagePuller } from './image-puller.ts';
import { containerFieldPath } from './pod-facts.ts';
import type { NodeIdentity } from './names.ts';
import type { ObjectCache } from './object-cache.ts';
import type { PodNetwork } from './pod-network.ts';
import type { MachineLimits } from './resources.ts';
import type { RuntimeReader } from './runtime-state.ts';

/** What the node itself uses and lends to pods; read when asked, because it may change. */
export interface HostFiles {
  resolver(): Promise<ResolverSettings>;
  hostsFile(): Promise<string>;
}

export interface AgentContext {
  node: NodeIdentity;
  docker: DockerClient;
  client: Client;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  network: PodNetwork;
  reader: RuntimeReader;
  directories: PodDirectories;
  volumes: VolumeManager;
  objects: ObjectCache;
  tokens: TokenCache;
  images: ImagePuller;
  /** Keys are `<pod uid>/<container>`. */
  crashes: BackOff;
  hostFiles: HostFiles;
  hostIps: readonly string[];
  machine: MachineLimits;
  services(): Service[];
  /** This node's object, once it is known. */
  nodeObject(): Node | undefined;
  /** The other pods that this node has taken on. */
  otherPods(uid: string): Pod[];
  /** A pod with host ports has got or lost its address. */
  hostPortsChanged(): void;
  signal: AbortSignal;
}

export type EventType = 'Normal' | 'Warning';

/** An event about one container of a pod. */
export function containerEvent(
  context: Pick<AgentContext, 'events'>,
  pod: Pod,
  container: string,
  type: EventType,
  reason: string,
  message: string,
): void {
  context.events.event(pod, type, reason, message, { fieldPath: containerFieldPath(pod, container) });
}
