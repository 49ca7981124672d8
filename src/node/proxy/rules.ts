// services → iptables-restore text. Pure: the same services make the same bytes. Chains, names and order are
// kube-proxy's (upstream pkg/proxy/iptables/proxier.go), so that tools and people who know them feel at home.
//
//   PREROUTING, OUTPUT → KUBE-SERVICES → KUBE-SVC-… (one service port) → KUBE-SEP-… (one endpoint) → DNAT
//   KUBE-SERVICES, last rule → KUBE-NODEPORTS → KUBE-EXT-… (marks for SNAT) → KUBE-SVC-… or KUBE-SVL-… (local only)
//   POSTROUTING → KUBE-POSTROUTING: masquerades what KUBE-MARK-MASQ has marked
import { createHash } from 'node:crypto';
import type { Endpoint, ServicePort } from './model.ts';

/** A container port that the node's own addresses forward to a pod (hostPort). */
export interface HostPort {
  /** `namespace/pod`, for the rule's comment. */
  pod: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  hostIp?: string;
  hostPort: number;
  podIp: string;
  containerPort: number;
}

export interface RuleInput {
  services: readonly ServicePort[];
  hostPorts?: readonly HostPort[];
  /** All pods of the cluster: traffic from elsewhere to a cluster IP is masqueraded. */
  clusterCidr: string;
  /** This node's pods: what leaves for outside of the cluster is masqueraded, forwarding for them is allowed. */
  podCidr: string;
  /** Chains of an earlier time (by name) that this text must remove. */
  staleChains?: readonly string[];
}

const MASQUERADE_MARK = '0x4000';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function chainHash(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let bits = 0;
  let value = 0;
  let out = '';
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && out.length < 16) {
      out += BASE32[(value >>> (bits - 5)) & 31]!;
      bits -= 5;
      value &= (1 << bits) - 1;
    }
    if (out.length === 16) break;
  }
  return out;
}

/** A service port's chains; upstream's servicePortPolicyClusterChain and its sisters. */
export function chainsOf(port: ServicePort): { cluster: string; local: string; external: string; firewall: string } {
  const hash = chainHash(port.name + port.protocol);
  return {
    cluster: `KUBE-SVC-${hash}`,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
  };
}

const endpointChain = (port: ServicePort, endpoint: Endpoint): string =>
  `KUBE-SEP-${chainHash(`${port.name}${port.protocol}${endpoint.address}:${endpoint.port}`)}`;

/** Chains that are ours and belong to single services: what may become stale. */
export const isServiceChain = (chain: string): boolean => /^KUBE-(SVC|SVL|EXT|SEP|FW)-/.test(chain);

const comment = (text: string): string => `-m comment --comment "${text}"`;
const match = (port: ServicePort): string => `-m ${port.protocol} -p ${port.protocol}`;

/** One `iptables-restore --noflush` input: both tables whole, applied atomically each. */
export function restoreText(input: RuleInput): string {
  return `${filterTable(input)}${natTable(input)}`;
}

