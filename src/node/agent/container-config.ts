// A container as the body of Docker's create call: a pure function of the pod, the container and what surrounds them.
// Upstream: kuberuntime_container.go generateContainerConfig, dockershim's docker_container.go.
import type { Container, Pod, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { ContainerCreate, DockerMount, HostConfig } from '../docker/types.ts';
import { type EnvironmentSources, ConfigError, buildEnvironment } from './environment.ts';
import { expand } from './expand.ts';
import { type NodeIdentity, containerLabels } from './names.ts';
import { type MachineLimits, containerResources } from './resources.ts';
import { securitySettings } from './security.ts';

export interface ContainerContext extends EnvironmentSources {
  node: NodeIdentity;
  sandboxId: string;
  /** The container whose processes an ephemeral container shall see (targetContainerName). */
  targetContainerId?: string;
  restartCount: number;
  /** The image as it is created from (name with tag, or id) and the user that it names. */
  image: { reference: string; user: string };
  machine: MachineLimits;
  /** Docker's runtime; its default without one. */
  runtime?: string | undefined;
  /** Where a mount's volume (with its sub-path) is on this machine; throws ConfigError when it is not there. */
  mountSource(mount: VolumeMount, subPath: string | undefined): { path: string; readOnly: boolean };
  /** Files of ours that appear in the container; empty paths are left out. */
  files: { hosts: string; resolvConf: string; terminationLog: string };
}

/** Without a word of the pod Docker chooses: private, or following where the source holds Docker's own folder. */
const PROPAGATION: Record<string, string> = { HostToContainer: 'rslave', Bidirectional: 'rshared' };
/** As the kubelet rotates: five files of ten mebibytes. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } };

/** `pod` must carry its addresses in its status: the environment may ask for them. Throws ConfigError. */
export function containerConfig(pod: Pod, container: Container, context: ContainerContext): ContainerCreate {
  const environment = buildEnvironment(pod, container, context);
  const byName = new Map(environment);
  const lookUp = (name: string) => byName.get(name);
  const security = securitySettings(pod, container, context.image.user);
  const namespaceOfSandbox = `container:${context.sandboxId}`;
  const host: HostConfig = {
    ...(context.runtime !== undefined && { Runtime: context.runtime }),
    NetworkMode: namespaceOfSandbox,
    IpcMode: pod.spec?.hostIPC ? 'host' : namespaceOfSandbox,
    ...(pod.spec?.hostPID && { PidMode: 'host' }),
    ...(pod.spec?.shareProcessNamespace && { PidMode: namespaceOfSandbox }),
    ...(context.targetContainerId !== undefined && { PidMode: `container:${context.targetContainerId}` }),
    ...(pod.spec?.hostNetwork && { UTSMode: 'host' }),
    ...containerResources(pod, container, context.machine),
    ...security.host,
    Mounts: mountsOf(container, context, lookUp),
    LogConfig: LOG_CONFIG,
  };
  const messageFile = context.files.terminationLog;
  const stopSignal = (container.lifecycle as { stopSignal?: string } | undefined)?.stopSignal;
  return {
    Image: context.image.reference,
    ...(container.command?.length && { Entrypoint: container.command.map((part) => expand(part, lookUp)) }),
    ...(container.args?.length && { Cmd: container.args.map((part) => expand(part, lookUp)) }),
    Env: environment.map(([name, value]) => `${name}=${value}`),
    ...(container.workingDir && { WorkingDir: container.workingDir }),
    ...(security.User !== undefined && { User: security.User }),
    ...(container.tty && { Tty: true }),
    ...(container.stdin && { OpenStdin: true }),
    ...(container.stdinOnce && { StdinOnce: true }),
    ...(stopSignal && { StopSignal: stopSignal }),
    Healthcheck: { Test: ['NONE'] },
    Labels: containerLabels(pod, container, context.node, {
      restartCount: context.restartCount,
      sandboxId: context.sandboxId,
      ...(messageFile !== '' && { messageFile }),
    }),
    HostConfig: host,
  };
}

function mountsOf(
  container: Container,
  context: ContainerContext,
  lookUp: (name: string) => string | undefined,
): DockerMount[] {
  const mounts: DockerMount[] = [];
  const taken = new Set<string>();
  for (const mount of container.volumeMounts ?? []) {
    const target = absolute(mount.mountPath);
    const { path, readOnly } = context.mountSource(mount, subPathOf(mount, lookUp));
    const propagation = PROPAGATION[mount.mountPropagation ?? ''];
    taken.add(target);
    mounts.push({
      Type: 'bind',
      Source: path,
      Target: target,
      ReadOnly: mount.readOnly === true || readOnly,
      ...(propagation !== undefined && { BindOptions: { Propagation: propagation } }),
    });
  }
  const own: [string, string][] = [
    [context.files.hosts, '/etc/hosts'],
    [context.files.resolvConf, '/etc/resolv.conf'],
    [context.files.terminationLog, container.terminationMessagePath ?? '/dev/termination-log'],
  ];
  for (const [source, target] of own) {
    if (source !== '' && !taken.has(target))
      mounts.push({ Type: 'bind', Source: source, Target: target, ReadOnly: false });
  }
  return mounts;
}

const absolute = (path: string): string => {
  const clean = path.replace(/\/+$/, '');
  return clean.startsWith('/') ? clean : `/${clean}`;
};

/** subPathExpr sees the container's environment; a name that is not there is an error. */
function subPathOf(mount: VolumeMount, lookUp: (name: string) => string | undefined): string | undefined {
  if (!mount.subPathExpr) return mount.subPath || undefined;
  let missing = false;
  const path = expand(mount.subPathExpr, (name) => {
    const value = lookUp(name);
    if (value === undefined) missing = true;
    return value;
  });
  if (missing)
    throw new ConfigError(
      `failed to expand subPath for volumeMount "${mount.name}": missing value for ${mount.subPathExpr}`,
    );
  return path;
}
