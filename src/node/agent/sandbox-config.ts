// A pod's sandbox as the body of Docker's create call. The sandbox holds the network, IPC and (when shared) process
// namespaces, hostname, sysctls and host ports; containers join it. Pure. Upstream: dockershim's docker_sandbox.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { PAUSE_IMAGE } from '../docker/pause-image.ts';
import type { ContainerCreate, HostConfig } from '../docker/types.ts';
import { podHostname } from './dns-files.ts';
import { type NodeIdentity, sandboxLabels } from './names.ts';
import { isHostNetwork } from './pod-facts.ts';
import { type MachineLimits, sandboxResources } from './resources.ts';
import { dotted } from './sysctls.ts';

export interface SandboxContext {
  node: NodeIdentity;
  attempt: number;
  /** The Docker network to join; not used by pods in the host's network. */
  network: string;
  clusterDomain: string;
  machine: MachineLimits;
  /** Docker's runtime; its default without one. */
  runtime?: string | undefined;
}

export function sandboxConfig(pod: Pod, context: SandboxContext): ContainerCreate {
  const hostNetwork = isHostNetwork(pod);
  const host: HostConfig = {
    ...sandboxResources(context.machine),
    ...(context.runtime !== undefined && { Runtime: context.runtime }),
    NetworkMode: hostNetwork ? 'host' : context.network,
    IpcMode: pod.spec?.hostIPC ? 'host' : 'shareable',
    ...(pod.spec?.hostPID && { PidMode: 'host' }),
    ...(hostNetwork && { UTSMode: 'host' }),
    SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
    LogConfig: { Type: 'none', Config: {} },
  };
  const sysctls = pod.spec?.securityContext?.sysctls ?? [];
  if (sysctls.length > 0) {
    host.Sysctls = Object.fromEntries(sysctls.map(({ name, value }) => [dotted(name), value]));
  }
  const body: ContainerCreate = {
    Image: PAUSE_IMAGE,
    Labels: sandboxLabels(pod, context.node, context.attempt),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: host,
  };
  if (!hostNetwork) {
    const { hostname, domain } = podHostname(pod, context.clusterDomain);
    body.Hostname = hostname;
    if (domain !== '' && !pod.spec?.setHostnameAsFQDN) body.Domainname = domain;
  }
  return body;
}
