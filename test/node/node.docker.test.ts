// The whole node against the whole server over TLS: joining, certificates, what the node serves, and a clean stop.
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Leases, Nodes, Pods } from '../../src/api/resources.ts';
import { Client, readBytes } from '../../src/client/rest.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { type Transport, httpsTransport } from '../../src/client/transport/https.ts';
import { cleanupDocker, cleanupHost } from '../../src/node/cleanup.ts';
import { DockerClient } from '../../src/node/docker/client.ts';
import { PAUSE_IMAGE } from '../../src/node/docker/pause-image.ts';
import { defaultAddress } from '../../src/node/agent/host/machine.ts';
import { type RunningNode, runNode } from '../../src/node/node.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { dialPortForward } from '../../src/wire/port-forward.ts';
import { runRemoteCommand } from '../../src/wire/remote-command.ts';
import { runCli } from '../cli/run-cli.ts';
import { ensureBusyboxImage, podGone, podOn, podUntil } from './support/docker.ts';

const NODE = 'sampan-test-node';
/** Not the loopback: the API server's proxies do not go there. */
const ADDRESS = await defaultAddress();
const NODE_PORT = 21_250;
const POD_CIDR = '10.245.74.0/24';
const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');

let dataDir: string;
let server: RunningServer;
let client: Client;
let transport: Transport;
let node: RunningNode;
let token: string;
const stopper = new AbortController();

beforeAll(async () => {
  const docker = new DockerClient();
  await ensureBusyboxImage(docker);
  await docker.close();
  dataDir = await mkdtemp(join(tmpdir(), 'sampan-test-'));
  server = await startServer({ dataDir, store: 'memory', listen: { host: '127.0.0.1', port: 0 } });
  transport = httpsTransport(clientConfigFrom(loadKubeConfig([server.kubeconfigPath!])));
  client = new Client(transport.handler);
  token = await readFile(join(dataDir, 'node.token'), 'utf8');
  // A range of its own: another cluster on this machine may have the usual one.
  await client.create(Nodes, { metadata: { name: NODE }, spec: { podCIDR: POD_CIDR, podCIDRs: [POD_CIDR] } });
  node = await joinCluster(token, stopper.signal);
  await node.ready;
});
afterAll(async () => {
  stopper.abort();
  await node?.stopped;
  transport?.close();
  await server?.close();
  if (!dataDir) return;
  await cleanupDocker(dataDir);
  await cleanupHost(dataDir);
  await rm(dataDir, { recursive: true, force: true });
});

const joinCluster = (given: string, signal: AbortSignal, port = NODE_PORT, name = NODE) =>
  runNode({ dataDir, nodeName: name, server: server.url!, token: given, port, nodeIp: ADDRESS, signal });

const get = async (path: string, query: Record<string, string | number | boolean> = {}) =>
  (await readBytes(await client.request('GET', path, { query, shared: false }))).toString('utf8');
const podPath = (name: string, subresource: string) => `/api/v1/namespaces/default/pods/${name}/${subresource}`;

async function exec(pod: string, command: string[], input?: string) {
  const chunks: Buffer[] = [];
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const query = new URLSearchParams({ stdout: 'true', ...(input !== undefined && { stdin: 'true' }) });
  for (const word of command) query.append('command', word);
  const stdin = input === undefined ? {} : { stdin: Readable.from([Buffer.from(input)]) };
  const status = await runRemoteCommand(
    transport.dialer,
    `${podPath(pod, 'exec')}?${query.toString()}`,
    { stdout, tty: false, ...stdin },
    new AbortController().signal,
  );
  return { status, output: Buffer.concat(chunks).toString('utf8') };
}

