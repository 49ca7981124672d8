// What load balancers outside of the cluster ask nodes: whether this one forwards at all (port 10256), and whether a
// service that keeps traffic on its nodes has pods here (its health check node port). Plain HTTP, for everybody.
// What the node itself asks, on its own loop-back: how services are done (port 10249). Upstream: pkg/proxy/healthcheck
// (proxy_health.go, service_health.go), cmd/kube-proxy/app/server.go (serveMetrics).
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Node, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Logger } from '../../client/log.ts';
import { isForUs, slicesByService } from './model.ts';

export const HEALTH_PORT = 10256;
export const MODE_PORT = 10249;
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler';

/** A service that wants to be asked for on a port of every node. */
export interface HealthCheck {
  port: number;
  namespace: string;
  name: string;
  /** Pods on this node that are ready. */
  localEndpoints: number;
}

export interface HealthState {
  /** Whether the rules are, or were a short while ago, what the cluster wants. */
  healthy(): boolean;
  node(): Node | undefined;
  now(): number;
}

export function healthChecks(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  nodeName: string,
): HealthCheck[] {
  const wanted = services.filter(
    ({ spec, metadata }) =>
      spec?.type === 'LoadBalancer' &&
      spec.externalTrafficPolicy === 'Local' &&
      spec.healthCheckNodePort &&
      isForUs(metadata?.labels ?? {}),
  );
  if (wanted.length === 0) return [];
  const byService = slicesByService(slices);
  return wanted.map(({ metadata, spec }) => {
    const { namespace = '', name = '' } = metadata ?? {};
    const addresses = (byService.get(`${namespace}/${name}`) ?? [])
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ nodeName: node, conditions }) => node === nodeName && conditions?.ready !== false)
      .map((endpoint) => endpoint.addresses[0]);
    return { port: spec!.healthCheckNodePort!, namespace, name, localEndpoints: new Set(addresses).size };
  });
}

interface Answer {
  code: number;
  headers?: Record<string, string>;
  body: string;
}

const statusOf = (good: boolean): number => (good ? 200 : 503);

/** Whether new connections may come here: not to a node that is about to go. */
const isEligible = (node: Node | undefined): boolean =>
  node?.metadata?.deletionTimestamp === undefined && !node?.spec?.taints?.some(({ key }) => key === TO_BE_DELETED);

export function nodeAnswer(path: string, state: HealthState): Answer {
  if (path !== '/healthz' && path !== '/livez') return { code: 404, body: '404 page not found\n' };
  const healthy = state.healthy();
  const nodeEligible = isEligible(state.node());
  const currentTime = new Date(state.now()).toISOString();
  const body = JSON.stringify({ lastUpdated: currentTime, currentTime, nodeEligible });
  return { code: statusOf(healthy && (nodeEligible || path === '/livez')), body };
}

export function modeAnswer(path: string): Answer {
  if (path !== '/proxyMode') return { code: 404, body: '404 page not found\n' };
  return { code: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'iptables' };
}

export function serviceAnswer({ namespace, name, localEndpoints }: HealthCheck, state: HealthState): Answer {
  const healthy = state.healthy();
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: healthy };
  return {
    code: statusOf(healthy && localEndpoints > 0),
    headers: { 'X-Load-Balancing-Endpoint-Weight': String(localEndpoints) },
    body: JSON.stringify(body, undefined, '\t'),
  };
}

/** Ports that are open while somebody may ask on them. */
export class HealthServers {
  private readonly servers = new Map<number, Server>();
  private checks = new Map<number, HealthCheck>();

  constructor(
    private readonly state: HealthState,
    private readonly log: Logger,
    private readonly own = { health: HEALTH_PORT, mode: MODE_PORT },
  ) {
    this.listen(own.health, ({ url = '' }) => nodeAnswer(url.split('?')[0]!, state));
    this.listen(own.mode, ({ url = '' }) => modeAnswer(url.split('?')[0]!), '127.0.0.1');
  }

  update(checks: readonly HealthCheck[]): void {
    this.checks = new Map(checks.map((check) => [check.port, check]));
    for (const [port, server] of this.servers) {
      if (port === this.own.health || port === this.own.mode || this.checks.has(port)) continue;
      this.servers.delete(port);
      end(server);
    }
    for (const port of this.checks.keys()) {
      if (this.servers.has(port)) continue;
      this.listen(port, () => {
        const check = this.checks.get(port);
        return check ? serviceAnswer(check, this.state) : { code: 404, body: '' };
      });
    }
  }

  close(): void {
    for (const server of this.servers.values()) end(server);
    this.servers.clear();
  }

  /** A port that somebody else has is tried again with the next change. */
  private listen(port: number, answer: (request: IncomingMessage) => Answer, host?: string): void {
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const { code, headers = {}, body } = answer(request);
      const fixed = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' };
      response.writeHead(code, { ...fixed, ...headers }).end(body);
    });
    this.servers.set(port, server);
    server.on('error', (error) => {
      this.log.warn({ port, error: String(error) }, 'nobody can ask for the health of services here');
      if (this.servers.get(port) === server) this.servers.delete(port);
    });
    server.listen(port, host);
  }
}

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}
