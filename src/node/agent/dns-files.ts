// The text of /etc/resolv.conf and /etc/hosts that pods get, by dnsPolicy, dnsConfig and hostAliases. Pure. Upstream:
// pkg/kubelet/network/dns/dns.go (GetPodDNS), kubelet_pods.go (managedHostsFileContent, GeneratePodHostNameAndDomain).
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { ClusterDns } from './pod-network.ts';
import { isHostNetwork } from './pod-facts.ts';

export interface ResolverSettings {
  nameservers: string[];
  searches: string[];
  options: string[];
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const CLUSTER_OPTIONS = ['ndots:5'];

export function parseResolvConf(text: string): ResolverSettings {
  const settings: ResolverSettings = { nameservers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...values] = line.split(/\s+/).filter((part) => part !== '');
    if (word === 'nameserver' && values[0]) settings.nameservers.push(values[0]);
    if (word === 'search') settings.searches = values;
    if (word === 'options') settings.options.push(...values);
  }
  return settings;
}

/** `host` is what the node itself uses. */
export function podResolver(pod: Pod, host: ResolverSettings, cluster: ClusterDns): ResolverSettings {
  const extra = pod.spec?.dnsConfig;
  let base: ResolverSettings;
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const wantsCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
  if (policy === 'None') base = { nameservers: [], searches: [], options: [] };
  else if (wantsCluster && cluster.nameserver !== '') {
    const namespace = pod.metadata?.namespace ?? '';
    const { domain } = cluster;
    const own = [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];
    base = { nameservers: [cluster.nameserver], searches: [...own, ...host.searches], options: CLUSTER_OPTIONS };
  } else base = host;
  const options = new Map<string, string>();
  for (const option of base.options) options.set(option.split(':')[0]!, option);
  for (const { name = '', value } of extra?.options ?? []) options.set(name, value ? `${name}:${value}` : name);
  return {
    nameservers: [...new Set([...base.nameservers, ...(extra?.nameservers ?? [])])].slice(0, MAX_NAMESERVERS),
    searches: [...new Set([...base.searches, ...(extra?.searches ?? [])])].slice(0, MAX_SEARCHES),
    options: [...options.values()],
  };
}

export function formatResolvConf(settings: ResolverSettings): string {
  const lines: string[] = [];
  if (settings.searches.length > 0) lines.push(`search ${settings.searches.join(' ')}`);
  for (const server of settings.nameservers) lines.push(`nameserver ${server}`);
  if (settings.options.length > 0) lines.push(`options ${settings.options.join(' ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

const MAX_HOSTNAME = 63;

export interface PodHostname {
  hostname: string;
  /** Without the host: `sub.ns.svc.cluster.local`; empty without a subdomain. */
  domain: string;
}

export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  let hostname = (pod.spec?.hostname ?? pod.metadata?.name ?? '').slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
  const { subdomain, setHostnameAsFQDN } = pod.spec ?? {};
  const domain = subdomain ? `${subdomain}.${pod.metadata?.namespace ?? ''}.svc.${clusterDomain}` : '';
  if (setHostnameAsFQDN && domain !== '') {
    hostname = `${hostname}.${domain}`;
    if (hostname.length > 64) {
      throw new Error(
        `failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long (64 characters is the max, ${hostname.length} characters requested)`,
      );
    }
  }
  return { hostname, domain };
}

/** `hostFile` is the node's own /etc/hosts, which pods in the host's network keep. */
export function hostsFile(pod: Pod, podIps: readonly string[], name: PodHostname, hostFile: string): string {
  let text: string;
  if (isHostNetwork(pod)) text = `# Kubernetes-managed hosts file (host network).\n${hostFile}`;
  else {
    text =
      '# Kubernetes-managed hosts file.\n' +
      '127.0.0.1\tlocalhost\n' +
      '::1\tlocalhost ip6-localhost ip6-loopback\n' +
      'fe00::0\tip6-localnet\n' +
      'fe00::0\tip6-mcastprefix\n' +
      'fe00::1\tip6-allnodes\n' +
      'fe00::2\tip6-allrouters\n';
    const { domain } = name;
    // The name that the kernel is given may be the whole one; the file has both forms all the same.
    const hostname = domain === '' ? name.hostname : name.hostname.replace(`.${domain}`, '');
    for (const ip of podIps)
      text += domain === '' ? `${ip}\t${hostname}\n` : `${ip}\t${hostname}.${domain}\t${hostname}\n`;
  }
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length === 0) return text;
  text += '\n# Entries added by HostAliases.\n';
  for (const { ip, hostnames } of aliases) text += `${ip}\t${(hostnames ?? []).join('\t')}\n`;
  return text;
}