test('the node reports itself: ready, with its address, port, versions and a fresh lease', async () => {
  const object = await client.get(Nodes, { name: NODE });
  expect(object.status).toMatchObject({
    addresses: [
      { type: 'InternalIP', address: ADDRESS },
      { type: 'Hostname', address: NODE },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: NODE_PORT } },
    nodeInfo: {
      kubeletVersion: 'v1.34.1+sampan.1',
      containerRuntimeVersion: expect.stringMatching(/^docker:\/\//) as string,
    },
  });
  expect(object.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  });
  expect(object.metadata?.labels).toMatchObject({ 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' });
  const lease = await client.get(Leases, { name: NODE, namespace: 'kube-node-lease' });
  expect(lease.spec?.holderIdentity).toBe(NODE);
});

test('files are copied without tar in the container, and commands run as other users', async () => {
  const kubeconfig = server.kubeconfigPath!;
  const folder = await mkdtemp(join(tmpdir(), 'sampan-copy-'));
  const cli = (...argv: string[]) => runCli(argv, { cwd: folder, env: { KUBECONFIG: kubeconfig, HOME: folder } });
  const containers = [
    { name: 'bare', image: PAUSE_IMAGE, imagePullPolicy: 'Never', command: ['/pause'] },
    { name: 'shell', command: ['sleep', '1000'], securityContext: { runAsUser: 1000 } },
    { name: 'strict', command: ['sleep', '1000'], securityContext: { runAsUser: 1000, runAsNonRoot: true } },
  ];
  await client.create(Pods, podOn(NODE, 'files', { containers } as never));
  await podUntil(client, 'files', isReady);
  await writeFile(join(folder, 'up'), 'to and fro\n');

  expect(await cli('cp', 'up', 'files:/up', '-c', 'bare')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(await cli('cp', 'files:/up', 'down', '-c', 'bare')).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(join(folder, 'down'), 'utf8')).toBe('to and fro\n');
  const gone = await cli('cp', 'files:/none', 'down', '-c', 'bare');
  expect(gone).toMatchObject({ code: 2, stderr: 'command terminated with exit code 2\n' });

  const id = async (container: string, ...flags: string[]) =>
    cli('exec', 'files', '-c', container, ...flags, '--', 'id');
  expect((await id('shell')).stdout).toMatch(/^uid=1000\b/);
  expect((await id('shell', '--run-as=0:7')).stdout).toMatch(/^uid=0\S* gid=7\b/);
  expect((await id('strict', '--run-as=5')).stdout).toMatch(/^uid=5\b/);
  expect((await id('strict', '--run-as=0')).stderr).toContain('has runAsNonRoot: nothing is run in it as user 0');
  await rm(folder, { recursive: true });
});

test('logs, exec, port-forward and metrics reach the pod through the server', async () => {
  const script =
    'echo first; echo second; mkdir -p /www; echo page > /www/index.html; trap "exit 0" TERM; httpd -p 127.0.0.1:8080 -h /www; while :; do sleep 0.1; done';
  await client.create(Pods, podOn(NODE, 'served', { containers: [{ name: 'web', command: ['sh', '-c', script] }] }));
  await podUntil(client, 'served', isReady);

  await expect.poll(() => get(podPath('served', 'log'))).toBe('first\nsecond\n');
  expect(await get(podPath('served', 'log'), { tailLines: 1 })).toBe('second\n');
  expect(await get(podPath('served', 'log'), { limitBytes: 3 })).toBe('fir');
  expect(await get(podPath('served', 'log'), { timestamps: true, tailLines: 1 })).toMatch(/^\S+Z second\n$/);
  await expect(get(podPath('served', 'log'), { previous: true })).rejects.toThrow(
    'previous terminated container "web" in pod "served" not found',
  );

  expect(await exec('served', ['cat'], 'through\n')).toEqual({
    status: expect.objectContaining({ status: 'Success' }) as object,
    output: 'through\n',
  });
  const failed = await exec('served', ['sh', '-c', 'exit 4']);
  expect(failed.status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '4' }] },
  });

  // The server in the pod listens on its loopback only.
  const forward = await dialPortForward(transport.dialer, podPath('served', 'portforward'));
  const stream = await forward.open(8080);
  stream.write('GET / HTTP/1.0\r\n\r\n');
  let answer = '';
  for await (const chunk of stream) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK[^]*page\n$/);
  forward.close();

  const stats = JSON.parse(await get(`/api/v1/nodes/${NODE}/proxy/stats/summary`)) as {
    pods: { podRef: { name: string }; containers: { name: string; memory: { usageBytes: number } }[] }[];
  };
  const served = stats.pods.find((p) => p.podRef.name === 'served');
  expect(served?.containers[0]?.memory.usageBytes).toBeGreaterThan(0);
  expect(await get(`/api/v1/nodes/${NODE}/proxy/metrics/resource`)).toMatch(
    /container_memory_working_set_bytes\{container="web",namespace="default",pod="served"\} \d+/,
  );
  expect(await get(`/api/v1/nodes/${NODE}/proxy/healthz`)).toBe('ok');

  await client.delete(Pods, { name: 'served', namespace: 'default' });
  await podGone(client, 'served');
});

