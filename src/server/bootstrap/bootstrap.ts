// Fills an empty cluster with what every cluster has, and brings an older one up to date. Runs at each start and writes
// only what differs. Upstream: pkg/controlplane/controller/{systemnamespaces,kubernetesservice}, the RBAC post-start
// hook, and what kubeadm adds.
import type { Namespace } from 'kubernetes-types/core/v1.js';
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import {
  ConfigMaps,
  EndpointSlices,
  EndpointsType,
  Namespaces,
  Secrets,
  ServiceAccounts,
  Services,
} from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import type { ResourceType } from '../../api/types.ts';
import type { Client } from '../../client/rest.ts';
import type { Lister } from '../admission/types.ts';
import { nthAddress } from '../addresses.ts';
import type { FrontProxies } from '../request-header.ts';
import { StartupError } from '../startup-error.ts';
import { type BootstrapToken, bootstrapTokenSecret, clusterInfo } from './cluster-info.ts';
import { TRUST, ensureClusterTrust } from './cluster-trust.ts';
import { Ensurer } from './ensure.ts';
import { ensurePolicy } from './rbac.ts';
import { ServiceCidrs } from '../../api/service-ranges.ts';
import { ensureServiceAddresses } from './service-addresses.ts';
import { ensureStorageClass } from './storage-class.ts';
import { dnsService, kubernetesEndpointSlice, kubernetesEndpoints, kubernetesService } from './services.ts';

export interface BootstrapOptions {
  /** Acts as a member of system:masters. */
  client: Client;
  cache: Lister;
  serviceCidr: string;
  ca: string;
  frontProxies: FrontProxies;
  /** Absent: nodes cannot join (a server without sockets). */
  token?: BootstrapToken;
  /** Where this server is reached; absent for a server without sockets or on a host without a network. */
  endpoint?: { address: string; port: number };
  /** Other servers share the store: their endpoints are kept. */
  shared: boolean;
}

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'sampan-system'];

const namespace = (name: string): Namespace => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

export async function bootstrap(options: BootstrapOptions): Promise<void> {
  checkAuthority(options);
  const ensure = new Ensurer(options.client, options.cache);
  await Promise.all(NAMESPACES.map((name) => ensure.exists(Namespaces, namespace(name))));
  await Promise.all([
    ensurePolicy(ensure),
    ensureServices(ensure, options),
    ensureServiceAddresses(options.client, options.cache),
    ensureJoining(ensure, options),
    ensurePriorityClasses(ensure),
    ensureStorageClass(ensure, options.client, options.cache),
    ensureServiceCidr(ensure, options),
    ensureClusterTrust(ensure, options.ca, options.frontProxies),
    ensure.exists(ServiceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'sampan-system', name: 'gitops' },
    }),
  ]);
}

/** Servers on one store must be one cluster to their clients: the same CA, and the same key for tokens. */
function checkAuthority({ cache, ca, shared }: BootstrapOptions): void {
  const known = cache.get(ConfigMaps, TRUST.namespace, TRUST.name)?.data?.['client-ca-file'];
  if (!shared || known === undefined || known.includes(ca.trim())) return;
  throw new StartupError(
    'the cluster in this store has another CA than this server; copy the folder pki from the data directory of the ' +
      'server that made the cluster, or use another store',
  );
}

async function ensureServices(ensure: Ensurer, options: BootstrapOptions): Promise<void> {
  const { serviceCidr, endpoint, cache, shared } = options;
  const port = endpoint?.port ?? 6443;
  const service = kubernetesService(nthAddress(serviceCidr, 1), port);
  await Promise.all([
    ensure.matches(Services, service, (stored) => {
      const [first] = stored.spec?.ports ?? [];
      if (first?.targetPort === port) return undefined;
      return { ...stored, spec: { ...stored.spec, ports: service.spec?.ports } };
    }),
    ensure.exists(Services, dnsService(nthAddress(serviceCidr, 10))),
  ]);
  if (!endpoint) return;
  const known = shared
    ? (cache.get(EndpointSlices, 'default', 'kubernetes')?.endpoints ?? []).flatMap((e) => e.addresses)
    : [];
  const addresses = [...new Set([...known, endpoint.address])].sort();
  await Promise.all([
    ensure.hasFields(EndpointsType, kubernetesEndpoints(addresses, port), ['subsets']),
    ensure.hasFields(EndpointSlices, kubernetesEndpointSlice(addresses, port), ['endpoints', 'ports']),
  ]);
}

/** What `kubectl get servicecidrs` shows. Upstream: pkg/controlplane/controller/defaultservicecidr. */
async function ensureServiceCidr(ensure: Ensurer, { client, serviceCidr }: BootstrapOptions): Promise<void> {
  const metadata = { name: 'kubernetes' };
  const cidr = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata, spec: { cidrs: [serviceCidr] } };
  if (!(await ensure.exists(ServiceCidrs, cidr))) return;
  const stored = await client.get(ServiceCidrs, metadata);
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: stored.metadata?.creationTimestamp ?? null,
  };
  await client.updateStatus(ServiceCidrs, { ...stored, status: { conditions: [condition] } });
}

async function ensureJoining(ensure: Ensurer, { token, endpoint, ca }: BootstrapOptions): Promise<void> {
  if (token === undefined || !endpoint) return;
  const server = `https://${endpoint.address}:${endpoint.port}`;
  await Promise.all([
    ensure.hasFields(Secrets, bootstrapTokenSecret(token), ['data']),
    ensure.hasFields(ConfigMaps, clusterInfo(server, ca, token), ['data']),
  ]);
}

const PriorityClasses: ResourceType<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

/** Upstream: pkg/apis/scheduling/v1/helpers.go. The Priority admission plug-in knows them without the objects. */
async function ensurePriorityClasses(ensure: Ensurer): Promise<void> {
  const priorityClass = (name: string, value: number, description: string): PriorityClass => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description,
    preemptionPolicy: 'PreemptLowerPriority',
  });
  const classes = [
    priorityClass(
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not be moved from their current node.',
    ),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
  ];
  for (const wanted of classes) {
    try {
      await ensure.exists(PriorityClasses, wanted);
    } catch (error) {
      if (!isNotFound(error)) throw error; // A server whose kinds were chosen without this one.
    }
  }
}
