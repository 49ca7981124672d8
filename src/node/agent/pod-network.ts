// What the agent needs of the pod network, whoever provides it. The bridge network of Docker (bridge-network.ts) is
// one provider; a module that does more (routes between nodes, rules) can take its place in the composition root.

export interface PodNetwork {
  /** The name of the Docker network that sandboxes join; waits until the node has its address range. */
  dockerNetwork(): Promise<string>;
  /** A sandbox has been connected. */
  attached(): Promise<void>;
  dnsConfig: ClusterDns;
}

export interface ClusterDns {
  /** The address of the cluster's DNS service; empty when there is none: pods then get the node's own settings. */
  nameserver: string;
  /** `cluster.local`. */
  domain: string;
}
