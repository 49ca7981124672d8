// The agent restarts, the Docker daemon goes away and comes back: pods go on, and what happened meanwhile is caught up.
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pods } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { labels } from '../../../src/node/agent/names.ts';
import { DEFAULT_DOCKER_SOCKET, DockerClient } from '../../../src/node/docker/client.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { type TestNode, podGone, podOn, podUntil, startTestNode } from '../support/docker.ts';

const NODE = 'sampan-test-restart';
const POD_CIDR = '10.245.72.0/24';
const key = (name: string) => ({ name, namespace: 'default' });
const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
const status = (pod: Pod) => pod.status?.containerStatuses?.[0];
const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];

let server: TestServer;
let client: Client;
const direct = new DockerClient();

beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
});
afterAll(async () => {
  await direct.close();
  await server?.close();
});

/** A way to Docker that can be cut: the agent's daemon goes away, the machine's stays. */
async function cuttableSocket() {
  const folder = await mkdtemp(join(tmpdir(), 'sampan-socket-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  let listener: Server | undefined;
  const open = () =>
    new Promise<void>((resolve) => {
      listener = createServer((near) => {
        const far = connect(DEFAULT_DOCKER_SOCKET);
        for (const socket of [near, far]) {
          sockets.add(socket);
          socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
        }
        near.pipe(far).pipe(near);
      }).listen(path, resolve);
    });
  const cut = () =>
    new Promise<void>((resolve) => {
      listener?.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await open();
  return { path, open, cut, remove: () => rm(folder, { recursive: true, force: true }) };
}

test('a restarted agent finds its containers, and removes those of pods that are gone', async () => {
  const first = await startTestNode({ name: NODE, client, podCidr: POD_CIDR });
  let second: TestNode | undefined;
  try {
    const probe = { exec: { command: ['true'] }, periodSeconds: 30, initialDelaySeconds: 1 };
    await client.create(Pods, podOn(NODE, 'stays', { containers: [{ name: 'c', command, readinessProbe: probe }] }));
    const made = await client.create(Pods, podOn(NODE, 'goes', { containers: [{ name: 'c', command }] }));
    const before = await podUntil(client, 'stays', isReady);
    await podUntil(client, 'goes', isReady);
    await first.stop();
    await client.delete(Pods, key('goes'), { gracePeriodSeconds: 0 });
    await podGone(client, 'goes');

    second = await startTestNode({ name: NODE, client, podCidr: POD_CIDR, folder: first.folder });
    await expect
      .poll(() => direct.listContainers({ [labels.podUid]: made.metadata?.uid ?? '' }), { timeout: 20_000 })
      .toEqual([]);
    const after = await client.get(Pods, key('stays'));
    expect(status(after)).toEqual(status(before));
    // It stayed ready all the time: no status was written in between.
    expect(after.metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);

    // It is not only looked at, it is looked after.
    await direct.killContainer(status(after)?.containerID?.replace('docker://', '') ?? '', 'SIGKILL');
    await podUntil(client, 'stays', (p) => status(p)?.restartCount === 1 && isReady(p));
    await client.delete(Pods, key('stays'));
    await podGone(client, 'stays');
  } finally {
    await (second ?? first).destroy();
    await first.docker.close();
  }
});

test('the agent survives the absence of Docker', async () => {
  const socket = await cuttableSocket();
  const node = await startTestNode({ name: NODE, client, podCidr: POD_CIDR, dockerSocket: socket.path });
  try {
    await client.create(Pods, podOn(NODE, 'cut', { containers: [{ name: 'c', command }] }));
    const before = await podUntil(client, 'cut', isReady);
    expect(node.agent.dockerUp).toBe(true);
    await socket.cut();
    await expect.poll(() => node.agent.dockerUp).toBe(false);
    expect(node.agent.dockerFailure).toMatch(/^cannot connect to the Docker daemon at unix:/);
    // Dies while nobody can see it.
    await direct.killContainer(status(before)?.containerID?.replace('docker://', '') ?? '', 'SIGKILL');
    await client.create(Pods, podOn(NODE, 'late', { containers: [{ name: 'c', command }] }));
    await socket.open();
    await podUntil(client, 'cut', (p) => status(p)?.restartCount === 1 && isReady(p));
    await podUntil(client, 'late', isReady);
    expect(node.agent.dockerUp).toBe(true);
    for (const name of ['cut', 'late']) await client.delete(Pods, key(name));
    for (const name of ['cut', 'late']) await podGone(client, name);
  } finally {
    await node.destroy();
    await socket.cut();
    await socket.remove();
  }
});
