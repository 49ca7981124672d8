// A composition root: the node's HTTPS server, from its certificate to its routes.
import { systemClock } from '../client/clock.ts';
import type { Logger } from '../client/log.ts';
import type { Client } from '../client/rest.ts';
import { type HttpServer, createHttpServer } from '../wire/http-server.ts';
import { servePortForward } from '../wire/port-forward.ts';
import { serveRemoteCommand } from '../wire/remote-command.ts';
import type { Agent } from './agent/agent.ts';
import { disk, memory, processorUse } from './agent/host/machine.ts';
import { type NodeIdentity, ownedBy } from './agent/names.ts';
import type { DockerClient } from './docker/client.ts';
import { type KeyAndCertificate, selfSigned } from './join/certificate-request.ts';
import { NodeAccessControl } from './server/access.ts';
import { NamespaceDialer } from './server/namespace-dialer.ts';
import { type NodeServerOptions, nodeHandler } from './server/node-server.ts';
import { type ServingOptions, openServingCertificate, rotateServingCertificate } from './server/serving-certificate.ts';
import { collectUsage } from './server/stats.ts';

export interface ServeOptions {
  node: NodeIdentity;
  folder: string;
  client: Client;
  docker: DockerClient;
  dockerRoot: string;
  agent: Agent;
  /** PEM: callers' certificates are signed by it. */
  authority: string;
  address: string;
  listen: { host: string; port: number };
  log: Logger;
  signal: AbortSignal;
}

export interface NodeEndpoint {
  port: number;
  close(): Promise<void>;
}

const SIGNING_MS = 10_000;

/** Resolves when it listens. */
export async function serveNode(options: ServeOptions): Promise<NodeEndpoint> {
  const { client, folder, address, authority, log, signal } = options;
  const { nodeName } = options.node;
  const dialer = new NamespaceDialer();
  const certificates = { client, nodeName, folder, address, authority, clock: systemClock, log, signal };
  const opening = openServingCertificate(certificates);
  // Pods need not wait for the signers of a cluster that has none: what they sign later is used from then on.
  const patience = systemClock.sleep(SIGNING_MS, signal).catch(() => undefined);
  const signed = await Promise.race([opening, patience]);
  const first = signed ?? (await selfSigned(nodeName, address, Date.now()));
  const identity = ({ key, certificate }: typeof first) => ({ key, cert: certificate, clientCa: authority });
  const server: HttpServer = createHttpServer({
    handler: nodeHandler(handlerOptions(options, dialer)),
    tls: identity(first),
    onError: (error, what) => log.warn({ error: String(error), what }, 'a request to the node failed'),
  });
  const { port } = await server.listen(options.listen);
  void keepCertificate(opening, certificates, (next) => server.setTls(identity(next))).catch(() => undefined);
  return {
    port,
    async close() {
      await server.close(500);
      await dialer.close();
    },
  };
}

async function keepCertificate(
  opening: Promise<KeyAndCertificate>,
  options: ServingOptions,
  use: (next: KeyAndCertificate) => void,
): Promise<void> {
  const first = await opening;
  use(first);
  await rotateServingCertificate(first, options, use);
}

function handlerOptions(options: ServeOptions, dialer: NamespaceDialer): NodeServerOptions {
  const { agent, client, docker, node } = options;
  const access = new NodeAccessControl({ client, nodeName: node.nodeName, clock: systemClock });
  return {
    nodeName: node.nodeName,
    docker,
    access: (request) => access.check(request),
    findPod(namespace, name, uid) {
      const worker = agent.worker(namespace, name, uid);
      return worker && { pod: worker.pod, runtime: () => worker.runtime(), status: () => worker.statusNow() };
    },
    pods: () => [...agent.workers.values()].map((worker) => worker.pod),
    async usage() {
      const [containers, ram, disks, cpu] = await Promise.all([
        collectUsage(docker, ownedBy(node)),
        memory(),
        disk(options.dockerRoot),
        processorUse(),
      ]);
      const time = new Date().toISOString();
      const own = { name: node.nodeName, time, startedAt: cpu.bootedAt, cpuNanos: cpu.nanos, memory: ram, disk: disks };
      return { node: own, containers };
    },
    configuration: () => ({
      kubeletconfig: {
        kind: 'KubeletConfiguration',
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        address: options.listen.host,
        port: options.listen.port,
        cgroupDriver: 'cgroupfs',
        maxPods: 110,
      },
    }),
    async healthy() {
      if (!agent.dockerUp) throw new Error(`the Docker daemon does not answer: ${agent.dockerFailure}`);
    },
    dialer,
    serveRemoteCommand,
    servePortForward,
    clock: systemClock,
  };
}