test('attach joins the terminal of the first process', async () => {
  await client.create(
    Pods,
    podOn(NODE, 'terminal', { containers: [{ name: 'c', command: ['sh'], stdin: true, tty: true }] }),
  );
  await podUntil(client, 'terminal', isReady);
  let output = '';
  let finish = () => {};
  const answered = new Promise<void>((resolve) => (finish = resolve));
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString('utf8');
      if (output.includes('it is 42')) finish();
      done();
    },
  });
  const stdin = Readable.from(
    (async function* () {
      yield Buffer.from('echo it is $((40+2))\n');
      await answered;
      yield Buffer.from('exit 0\n');
    })(),
  );
  const resizes = (async function* () {
    yield { width: 91, height: 17 };
  })();
  const path = `${podPath('terminal', 'attach')}?stdin=true&stdout=true&tty=true`;
  const streams = { stdin, stdout, tty: true, resizes };
  const status = await runRemoteCommand(transport.dialer, path, streams, AbortSignal.timeout(20_000));
  expect(status.status).toBe('Success');
  expect(output).toContain('it is 42');
  await client.delete(Pods, { name: 'terminal', namespace: 'default' });
  await podGone(client, 'terminal');
});

test('what is not there is said as kubectl expects it', async () => {
  const waiting = { name: 'c', image: '127.0.0.1:9/sampan-test/absent:1' };
  await client.create(Pods, podOn(NODE, 'waiting', { containers: [waiting] }));
  await podUntil(
    client,
    'waiting',
    (p) => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  );
  await expect(get(podPath('waiting', 'log'))).rejects.toMatchObject({
    code: 400,
    reason: 'BadRequest',
    message: 'container "c" in pod "waiting" is waiting to start: trying and failing to pull image',
  });
  await expect(exec('waiting', ['true'])).rejects.toThrow('unable to upgrade connection: container not found ("c")');
  await client.delete(Pods, { name: 'waiting', namespace: 'default' });
  await podGone(client, 'waiting');
});

test('strangers get nothing from the node', async () => {
  const base = { server: `https://127.0.0.1:${NODE_PORT}`, insecureSkipTlsVerify: true };
  const anonymous = httpsTransport(base);
  await expect(new Client(anonymous.handler).request('GET', '/pods')).rejects.toMatchObject({ code: 401 });
  anonymous.close();
  const wrong = httpsTransport({ ...base, token: 'abcdef.0123456789abcdef' });
  await expect(new Client(wrong.handler).request('GET', '/pods')).rejects.toMatchObject({ code: 401 });
  wrong.close();
});

test('a bad token, a wrong server, a port in use: one sentence, and nothing half done', async () => {
  const { signal } = new AbortController();
  const other = (given: string, at = server.url!) =>
    runNode({ dataDir, nodeName: 'sampan-test-other', server: at, token: given, port: 21_251, signal });
  await expect(other('nonsense')).rejects.toThrow(/^the join token is malformed: /);
  const [id, , hash] = token.trim().split('.');
  await expect(other(`${id}.aaaaaaaaaaaaaaaa.${hash}`)).rejects.toThrow(
    /^the server \S+ does not accept the join token .*node\.token anew$/,
  );
  await expect(other(`${token.trim().slice(0, 24)}${'0'.repeat(64)}`)).rejects.toThrow(
    /does not show the CA that the token names/,
  );
  await expect(other(token, 'https://127.0.0.1:1')).rejects.toThrow(
    /^cannot reach the server https:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/,
  );
  const occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(21_251, '0.0.0.0', resolve));
  await expect(other(token)).rejects.toThrow(
    "the node's port 21251 is in use: stop what uses it, or choose another with --port",
  );
  await new Promise((resolve) => occupied.close(resolve));
  const socket = '/nonexistent/docker.sock';
  await expect(
    runNode({ dataDir, nodeName: 'sampan-test-other', server: server.url!, token, dockerSocket: socket, signal }),
  ).rejects.toThrow(/^cannot connect to the Docker daemon at unix:\/\/\/nonexistent\/docker\.sock.*--docker/);
  expect((await client.list(Nodes)).items.map((n) => n.metadata?.name)).toEqual([NODE]);
});

test('a node that comes back needs no token, and keeps its identity in files that only root reads', async () => {
  const files = await readdir(join(dataDir, 'nodes', NODE));
  expect(files).toEqual(expect.arrayContaining(['kubelet.kubeconfig', 'kubelet-server.pem']));
  for (const file of ['kubelet.kubeconfig', 'kubelet-server.pem']) {
    expect((await stat(join(dataDir, 'nodes', NODE, file))).mode & 0o777).toBe(0o600);
  }
  stopper.abort();
  await node.stopped;
  const again = new AbortController();
  node = await runNode({ dataDir, nodeName: NODE, port: NODE_PORT, nodeIp: ADDRESS, signal: again.signal });
  await node.ready;
  again.abort();
  await node.stopped;
});