function filterTable({ services, podCidr }: RuleInput): string {
  const out = ['*filter', ':KUBE-SERVICES - [0:0]', ':KUBE-EXTERNAL-SERVICES - [0:0]', ':KUBE-FORWARD - [0:0]'];
  for (const s of services) {
    if (s.endpoints.length === 0) {
      const why = s.hasEndpoints ? 'has no local endpoints' : 'has no endpoints';
      const verdict = s.hasEndpoints ? 'DROP' : 'REJECT';
      out.push(
        `-A KUBE-SERVICES ${comment(`${s.name} ${why}`)} ${match(s)} -d ${s.clusterIp} --dport ${s.port} -j ${verdict}`,
      );
    }
    if (s.externalEndpoints.length === 0) {
      const why = comment(`${s.name} ${s.hasEndpoints ? 'has no local endpoints' : 'has no endpoints'}`);
      const verdict = s.hasEndpoints ? 'DROP' : 'REJECT';
      for (const ip of [...s.externalIps, ...s.loadBalancerIps]) {
        out.push(`-A KUBE-EXTERNAL-SERVICES ${why} ${match(s)} -d ${ip} --dport ${s.port} -j ${verdict}`);
      }
      if (s.nodePort) {
        out.push(
          `-A KUBE-EXTERNAL-SERVICES ${why} -m addrtype --dst-type LOCAL ${match(s)} --dport ${s.nodePort} -j ${verdict}`,
        );
      }
    }
  }
  out.push(
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    `-A KUBE-FORWARD ${comment('kubernetes forwarding rules')} -m mark --mark ${MASQUERADE_MARK}/${MASQUERADE_MARK} -j ACCEPT`,
    `-A KUBE-FORWARD ${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    // Docker's own policy for FORWARD is DROP: pods of this node talk to all, and all talk to them.
    `-A KUBE-FORWARD ${comment('pods of this node')} -s ${podCidr} -j ACCEPT`,
    `-A KUBE-FORWARD ${comment('to pods of this node')} -d ${podCidr} -j ACCEPT`,
    'COMMIT',
  );
  return `${out.join('\n')}\n`;
}

/** Collects chain declarations and rules of the nat table; declarations come first in the text. */
class NatTable {
  readonly chains: string[] = [];
  readonly services: string[] = [];
  readonly nodePorts: string[] = [];
  readonly rules: string[] = [];
  private readonly known = new Set<string>();

  /** False when the chain is there already. */
  chain(name: string): boolean {
    if (this.known.has(name)) return false;
    this.known.add(name);
    this.chains.push(name);
    return true;
  }
}

function natTable(input: RuleInput): string {
  const { clusterCidr, podCidr, staleChains = [] } = input;
  const table = new NatTable();
  for (const service of input.services) addService(table, service, clusterCidr);
  const stale = staleChains.filter((chain) => !table.chains.includes(chain));
  const fixed = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'KUBE-HOSTPORTS'];
  const out = [
    '*nat',
    ...[...fixed, ...table.chains, ...stale].map((chain) => `:${chain} - [0:0]`),
    '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
    // Pods to the world: their addresses mean nothing outside of the cluster.
    `-A KUBE-POSTROUTING ${comment('pods to outside of the cluster')} -s ${podCidr} ! -d ${clusterCidr} -m addrtype ! --dst-type LOCAL -j MASQUERADE --random-fully`,
    `-A KUBE-POSTROUTING -m mark ! --mark ${MASQUERADE_MARK}/${MASQUERADE_MARK} -j RETURN`,
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${MASQUERADE_MARK}`,
    `-A KUBE-POSTROUTING ${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
    ...(input.hostPorts ?? []).flatMap(hostPortRules),
    ...table.services,
    `-A KUBE-SERVICES ${comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
    ...table.nodePorts,
    ...table.rules,
    ...stale.map((chain) => `-X ${chain}`),
    'COMMIT',
  ];
  return `${out.join('\n')}\n`;
}

function addService(table: NatTable, s: ServicePort, clusterCidr: string): void {
  const { cluster, local, external, firewall } = chainsOf(s);
  const note = comment(`${s.name} cluster IP`);
  if (s.endpoints.length > 0) {
    const target = s.internalLocal ? local : cluster;
    const destination = `${note} ${match(s)} -d ${s.clusterIp} --dport ${s.port}`;
    table.services.push(`-A KUBE-SERVICES ${destination} -j ${target}`);
    addPolicyChain(table, s, target, s.endpoints, [
      `-A ${target} ${destination} ! -s ${clusterCidr} -j KUBE-MARK-MASQ`,
    ]);
  }
  const reached = s.nodePort !== undefined || s.externalIps.length + s.loadBalancerIps.length > 0;
  if (!reached || s.externalEndpoints.length === 0) return;
  addExternalChain(table, s, clusterCidr);
  for (const ip of s.externalIps) {
    table.services.push(
      `-A KUBE-SERVICES ${comment(`${s.name} external IP`)} ${match(s)} -d ${ip} --dport ${s.port} -j ${external}`,
    );
  }
  const restricted = s.sourceRanges.length > 0;
  if (restricted && s.loadBalancerIps.length > 0) addFirewallChain(table, s);
  for (const ip of s.loadBalancerIps) {
    const target = restricted ? firewall : external;
    table.services.push(
      `-A KUBE-SERVICES ${comment(`${s.name} loadbalancer IP`)} ${match(s)} -d ${ip} --dport ${s.port} -j ${target}`,
    );
  }
  if (s.nodePort) {
    table.nodePorts.push(`-A KUBE-NODEPORTS ${comment(s.name)} ${match(s)} --dport ${s.nodePort} -j ${external}`);
  }
}

function addExternalChain(table: NatTable, s: ServicePort, clusterCidr: string): void {
  const { cluster, local, external } = chainsOf(s);
  table.chain(external);
  if (!s.externalLocal) {
    table.rules.push(
      `-A ${external} ${comment(`masquerade traffic for ${s.name} external destinations`)} -j KUBE-MARK-MASQ`,
      `-A ${external} -j ${cluster}`,
    );
    addPolicyChain(table, s, cluster, s.externalEndpoints, []);
    return;
  }
  // Pods and this node itself reach a local-only service through any endpoint, as if by its cluster IP.
  const shortcut = s.endpoints.length > 0 && !s.internalLocal;
  if (shortcut) {
    table.rules.push(
      `-A ${external} ${comment(`pod traffic for ${s.name} external destinations`)} -s ${clusterCidr} -j ${cluster}`,
      `-A ${external} ${comment(`masquerade LOCAL traffic for ${s.name} external destinations`)} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      `-A ${external} ${comment(`route LOCAL traffic for ${s.name} external destinations`)} -m addrtype --src-type LOCAL -j ${cluster}`,
    );
  }
  table.rules.push(`-A ${external} -j ${local}`);
  addPolicyChain(table, s, local, s.externalEndpoints, []);
}

function addFirewallChain(table: NatTable, s: ServicePort): void {
  const { external, firewall } = chainsOf(s);
  table.chain(firewall);
  for (const cidr of s.sourceRanges) {
    table.rules.push(`-A ${firewall} ${comment(`${s.name} loadbalancer IP`)} -s ${cidr} -j ${external}`);
  }
}

/** A KUBE-SVC or KUBE-SVL chain: affinity first, then a fair random choice among what is left. */
function addPolicyChain(
  table: NatTable,
  s: ServicePort,
  chain: string,
  endpoints: readonly Endpoint[],
  first: string[],
): void {
  if (!table.chain(chain)) return;
  table.rules.push(...first);
  if (s.affinitySeconds !== undefined) {
    for (const endpoint of endpoints) {
      const sep = endpointChain(s, endpoint);
      table.rules.push(
        `-A ${chain} ${comment(`${s.name} -> ${endpoint.address}:${endpoint.port}`)} -m recent --name ${sep} --rcheck --seconds ${s.affinitySeconds} --reap -j ${sep}`,
      );
    }
  }
  endpoints.forEach((endpoint, i) => {
    const left = endpoints.length - i;
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : '';
    const note = comment(`${s.name} -> ${endpoint.address}:${endpoint.port}`);
    table.rules.push(`-A ${chain} ${note}${chance} -j ${endpointChain(s, endpoint)}`);
  });
  for (const endpoint of endpoints) addEndpointChain(table, s, endpoint);
}

function addEndpointChain(table: NatTable, s: ServicePort, endpoint: Endpoint): void {
  const chain = endpointChain(s, endpoint);
  if (!table.chain(chain)) return;
  const note = comment(s.name);
  const affinity = s.affinitySeconds === undefined ? '' : ` -m recent --name ${chain} --set`;
  table.rules.push(
    // A pod that reaches itself through its service must not see its own address as the source.
    `-A ${chain} ${note} -s ${endpoint.address} -j KUBE-MARK-MASQ`,
    `-A ${chain} ${note}${affinity} ${match(s)} -j DNAT --to-destination ${endpoint.address}:${endpoint.port}`,
  );
}

function hostPortRules(p: HostPort): string[] {
  const note = comment(`${p.pod} hostPort ${p.hostPort}`);
  const to = p.hostIp && p.hostIp !== '0.0.0.0' ? ` -d ${p.hostIp}` : '';
  const matched = `${note} -m ${p.protocol} -p ${p.protocol}${to} --dport ${p.hostPort}`;
  return [
    `-A KUBE-HOSTPORTS ${matched} -s ${p.podIp} -j KUBE-MARK-MASQ`,
    `-A KUBE-HOSTPORTS ${matched} -s 127.0.0.1 -j KUBE-MARK-MASQ`,
    `-A KUBE-HOSTPORTS ${matched} -j DNAT --to-destination ${p.podIp}:${p.containerPort}`,
  ];
}

/** The jumps from the kernel's chains into ours, each inserted once: `[table, chain, rule]`. */
export const jumps: readonly (readonly ['nat' | 'filter', string, string])[] = [
  ['nat', 'PREROUTING', `${comment('kubernetes service portals')} -j KUBE-SERVICES`],
  ['nat', 'OUTPUT', `${comment('kubernetes service portals')} -j KUBE-SERVICES`],
  ['nat', 'PREROUTING', `${comment('kubernetes host ports')} -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS`],
  ['nat', 'OUTPUT', `${comment('kubernetes host ports')} -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS`],
  ['nat', 'POSTROUTING', `${comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING`],
  [
    'filter',
    'INPUT',
    `-m conntrack --ctstate NEW ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`,
  ],
  ['filter', 'FORWARD', `-m conntrack --ctstate NEW ${comment('kubernetes service portals')} -j KUBE-SERVICES`],
  [
    'filter',
    'FORWARD',
    `-m conntrack --ctstate NEW ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`,
  ],
  ['filter', 'FORWARD', `${comment('kubernetes forwarding rules')} -j KUBE-FORWARD`],
  ['filter', 'OUTPUT', `-m conntrack --ctstate NEW ${comment('kubernetes service portals')} -j KUBE-SERVICES`],
];

/** Every chain of ours that always exists, by table: what a clean-up removes beside the service chains. */
export const fixedChains: Record<'nat' | 'filter', readonly string[]> = {
  nat: ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ', 'KUBE-HOSTPORTS'],
  filter: ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD'],
};
