// Which kernel settings a pod may ask for: those that the kernel keeps for each namespace and that cannot harm other
// pods. Pure. Upstream: pkg/kubelet/sysctl/{allowlist,safe_sysctls}.go.
import type { Pod } from 'kubernetes-types/core/v1.js';

type Namespace = 'IPC' | 'Net';

const SAFE: Readonly<Record<string, Namespace>> = {
  'kernel.shm_rmid_forced': 'IPC',
  'net.ipv4.ip_local_port_range': 'Net',
  'net.ipv4.ip_local_reserved_ports': 'Net',
  'net.ipv4.ip_unprivileged_port_start': 'Net',
  'net.ipv4.ping_group_range': 'Net',
  'net.ipv4.tcp_fin_timeout': 'Net',
  'net.ipv4.tcp_keepalive_intvl': 'Net',
  'net.ipv4.tcp_keepalive_probes': 'Net',
  'net.ipv4.tcp_keepalive_time': 'Net',
  'net.ipv4.tcp_rmem': 'Net',
  'net.ipv4.tcp_syncookies': 'Net',
  'net.ipv4.tcp_wmem': 'Net',
};

/** `net/ipv4/tcp_rmem` is another way to write `net.ipv4.tcp_rmem`. */
export const dotted = (name: string): string => (/^[^./]*\//.test(name) ? name.replace(/[./]/g, swap) : name);
const swap = (separator: string): string => (separator === '/' ? '.' : '/');

/** Why the first setting that the node does not take is refused. */
export function forbiddenSysctl(pod: Pod): string | undefined {
  for (const { name } of pod.spec?.securityContext?.sysctls ?? []) {
    const namespace = SAFE[dotted(name)];
    if (!namespace) return `"${dotted(name)}" not allowlisted`;
    const shared = namespace === 'IPC' ? pod.spec?.hostIPC : pod.spec?.hostNetwork;
    if (shared) return `"${dotted(name)}" not allowed with host ${namespace} enabled`;
  }
  return undefined;
}
