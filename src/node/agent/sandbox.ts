// Makes and removes a pod's sandbox container. Upstream: dockershim's RunPodSandbox.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isDockerConflict, isGone } from '../docker/errors.ts';
import { ensurePauseImage } from '../docker/pause-image.ts';
import type { ContainerCreate } from '../docker/types.ts';
import type { AgentContext } from './context.ts';
import { SANDBOX_NAME, containerName } from './names.ts';
import { isHostNetwork } from './pod-facts.ts';
import { runtimeOf } from './runtime-class.ts';
import { sandboxConfig } from './sandbox-config.ts';

/** Resolves when it runs. What was made is removed when a later step fails. */
export async function createSandbox(context: AgentContext, pod: Pod, attempt: number): Promise<void> {
  const { docker, network } = context;
  const body = sandboxConfig(pod, {
    node: context.node,
    attempt,
    network: isHostNetwork(pod) ? '' : await network.dockerNetwork(),
    clusterDomain: network.dnsConfig.domain,
    machine: context.machine,
    runtime: await runtimeOf(context.client, pod),
  });
  const name = containerName(pod, SANDBOX_NAME, attempt);
  let id: string;
  try {
    id = await createNamed(context, name, body);
  } catch (error) {
    if (!isGone(error)) throw error;
    // Somebody removed the pause image.
    await ensurePauseImage(docker);
    id = await createNamed(context, name, body);
  }
  try {
    await docker.startSandbox(id);
    if (!isHostNetwork(pod)) await network.attached();
  } catch (error) {
    await docker.removeSandbox(id).catch(() => undefined);
    throw error;
  }
}

/** A container of the same name is a leftover of an attempt that broke off: it makes way. */
export async function createNamed(context: AgentContext, name: string, body: ContainerCreate): Promise<string> {
  try {
    return await context.docker.createContainer(name, body);
  } catch (error) {
    if (!isDockerConflict(error)) throw error;
    await context.docker.removeSandbox(name);
    return context.docker.createContainer(name, body);
  }
}
