// How to reach a server and who to be there. Made from a kubeconfig, a service account's files, or by hand.

export interface ClientConfig {
  /** `https://host:port`, with a path prefix where a proxy needs one. */
  server: string;
  /** PEM. Absent: the system's authorities. */
  certificateAuthority?: string;
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  /** PEM. */
  clientCertificate?: string;
  clientKey?: string;
  token?: string;
  /** Read again when it changes: projected tokens rotate. */
  tokenFile?: string;
  username?: string;
  password?: string;
  impersonate?: { user?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  exec?: ExecConfig;
  /** http, https or socks5; absent: what HTTPS_PROXY and NO_PROXY say. */
  proxyUrl?: string;
  /** Answers are asked for as they are; absent: gzip, where there is a network between. */
  disableCompression?: boolean;
  /** Milliseconds for a whole request that is not a watch or an upgrade; 0 is no limit. */
  timeoutMs?: number;
  /** The namespace that commands default to. */
  namespace?: string;
}

/** A kubeconfig user's `exec` stanza. */
export interface ExecConfig {
  apiVersion: string;
  command: string;
  args?: string[];
  env?: { name: string; value: string }[];
  installHint?: string;
  provideClusterInfo?: boolean;
  interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
}
