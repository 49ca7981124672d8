// The same controllers, scheduler and nodes in their usual place and far away: in the server's process, and over HTTPS
// to a server that runs none of them, each as its own user with no more than its role.
import { setMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  DaemonSets,
  Deployments,
  EndpointSlices,
  Namespaces,
  PersistentVolumeClaims,
  Pods,
  ReplicationControllers,
  Services,
  StatefulSets,
} from '../../../src/api/resources.ts';
import { isNotFound } from '../../../src/api/status.ts';
import { systemClock as clock } from '../../../src/client/clock.ts';
import type { Logger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import type { ClientConfig } from '../../../src/client/transport/config.ts';
import { httpsTransport } from '../../../src/client/transport/https.ts';
import { runSimulatedNodes } from '../../../src/node/simulated/run.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import { runScheduler } from '../../../src/server/scheduler/run.ts';
import { type RunningServer, startServer } from '../../../src/server/server.ts';
import { eventually } from './cluster.ts';
import { daemonSet, deployment, statefulSet, template } from './objects.ts';

const stops: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** What went wrong: refusals above all. That a claim goes while its set lives on for a moment is no wrong. */
const warnings: string[] = [];
const note = (text: string): void => {
  if (!/pvc \S+ is being deleted/.test(text)) warnings.push(text);
};
const log: Logger = {
  debug() {},
  info() {},
  warn: (facts, message) => note(`${message} ${JSON.stringify(facts)}`),
  error: (facts, message) => note(`${message} ${JSON.stringify(facts)}`),
};

/** The whole life of a small application. */
async function story(client: Client): Promise<void> {
  await client.create(Namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const web = deployment('web', 3);
  const metadata = { ...web.metadata, namespace: 'shop' };
  await eventually('the namespace is open', () => client.create(Deployments, { ...web, metadata }));
  const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
  await client.create(Services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec,
  });
  await eventually('endpoints are ready', async () => {
    const { items } = await client.list(EndpointSlices, { namespace: 'shop' });
    return items.flatMap((s) => s.endpoints).filter((e) => e.conditions?.ready).length === 3;
  });
  const next = { spec: { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } } };
  await client.patch(Deployments, { name: 'web', namespace: 'shop' }, 'strategic', next);
  await eventually('it rolled', async () => {
    const { status } = await client.get(Deployments, { name: 'web', namespace: 'shop' });
    return (
      status?.conditions?.some((c) => c.reason === 'NewReplicaSetAvailable') &&
      status.updatedReplicas === 3 &&
      status.replicas === 3
    );
  });
  await sets(client);
  await client.delete(Namespaces, { name: 'shop' });
  await eventually('all is gone', async () => client.get(Namespaces, { name: 'shop' }).then(() => false, isNotFound));
  expect((await client.list(Pods, { namespace: 'shop' })).items).toEqual([]);
}

/** The other workloads: made, adopted, rolled, and rid of a claim. */
async function sets(client: Client): Promise<void> {
  const at = (name: string) => ({ name, namespace: 'shop' });
  const labelled = (app: string) => {
    const { spec } = template();
    return { selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec } };
  };
  const db = () => client.create(StatefulSets, { ...statefulSet('db', 2, spec), metadata: at('db') });
  const spec = {
    ...labelled('db'),
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
    podManagementPolicy: 'Parallel',
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      },
    ],
  };
  const agent = () => client.create(DaemonSets, { ...daemonSet('agent', labelled('agent')), metadata: at('agent') });
  const served = () =>
    eventually('a pod on each node', async () => (await client.get(DaemonSets, at('agent'))).status?.numberReady === 2);
  await db();
  await agent();
  await client.create(ReplicationControllers, {
    metadata: at('legacy'),
    spec: { replicas: 1, template: labelled('legacy').template },
  });
  const claimed = () =>
    eventually('claims that go with the set', async () => {
      const { items } = await client.list(PersistentVolumeClaims, { namespace: 'shop' });
      const owners = items.map((c) => c.metadata?.ownerReferences?.[0]?.kind);
      return owners.length === 2 && owners.every((kind) => kind === 'StatefulSet');
    });
  await claimed();
  await served();
  await eventually('the controller has its pod', async () => {
    return (await client.get(ReplicationControllers, at('legacy'))).status?.readyReplicas === 1;
  });
  // Left alone and adopted again, with their revisions.
  await client.delete(DaemonSets, at('agent'), { propagationPolicy: 'Orphan' });
  await eventually('it is gone', async () => client.get(DaemonSets, at('agent')).then(() => false, isNotFound));
  await agent();
  await served();
  const image = { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } };
  await client.patch(DaemonSets, at('agent'), 'strategic', { spec: image });
  await eventually('it rolled', async () => {
    const { status } = await client.get(DaemonSets, at('agent'));
    return status?.observedGeneration === 2 && status.updatedNumberScheduled === 2 && status.numberAvailable === 2;
  });
}

function background(run: (signal: AbortSignal) => Promise<void>): void {
  const stopper = new AbortController();
  setMaxListeners(0, stopper.signal);
  const running = run(stopper.signal);
  stops.push(async () => {
    stopper.abort();
    await running;
  });
}

async function start(options: Parameters<typeof startServer>[0]): Promise<RunningServer> {
  warnings.length = 0;
  const server = await startServer({ store: 'memory', log, ...options });
  stops.push(() => server.close());
  return server;
}

describe('controllers, scheduler and nodes', () => {
  it('do their work in the server’s process, with their own rights', async () => {
    const server = await start({ listen: false });
    background((signal) => runSimulatedNodes({ client: server.client(), count: 2, clock, log, signal }));
    await story(server.client());
    expect(warnings).toEqual([]);
  });

  it('do the same over HTTPS', async () => {
    const server = await start({ listen: { host: '127.0.0.1', port: 0 }, components: ['apiserver'] });
    const { users, clusters } = parse(server.kubeconfig ?? '') as { users: KubeUser[]; clusters: KubeCluster[] };
    const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString();
    const admin: ClientConfig = {
      server: server.url ?? '',
      certificateAuthority: text(clusters[0]?.cluster['certificate-authority-data']),
      clientCertificate: text(users[0]?.user['client-certificate-data']),
      clientKey: text(users[0]?.user['client-key-data']),
    };
    const as = (user?: string) => {
      const transport = httpsTransport(user === undefined ? admin : { ...admin, impersonate: { user } });
      stops.push(() => transport.close());
      return new Client(transport.handler);
    };
    const account = (name: string) => as(`system:serviceaccount:kube-system:${name}`);
    background((signal) => runControllers({ client: account, rootCa: 'CA', clock, log, signal }));
    background((signal) => runScheduler({ client: as('system:kube-scheduler'), clock, log, signal }));
    background((signal) => runSimulatedNodes({ client: as(), count: 2, clock, log, signal }));
    await story(as());
    expect(warnings).toEqual([]);
  });
});

interface KubeUser {
  user: Record<string, string>;
}
interface KubeCluster {
  cluster: Record<string, string>;
}
