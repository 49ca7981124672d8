// Services of type LoadBalancer get the addresses of the nodes, whose proxies answer there on the service's own ports.
// Nothing runs for it: the status is all that it takes. Upstream: cloud-provider/controllers/service/controller.go with
// a cloud that is the nodes themselves. One worker: a port of the nodes belongs to one service.
import type { Service } from 'kubernetes-types/core/v1.js';
import { EndpointSlices, Nodes, Pods, Services } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ReconcileResult, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import {
  factsOf,
  hostPortKeys,
  hostsOf,
  isBefore,
  isOurs,
  portKeys,
  reservedPorts,
  selects,
} from './service-lb/hosts.ts';
import { about, withoutFinalizer } from './shared/objects.ts';
import { Written } from './shared/written.ts';

const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const SERVICE_NAME = 'kubernetes.io/service-name';
/** Our services, all under one value and each under its ports; slices by their service; pods by the ports of their nodes. */
const INDEX = 'load-balancer';
const ALL = 'all';
const RETRY_MS = 60_000;

const serviceOf = (slice: { metadata?: { namespace?: string; labels?: Record<string, string> } }): string =>
  `${slice.metadata?.namespace ?? ''}/${slice.metadata?.labels?.[SERVICE_NAME] ?? ''}`;

class LoadBalancers {
  private readonly services: Written<Service>;
  /** The addresses that were given last, by uid: what others write into the status meanwhile is theirs. */
  private readonly given = new Map<string, string>();

  constructor(private readonly environment: ControllerEnvironment) {
    this.services = new Written(environment.informers.for(Services));
  }

  private tell(service: Service, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.environment.events.event(about(Services, service), type, reason, message);
  }

  async reconcile(key: string): Promise<ReconcileResult | void> {
    const service = this.services.get(key);
    if (!service) return;
    if (!isOurs(service)) return this.cleanUp(service);
    const clash = this.clashOf(service);
    const hosts = clash === undefined ? this.hosts(service) : [];
    const uid = service.metadata?.uid ?? '';
    const wanted = hosts.join(' ');
    const given = this.given.get(uid) ?? ingressOf(service).join(' ');
    const held = await this.hold(service);
    if (clash !== undefined) {
      this.tell(held, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${clash}`);
    } else if (hosts.length === 0) {
      this.tell(held, 'Warning', 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
    }
    if (given !== wanted) await this.give(held, hosts, given !== '');
    this.given.set(uid, wanted);
    return clash === undefined ? undefined : { requeueAfterMs: RETRY_MS };
  }

  private hosts(service: Service): string[] {
    const { informers } = this.environment;
    const slices = informers.for(EndpointSlices).lister.byIndex(INDEX, objectKey(service));
    const pods = informers.for(Pods).lister;
    const others = (port: string) => pods.byIndex(INDEX, port).filter((pod) => !selects(service, pod));
    const taken = (port: string) => new Set(others(port).map(({ spec }) => spec?.nodeName ?? ''));
    return hostsOf(service, informers.for(Nodes).lister.list(), slices, taken);
  }

  /** Why the service cannot have its ports on the nodes. */
  private clashOf(service: Service): string | undefined {
    const { informers } = this.environment;
    const apiServer = informers.for(EndpointSlices).lister.get('default/kubernetes');
    const reserved = reservedPorts(informers.for(Nodes).lister.list(), apiServer);
    for (const port of portKeys(service)) {
      const what = reserved.get(port);
      if (what !== undefined) return `port ${port} of the nodes belongs to ${what}`;
      for (const other of this.services.byIndex(INDEX, port)) {
        if (other.metadata?.uid === service.metadata?.uid || !isOurs(other) || !isBefore(other, service)) continue;
        return `port ${port} of the nodes belongs to service ${objectKey(other)}`;
      }
    }
    return undefined;
  }

  /** The service does not go before its ports are given back. */
  private async hold(service: Service): Promise<Service> {
    const { finalizers = [] } = service.metadata ?? {};
    if (finalizers.includes(FINALIZER)) return service;
    const metadata = { ...service.metadata, finalizers: [...finalizers, FINALIZER] };
    const written = await this.environment.client.update(Services, { ...service, metadata });
    this.services.wrote(written);
    return written;
  }

  private async give(service: Service, hosts: readonly string[], again: boolean): Promise<void> {
    if (hosts.length > 0) this.tell(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
    await this.writeStatus(service, hosts);
    if (hosts.length === 0) return;
    if (again) this.tell(service, 'Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts');
    this.tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  private async writeStatus(service: Service, hosts: readonly string[]): Promise<Service> {
    const ingress = hosts.map((ip) => ({ ip, ipMode: 'VIP' }));
    const loadBalancer = hosts.length === 0 ? {} : { ingress };
    const status = { ...service.status, loadBalancer };
    const written = await this.environment.client.updateStatus(Services, { ...service, status });
    this.services.wrote(written);
    return written;
  }

  /** It is being deleted, or is no load balancer of ours any more. */
  private async cleanUp(service: Service): Promise<void> {
    this.given.delete(service.metadata?.uid ?? '');
    if (!service.metadata?.finalizers?.includes(FINALIZER)) return;
    this.tell(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer');
    try {
      const bare = ingressOf(service).length > 0 ? await this.writeStatus(service, []) : service;
      const written = await this.environment.client.update(Services, withoutFinalizer(bare, FINALIZER));
      this.services.wrote(written);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.tell(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer');
  }
}

const ingressOf = ({ status }: Service): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);

function setup(environment: ControllerEnvironment) {
  const { informers } = environment;
  informers.for(Services).addIndex(INDEX, (service) => (isOurs(service) ? [ALL, ...portKeys(service)] : []));
  informers.for(EndpointSlices).addIndex(INDEX, (slice) => [serviceOf(slice)]);
  informers.for(Pods).addIndex(INDEX, hostPortKeys);
  const services = informers.for(Services).lister;
  const all = () => services.byIndex(INDEX, ALL).map(objectKey);
  const balancers = new LoadBalancers(environment);
  return [
    defineController({
      name: 'service',
      for: Services,
      filter: (service, old) =>
        [service, old].some((s) => s && (isOurs(s) || s.metadata?.finalizers?.includes(FINALIZER))),
      watches: [
        // Who gives a port back, or gets one, decides over the others that want it.
        watch(Services, (service, old) =>
          [service, ...(old ? [old] : [])]
            .filter((s) => s.spec?.type === 'LoadBalancer')
            .flatMap(portKeys)
            .flatMap((port) => services.byIndex(INDEX, port).map(objectKey)),
        ),
        watch(Nodes, (node, old) => (old && factsOf(node) === factsOf(old) ? [] : all())),
        watch(Pods, (pod, old) => {
          const [now, before] = [hostPortKeys(pod), old ? hostPortKeys(old) : []];
          if (old && now.length === before.length) return [];
          return [...now, ...before].flatMap((port) => services.byIndex(INDEX, port).map(objectKey));
        }),
        watch(EndpointSlices, (slice) => {
          const service = services.get(serviceOf(slice));
          return service && isOurs(service) && service.spec?.externalTrafficPolicy === 'Local'
            ? [objectKey(service)]
            : [];
        }),
      ],
      workers: 1,
      reconcile: (_context, key) => balancers.reconcile(key),
    }),
  ];
}

export default defineControllerModule({ name: 'service', setup });
