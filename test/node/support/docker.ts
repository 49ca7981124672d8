// What tests with the real Docker need: a busybox image made from the machine's static busybox, a node's agent on the
// in-process API server, and a broom that leaves nothing behind.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Nodes, Pods } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/client/clock.ts';
import { createEventRecorder } from '../../../src/client/events.ts';
import { createInformers } from '../../../src/client/informer.ts';
import { silentLogger } from '../../../src/client/log.ts';
import type { Client } from '../../../src/client/rest.ts';
import type { Agent } from '../../../src/node/agent/agent.ts';
import { BridgeNetwork } from '../../../src/node/agent/bridge-network.ts';
import { nodeObject } from '../../../src/node/agent/node-object.ts';
import { labels, ownedBy } from '../../../src/node/agent/names.ts';
import { removeOwned } from '../../../src/node/cleanup.ts';
import { VolumeFolders } from '../../../src/node/volumes/volume-folders.ts';
import { buildAgent } from '../../../src/node/build-agent.ts';
import { DockerClient } from '../../../src/node/docker/client.ts';
import { ensurePauseImage } from '../../../src/node/docker/pause-image.ts';

export const BUSYBOX_IMAGE = 'sampan-test/busybox:1';
const APPLETS =
  'sh sleep cat echo ls wget httpd nc id env hostname stat test kill touch true false ps trap head mount df seq date'.split(
    ' ',
  );

/** `docker import` of busybox, once per machine. */
export async function ensureBusyboxImage(docker: DockerClient): Promise<void> {
  if (await docker.inspectImage(BUSYBOX_IMAGE)) return;
  if (!existsSync('/bin/busybox')) throw new Error('these tests need /bin/busybox: apt-get install busybox-static');
  const tar = pack();
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile('/bin/busybox'));
  for (const name of APPLETS) tar.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
  for (const name of ['tmp', 'etc', 'proc', 'dev', 'sys']) tar.entry({ name, type: 'directory', mode: 0o1777 });
  tar.finalize();
  const [repository, tag] = BUSYBOX_IMAGE.split(':') as [string, string];
  await docker.importImage(Readable.from(tar), repository, tag, ['ENV PATH=/bin', 'CMD ["/bin/sh"]']);
}

export interface TestNode {
  name: string;
  docker: DockerClient;
  agent: Agent;
  client: Client;
  folder: string;
  /** Ends the agent; containers stay. */
  stop(): Promise<void>;
  /** Ends it and removes all that it made. */
  destroy(): Promise<void>;
}

export interface TestNodeOptions {
  name: string;
  client: Client;
  podCidr: string;
  folder?: string;
  /** Default: the machine's. */
  dockerSocket?: string;
}

/** An agent on the real Docker. The Node object is made when it is absent. */
export async function startTestNode({
  name,
  client,
  podCidr,
  folder,
  dockerSocket,
}: TestNodeOptions): Promise<TestNode> {
  const docker = new DockerClient(dockerSocket === undefined ? {} : { socketPath: dockerSocket });
  await Promise.all([ensurePauseImage(docker), ensureBusyboxImage(docker)]);
  // What a run that was killed has left.
  if (folder === undefined) await removeOwned(docker, { [labels.node]: name });
  const dir = folder ?? (await mkdtemp(join(tmpdir(), 'sampan-node-')));
  const stopper = new AbortController();
  const { signal } = stopper;
  const amounts = { cpu: '4', memory: '8Gi', pods: '110' };
  await client
    .create(Nodes, nodeObject(name, { capacity: amounts, allocatable: amounts }))
    .catch((error: { code?: number }) => {
      if (error.code !== 409) throw error;
    });
  const informers = createInformers(client, { signal });
  const nodes = informers.for(Nodes);
  await nodes.whenSynced(signal);
  const node = { nodeName: name, dataDir: dir };
  const events = createEventRecorder({
    client,
    source: { component: 'kubelet', host: name },
    clock: systemClock,
    log: silentLogger,
  });
  const agent = await buildAgent({
    node,
    folder: dir,
    volumeFolders: new VolumeFolders(join(dir, 'volumes')),
    docker,
    client,
    informers,
    events,
    clock: systemClock,
    log: silentLogger,
    network: new BridgeNetwork({
      docker,
      node,
      dns: { nameserver: '10.96.0.10', domain: 'cluster.local' },
      podCidr: async () => podCidr,
    }),
    hostIps: ['192.0.2.10'],
    nodes,
    signal,
    onDockerChange() {},
    onHostPorts() {},
    backOff: { initialMs: 300, maxMs: 2000 },
  });
  const running = agent.run();
  const stop = async () => {
    stopper.abort();
    await running;
    await events.flush();
  };
  return {
    name,
    docker,
    agent,
    client,
    folder: dir,
    stop,
    async destroy() {
      await stop();
      await docker.close();
      // The test may have cut the agent's own way to Docker.
      const broom = new DockerClient();
      await removeOwned(broom, ownedBy(node));
      await broom.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Waits until the pod is as wanted; its last state is the error's message when it never is. */
export async function podUntil(
  client: Client,
  name: string,
  wanted: (pod: Pod) => unknown,
  timeoutMs = 30_000,
): Promise<Pod> {
  const stopper = new AbortController();
  const timer = setTimeout(() => stopper.abort(), timeoutMs);
  let last: Pod | undefined;
  try {
    const options = { namespace: 'default', fieldSelector: `metadata.name=${name}`, signal: stopper.signal };
    for await (const event of client.watch(Pods, options)) {
      if (event.type !== 'BOOKMARK') last = event.object;
      if (last && wanted(last)) return last;
    }
  } catch (error) {
    if (!stopper.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    stopper.abort();
  }
  throw new Error(`pod ${name} is not as wanted: ${JSON.stringify(last?.status, undefined, 1)}`);
}

/** Waits until the pod is gone from the API server. */
export async function podGone(client: Client, name: string, timeoutMs = 30_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await client.get(Pods, { name, namespace: 'default' }).catch(() => undefined);
    if (!found) return;
    if (Date.now() > until) throw new Error(`pod ${name} is still there: ${JSON.stringify(found.metadata)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Overrides = Partial<NonNullable<Pod['spec']>> & { containers: NonNullable<Pod['spec']>['containers'] };

/** A pod on the node with upstream's defaults that matter here. */
export function podOn(nodeName: string, name: string, spec: Overrides): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      nodeName,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      enableServiceLinks: true,
      ...spec,
      containers: spec.containers.map((c) => ({ image: BUSYBOX_IMAGE, imagePullPolicy: 'IfNotPresent', ...c })),
      ...(spec.initContainers && {
        initContainers: spec.initContainers.map((c) => ({
          image: BUSYBOX_IMAGE,
          imagePullPolicy: 'IfNotPresent',
          ...c,
        })),
      }),
    },
  } as Pod;
}
