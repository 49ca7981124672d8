// The parts of the Engine API's JSON that the node uses, with Docker's own field names. Types only.

export interface DockerMount {
  Type: 'bind' | 'tmpfs' | 'volume';
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: { Propagation?: string; NonRecursive?: boolean };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

export interface HostConfig {
  Mounts?: DockerMount[];
  /** One of those that Docker's configuration names; without it, its default. */
  Runtime?: string;
  NetworkMode?: string;
  IpcMode?: string;
  PidMode?: string;
  UTSMode?: string;
  Privileged?: boolean;
  CapAdd?: string[];
  CapDrop?: string[];
  ReadonlyRootfs?: boolean;
  SecurityOpt?: string[];
  Sysctls?: Record<string, string>;
  GroupAdd?: string[];
  Memory?: number;
  MemorySwap?: number;
  CpuShares?: number;
  CpuPeriod?: number;
  CpuQuota?: number;
  OomScoreAdj?: number;
  ShmSize?: number;
  MaskedPaths?: string[];
  ReadonlyPaths?: string[];
  LogConfig?: { Type: string; Config: Record<string, string> };
}

/** The body of POST /containers/create. */
export interface ContainerCreate {
  Image: string;
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  WorkingDir?: string;
  User?: string;
  Hostname?: string;
  Domainname?: string;
  Labels: Record<string, string>;
  Tty?: boolean;
  OpenStdin?: boolean;
  StdinOnce?: boolean;
  StopSignal?: string;
  Healthcheck?: { Test: string[] };
  HostConfig: HostConfig;
  NetworkingConfig?: { EndpointsConfig: Record<string, { IPAMConfig?: { IPv4Address?: string } }> };
}

export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Created: number;
  State: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  Labels: Record<string, string>;
}

export interface ContainerDetails {
  Id: string;
  Name: string;
  Created: string;
  /** The image's id, `sha256:…`. */
  Image: string;
  RestartCount: number;
  State: {
    Status: ContainerSummary['State'];
    Running: boolean;
    OOMKilled: boolean;
    Pid: number;
    ExitCode: number;
    Error: string;
    StartedAt: string;
    FinishedAt: string;
  };
  Config: {
    Image: string;
    Labels: Record<string, string>;
    Tty: boolean;
    OpenStdin: boolean;
    StopSignal?: string;
    /** `user`, `uid` or either with `:group`; empty is root. */
    User?: string;
    WorkingDir?: string;
  };
  HostConfig: HostConfig;
  NetworkSettings?: { Networks?: Record<string, { IPAddress?: string; Gateway?: string }> };
}

export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
}

export interface ImageDetails {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Size: number;
  Config?: {
    User?: string;
    Env?: string[] | null;
    Entrypoint?: string[] | null;
    Cmd?: string[] | null;
    WorkingDir?: string;
    Volumes?: Record<string, object> | null;
    StopSignal?: string;
  } | null;
}

export interface DockerInfo {
  ID: string;
  Name: string;
  ServerVersion: string;
  OperatingSystem: string;
  KernelVersion: string;
  OSType: string;
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  DockerRootDir: string;
  CgroupVersion?: string;
  CgroupDriver?: string;
}

export interface NetworkDetails {
  Id: string;
  Name: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  IPAM: { Config: { Subnet?: string; Gateway?: string }[] | null };
  Containers?: Record<string, unknown>;
}

export interface NetworkCreate {
  Name: string;
  Driver: string;
  Labels?: Record<string, string>;
  Options?: Record<string, string>;
  IPAM?: { Config: { Subnet: string; Gateway?: string; IPRange?: string }[] };
}

export interface DockerEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  time: number;
  timeNano: number | bigint;
}

export interface ExecDetails {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  Pid: number;
}

export interface ContainerStats {
  read: string;
  cpu_stats: { cpu_usage: { total_usage: number } };
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number; rx_errors: number; tx_errors: number }>;
}

/** Credentials of a registry, as the X-Registry-Auth header carries them. */
export interface RegistryAuth {
  username?: string;
  password?: string;
  identitytoken?: string;
  serveraddress?: string;
}

export interface LogOptions {
  follow?: boolean;
  /** A line count; absent means all. */
  tail?: number;
  /** RFC 3339 or seconds; Docker takes seconds with a fraction of nanoseconds. */
  sinceSeconds?: string;
  timestamps?: boolean;
  stdout?: boolean;
  stderr?: boolean;
}
