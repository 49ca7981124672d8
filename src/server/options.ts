// What a server can be told, and what it assumes otherwise. No behaviour.
import type { Clock } from '../client/controller.ts';
import type { Logger } from '../client/log.ts';
import type { RequestHeaderSettings } from './request-header.ts';

export type ComponentName = 'apiserver' | 'controllers' | 'scheduler';
export const ALL_COMPONENTS: readonly ComponentName[] = ['apiserver', 'controllers', 'scheduler'];

/** `lmdb` keeps the cluster in the data directory, `memory` nowhere, `etcd=URL[,URL…]` in an etcd. */
export type StoreSpec = 'lmdb' | 'memory' | `etcd=${string}`;

export interface ServerOptions {
  /** Keys, certificates and the embedded store live here. Without it all of that is in memory and ends with the process. */
  dataDir?: string;
  /** Default: `lmdb` with a data directory, else `memory`. */
  store?: StoreSpec;
  /** Port 0 is any free one. `false`: no sockets, in-process callers only. Default: all addresses, port 6443. */
  listen?: { host?: string; port: number } | false;
  /** What runs beside the API server, which always runs. Default: all. */
  components?: readonly ComponentName[];
  /** Default 10.96.0.0/16. */
  serviceCidr?: string;
  /** Default 30000-32767. */
  nodePorts?: { from: number; to: number };
  /** Default cluster.local. */
  clusterDomain?: string;
  /** The address that nodes and pods reach this server at. Default: the one that the host's default route uses. */
  advertiseAddress?: string;
  /** More names and addresses for the serving certificate. */
  names?: readonly string[];
  /** A CSV file of static tokens. */
  tokenAuthFile?: string;
  /** Front proxies that may say in headers who asks, beside the server's own. */
  requestHeader?: RequestHeaderSettings;
  /** Admission plug-ins that are left out, by upstream's names. Default: none. */
  disableAdmission?: readonly string[];
  log?: Logger;
  clock?: Clock;
}

export const DEFAULT_PORT = 6443;
export const DEFAULT_SERVICE_CIDR = '10.96.0.0/16';
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';
