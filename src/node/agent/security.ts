// securityContext as Docker's host configuration. Pure. Upstream: kuberuntime/security_context.go,
// pkg/securitycontext/util.go (a container's own value wins over the pod's), dockershim/security_context.go.
import type { Container, Pod, SeccompProfile } from 'kubernetes-types/core/v1.js';
import type { ContainerCreate, HostConfig } from '../docker/types.ts';
import { ConfigError } from './environment.ts';

/** Docker's own lists, which `procMount: Unmasked` empties. */
type Settings = Pick<ContainerCreate, 'User'> & { host: HostConfig };

/** The image's user, `name`, `uid` or `uid:gid`, decides when the pod says nothing; runAsNonRoot judges the outcome. */
export function securitySettings(pod: Pod, container: Container, imageUser: string): Settings {
  const podContext = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const host: HostConfig = {};
  const uid = own.runAsUser ?? podContext.runAsUser;
  const gid = own.runAsGroup ?? podContext.runAsGroup;
  if (own.runAsNonRoot ?? podContext.runAsNonRoot) verifyNonRoot(pod, container, uid, imageUser);
  let user = uid === undefined ? undefined : String(uid);
  if (gid !== undefined) user = `${user ?? (imageUser.split(':')[0] || '0')}:${gid}`;

  const groups = [...(podContext.supplementalGroups ?? [])];
  if (podContext.fsGroup !== undefined) groups.push(podContext.fsGroup);
  if (groups.length > 0) host.GroupAdd = [...new Set(groups.map(String))];

  if (own.privileged) host.Privileged = true;
  if (own.readOnlyRootFilesystem) host.ReadonlyRootfs = true;
  if (own.capabilities?.add?.length) host.CapAdd = own.capabilities.add.map(capability);
  if (own.capabilities?.drop?.length) host.CapDrop = own.capabilities.drop.map(capability);
  if (own.procMount === 'Unmasked') {
    host.MaskedPaths = [];
    host.ReadonlyPaths = [];
  }
  const options = [
    ...(own.allowPrivilegeEscalation === false && !own.privileged ? ['no-new-privileges'] : []),
    ...seccompOption(own.seccompProfile ?? podContext.seccompProfile, own.privileged === true),
    ...selinuxOptions(own.seLinuxOptions ?? podContext.seLinuxOptions),
  ];
  if (options.length > 0) host.SecurityOpt = options;
  return { ...(user !== undefined && { User: user }), host };
}

const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');

/** The kubelet's default is Unconfined: pods that want the runtime's profile say so. */
function seccompOption(profile: SeccompProfile | undefined, privileged: boolean): string[] {
  if (privileged) return [];
  switch (profile?.type) {
    case 'RuntimeDefault':
      return [];
    case 'Localhost':
      throw new ConfigError(
        `seccomp profile ${profile.localhostProfile} cannot be used: Localhost is not supported here`,
      );
    default:
      return ['seccomp=unconfined'];
  }
}

function selinuxOptions(
  options: { level?: string; role?: string; type?: string; user?: string } | undefined,
): string[] {
  return Object.entries(options ?? {}).map(([name, value]) => `label=${name}:${String(value)}`);
}

/** Upstream: kuberuntime/security_context_others.go verifyRunAsNonRoot. */
function verifyNonRoot(pod: Pod, container: Container, uid: number | undefined, imageUser: string): void {
  const where = `(pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name})`;
  if (uid !== undefined) {
    if (uid === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  const name = imageUser.split(':')[0] ?? '';
  if (name === '' || name === '0') {
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (!/^\d+$/.test(name)) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`,
    );
  }
}
