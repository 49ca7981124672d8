// Pods on the real Docker: what runs, what the API server is told, and that nothing is left behind.
import { readFile, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigMaps, CoreEvents, Pods, Secrets, Services } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { labels, ownedBy } from '../../../src/node/agent/names.ts';
import { execInContainer } from '../../../src/node/docker/exec.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { type TestNode, podGone, podOn, podUntil, startTestNode } from '../support/docker.ts';

const NODE = 'sampan-test-pods';
const key = (name: string) => ({ name, namespace: 'default' });
const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
const container = (pod: Pod, name: string) =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((s) => s.name === name);
/** Ends at once when it is told to, unlike a sleep that is process 1. */
const WAIT = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
const shell = (script: string) => ['sh', '-c', script];

let server: TestServer;
let client: Client;
let node: TestNode;

beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
  node = await startTestNode({ name: NODE, client, podCidr: '10.245.71.0/24' });
});
afterAll(async () => {
  await node?.destroy();
  await server?.close();
});

async function run(pod: Pod, name: string, command: string[]): Promise<string> {
  const id = container(pod, name)?.containerID?.replace('docker://', '') ?? '';
  const { output } = await execInContainer(node.docker, id, command, { timeoutMs: 10_000, maxBytes: 100_000 });
  return output;
}
const events = async (name: string) =>
  (await client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.name === name)
    .map((e) => `${e.type} ${e.reason} ${e.message}`);
const create = (name: string, spec: Parameters<typeof podOn>[2]) => client.create(Pods, podOn(NODE, name, spec));

describe.concurrent('a pod', () => {
  test('initialises, gets its environment and volumes, is ready, and ends gracefully', async () => {
    await client.create(ConfigMaps, { metadata: key('env'), data: { COLOUR: 'blue', motd: 'hello' } });
    await client.create(Secrets, {
      metadata: key('env'),
      data: { password: Buffer.from('s3cret').toString('base64') },
    });
    await client.create(Services, {
      metadata: key('db'),
      spec: { clusterIP: '10.96.0.77', ports: [{ port: 5432, name: 'pg' }] },
    });
    const made = await create('full', {
      initContainers: [
        {
          name: 'init',
          command: shell('echo from-init > /data/made'),
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      containers: [
        {
          name: 'web',
          command: shell(`echo up; ${WAIT}`),
          env: [
            { name: 'PLAIN', value: 'a $(POD)' },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'env', key: 'password' } } },
            { name: 'LATE', value: 'x-$(POD)' },
            { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          ],
          envFrom: [{ configMapRef: { name: 'env' } }],
          resources: { limits: { memory: '64Mi', cpu: '500m' } },
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'config', mountPath: '/config' },
            { name: 'config', mountPath: '/one/motd', subPath: 'motd' },
            { name: 'ram', mountPath: '/ram' },
            { name: 'about', mountPath: '/about' },
          ],
        },
      ],
      hostAliases: [{ ip: '192.0.2.99', hostnames: ['alias.example'] }],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        {
          name: 'config',
          projected: {
            sources: [
              { configMap: { name: 'env' } },
              { secret: { name: 'env', items: [{ key: 'password', path: 'deep/password', mode: 0o400 }] } },
            ],
          },
        },
        { name: 'about', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      ],
    });
    const pod = await podUntil(client, 'full', isReady);
    expect(pod.status).toMatchObject({ phase: 'Running', hostIP: '192.0.2.10', qosClass: 'Burstable' });
    expect(pod.status?.podIP).toMatch(/^10\.245\.71\./);
    expect(container(pod, 'init')).toMatchObject({
      ready: true,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(container(pod, 'web')).toMatchObject({ ready: true, started: true, restartCount: 0 });

    const env = (await run(pod, 'web', ['env'])).split('\n');
    for (const line of [
      'PLAIN=a $(POD)',
      'POD=full',
      `IP=${pod.status?.podIP}`,
      'PASSWORD=s3cret',
      'LATE=x-full',
      'LIMIT=64',
      'COLOUR=blue',
      'DB_SERVICE_HOST=10.96.0.77',
      'DB_PORT_5432_TCP_ADDR=10.96.0.77',
    ]) {
      expect(env).toContain(line);
    }
    expect(await run(pod, 'web', ['cat', '/data/made', '/config/motd', '/config/deep/password', '/one/motd'])).toBe(
      'from-init\nhellos3crethello',
    );
    expect(await run(pod, 'web', ['cat', '/about/labels'])).toBe('app="full"');
    expect(await run(pod, 'web', ['df', '/ram'])).toContain('tmpfs');
    expect(await run(pod, 'web', ['cat', '/etc/hosts'])).toMatch(/\tfull\n[^]*192\.0\.2\.99\talias\.example\n/);
    expect(await run(pod, 'web', ['cat', '/etc/resolv.conf'])).toContain('nameserver 10.96.0.10');
    expect((await run(pod, 'web', ['hostname'])).trim()).toBe('full');

    // The files follow their source, all at once.
    await client.patch(ConfigMaps, key('env'), 'merge', { data: { motd: 'bye', more: 'x' } });
    await expect.poll(() => run(pod, 'web', ['cat', '/config/motd', '/config/more']), { timeout: 5000 }).toBe('byex');

    await client.delete(Pods, key('full'));
    await podGone(client, 'full');
    const left = await node.docker.listContainers({
      ...ownedBy({ nodeName: NODE, dataDir: node.folder }),
      [labels.podName]: 'full',
    });
    expect(left).toEqual([]);
    expect(await readdir(`${node.folder}/pods`)).not.toContain(made.metadata?.uid);
    expect(await events('full')).toEqual([
      'Normal Pulled Container image "sampan-test/busybox:1" already present on machine',
      'Normal Created Created container: init',
      'Normal Started Started container init',
      'Normal Pulled Container image "sampan-test/busybox:1" already present on machine',
      'Normal Created Created container: web',
      'Normal Started Started container web',
      'Normal Killing Stopping container web',
    ]);
  });

  test('that fails is restarted with a growing delay, and says why it died', async () => {
    await create('crash', {
      containers: [{ name: 'c', command: shell('echo last words > /dev/termination-log; exit 3') }],
    });
    const pod = await podUntil(client, 'crash', (p) => {
      const status = container(p, 'c');
      return status?.state?.waiting?.reason === 'CrashLoopBackOff' && status.restartCount >= 2;
    });
    expect(container(pod, 'c')).toMatchObject({
      ready: false,
      state: {
        waiting: { message: expect.stringMatching(/^back-off .* restarting failed container=c pod=crash_default\(/) },
      },
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'last words\n' } },
    });
    expect(pod.status?.phase).toBe('Running');
    // The dead one is kept for `logs --previous`, and no more than that.
    const all = await node.docker.listContainers({
      [labels.podUid]: pod.metadata?.uid ?? '',
      [labels.containerName]: 'c',
    });
    expect(all.length).toBeLessThanOrEqual(2);
    expect(await events('crash')).toContainEqual(
      expect.stringMatching(/^Warning BackOff Back-off restarting failed container c in pod crash_default\(/),
    );
    await client.delete(Pods, key('crash'));
    await podGone(client, 'crash');
  });

  test('that is done is Succeeded or Failed, and keeps its containers for their logs', async () => {
    await create('done', { restartPolicy: 'Never', containers: [{ name: 'c', command: shell('echo result') }] });
    await create('failed', {
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: 1,
      containers: [{ name: 'c', command: shell(WAIT) }],
    });
    await create('init-fails', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'i', command: shell('exit 1') }],
      containers: [{ name: 'c', command: shell(WAIT) }],
    });
    const done = await podUntil(client, 'done', (p) => p.status?.phase === 'Succeeded');
    expect(done.status?.conditions?.find((c) => c.type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    expect(done.status?.podIP).toMatch(/^10\.245\.71\./);
    const names = async () =>
      (await node.docker.listContainers({ [labels.podUid]: done.metadata?.uid ?? '' })).map(
        (summary) => summary.Labels[labels.containerName],
      );
    await expect.poll(names).toEqual(['c']);
    const failed = await podUntil(client, 'failed', (p) => p.status?.phase === 'Failed');
    expect(failed.status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    });
    const init = await podUntil(client, 'init-fails', (p) => p.status?.phase === 'Failed');
    expect(container(init, 'c')?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    for (const name of ['done', 'failed', 'init-fails']) {
      await client.delete(Pods, key(name));
      await podGone(client, name);
    }
  });

  test('waits for an object that it names, and starts when it appears', async () => {
    await create('waits', {
      containers: [
        {
          name: 'c',
          command: shell(WAIT),
          env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'later', key: 'x' } } }],
        },
      ],
    });
    const waiting = await podUntil(
      client,
      'waits',
      (p) => container(p, 'c')?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(container(waiting, 'c')?.state?.waiting?.message).toBe('configmap "later" not found');
    await create('unmounted', {
      containers: [{ name: 'c', command: shell(WAIT), volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      volumes: [{ name: 'v', configMap: { name: 'later' } }],
    });
    await expect
      .poll(() => events('unmounted'), { timeout: 10_000 })
      .toContain('Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "later" not found');
    await client.create(ConfigMaps, { metadata: key('later'), data: { x: '1' } });
    await podUntil(client, 'waits', isReady, 5000);
    await podUntil(client, 'unmounted', isReady, 5000);
    for (const name of ['waits', 'unmounted']) await client.delete(Pods, key(name));
    for (const name of ['waits', 'unmounted']) await podGone(client, name);
  });

  test('whose image is not there says so', async () => {
    const image = (name: string, policy: 'Never' | 'IfNotPresent') => ({
      name: 'c',
      image: name,
      imagePullPolicy: policy,
      command: shell(WAIT),
    });
    await create('never', { containers: [image('sampan-test/absent:1', 'Never')] });
    await create('invalid', { containers: [image('Bad Name', 'IfNotPresent')] });
    await create('absent', { containers: [image('127.0.0.1:9/sampan-test/absent:1', 'IfNotPresent')] });
    const reason = (name: string, wanted: string) =>
      podUntil(client, name, (p) => container(p, 'c')?.state?.waiting?.reason === wanted);
    await reason('never', 'ErrImageNeverPull');
    await reason('invalid', 'InvalidImageName');
    const pod = await reason('absent', 'ImagePullBackOff');
    expect(container(pod, 'c')?.state?.waiting?.message).toMatch(
      /^Back-off pulling image "127\.0\.0\.1:9\/sampan-test\/absent:1": ErrImagePull: /,
    );
    expect(pod.status?.phase).toBe('Pending');
    for (const name of ['never', 'invalid', 'absent']) await client.delete(Pods, key(name));
    for (const name of ['never', 'invalid', 'absent']) await podGone(client, name);
  });

  test('is ready when its probe says so, and restarted when it does not live', async () => {
    await create('probed', {
      containers: [
        {
          name: 'web',
          command: shell(`mkdir -p /www; touch /tmp/alive /www/ok; httpd -p 8080 -h /www; ${WAIT}`),
          ports: [{ containerPort: 8080, name: 'http' }],
          startupProbe: { tcpSocket: { port: 'http' as never }, periodSeconds: 1, failureThreshold: 10 },
          readinessProbe: { httpGet: { path: '/ok', port: 'http' as never }, periodSeconds: 1, failureThreshold: 1 },
          livenessProbe: { exec: { command: ['cat', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    });
    const pod = await podUntil(client, 'probed', isReady);
    await run(pod, 'web', ['rm', '/www/ok']).catch(() => undefined);
    await run(pod, 'web', shell('busybox rm /www/ok'));
    const unready = await podUntil(client, 'probed', (p) => !isReady(p));
    expect(container(unready, 'web')).toMatchObject({ ready: false, started: true, restartCount: 0 });
    await run(pod, 'web', shell('busybox rm /tmp/alive'));
    await podUntil(client, 'probed', (p) => container(p, 'web')?.restartCount === 1 && isReady(p));
    const told = await events('probed');
    expect(told).toContain('Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 404');
    expect(told).toContain(
      "Warning Unhealthy Liveness probe failed: cat: can't open '/tmp/alive': No such file or directory\n",
    );
    expect(told).toContain('Normal Killing Container web failed liveness probe, will be restarted');
    await client.delete(Pods, key('probed'));
    await podGone(client, 'probed');
  });

  test('runs its hooks and its sidecar around its containers', async () => {
    await create('hooked', {
      terminationGracePeriodSeconds: 5,
      initContainers: [
        {
          name: 'side',
          restartPolicy: 'Always',
          command: shell(
            `echo side-up >> /log/l; trap "echo side-down >> /log/l; exit 0" TERM; while :; do sleep 0.1; done`,
          ),
          volumeMounts: [{ name: 'log', mountPath: '/log' }],
        },
      ],
      containers: [
        {
          name: 'c',
          command: shell(`trap "echo term >> /log/l; exit 0" TERM; while :; do sleep 0.1; done`),
          lifecycle: {
            postStart: { exec: { command: shell('echo post-start >> /log/l') } },
            preStop: { exec: { command: shell('echo pre-stop >> /log/l') } },
          },
          volumeMounts: [{ name: 'log', mountPath: '/log' }],
        },
      ],
      volumes: [{ name: 'log', hostPath: { path: `${node.folder}/hooked`, type: 'DirectoryOrCreate' } }],
    });
    await podUntil(client, 'hooked', isReady);
    await client.delete(Pods, key('hooked'));
    await podGone(client, 'hooked');
    expect((await readFile(`${node.folder}/hooked/l`, 'utf8')).split('\n')).toEqual([
      'side-up',
      'post-start',
      'pre-stop',
      'term',
      'side-down',
      '',
    ]);
  });

  test('that ignores SIGTERM is killed when its time is over, or sooner when asked again', async () => {
    await create('stubborn', {
      terminationGracePeriodSeconds: 600,
      containers: [{ name: 'c', command: shell('trap "" TERM; while :; do sleep 0.1; done') }],
    });
    await podUntil(client, 'stubborn', isReady);
    await client.delete(Pods, key('stubborn'));
    const ending = await podUntil(client, 'stubborn', (p) => p.metadata?.deletionTimestamp);
    expect(container(ending, 'c')?.state?.running).toBeDefined();
    await client.delete(Pods, key('stubborn'), { gracePeriodSeconds: 1 });
    await podGone(client, 'stubborn', 20_000);
  });

  test('that the API server forgets is removed all the same', async () => {
    const made = await create('forced', { containers: [{ name: 'c', command: shell(WAIT) }] });
    await podUntil(client, 'forced', isReady);
    await client.delete(Pods, key('forced'), { gracePeriodSeconds: 0 });
    await expect
      .poll(() => node.docker.listContainers({ [labels.podUid]: made.metadata?.uid ?? '' }), { timeout: 20_000 })
      .toEqual([]);
  });

  test('has the place of one that the API server has just forgotten', async () => {
    const seat = {
      containers: [{ name: 'c', command: shell(WAIT), ports: [{ containerPort: 80, hostPort: 41_087 }] }],
    };
    await create('seat-0', seat);
    for (const turn of [0, 1, 2]) {
      await podUntil(client, `seat-${turn}`, isReady);
      await client.delete(Pods, key(`seat-${turn}`));
      while (await client.get(Pods, key(`seat-${turn}`)).catch(() => undefined)) await nextTurn();
      await create(`seat-${turn + 1}`, seat);
    }
    await podUntil(client, 'seat-3', isReady);
    await client.delete(Pods, key('seat-3'));
    await podGone(client, 'seat-3');
  });

  test('does not come back from its end while it is removed, nor is its status written again and again', async () => {
    await create('ending', { containers: [{ name: 'c', command: shell(WAIT) }] });
    const before = await podUntil(client, 'ending', isReady);
    const seen: (string | undefined)[] = [];
    const watching = (async () => {
      const since = { namespace: 'default', resourceVersion: before.metadata?.resourceVersion ?? '' };
      for await (const { type, object } of client.watch(Pods, { ...since, fieldSelector: 'metadata.name=ending' })) {
        if (type === 'DELETED') return;
        if (object.metadata?.deletionTimestamp) seen.push(object.status?.phase);
      }
    })();
    await client.delete(Pods, key('ending'));
    await watching;
    const end = seen.indexOf('Succeeded');
    expect(new Set(seen.slice(end))).toEqual(new Set(['Succeeded']));
    expect(seen.length).toBeLessThan(8);
  });

  test('that does not fit is rejected with the reason', async () => {
    await create('huge', { containers: [{ name: 'c', resources: { requests: { cpu: '100' } } }] });
    await create('elsewhere', { nodeSelector: { disk: 'ssd' }, containers: [{ name: 'c' }] });
    const huge = await podUntil(client, 'huge', (p) => p.status?.phase === 'Failed');
    expect(huge.status?.reason).toBe('OutOfcpu');
    expect(huge.status?.message).toMatch(
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 100000, used: \d+, capacity: 4000$/,
    );
    const elsewhere = await podUntil(client, 'elsewhere', (p) => p.status?.phase === 'Failed');
    expect(elsewhere.status).toMatchObject({
      reason: 'NodeAffinity',
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
    for (const name of ['huge', 'elsewhere']) await client.delete(Pods, key(name));
    for (const name of ['huge', 'elsewhere']) await podGone(client, name);
  });

  test('in the host’s network has the node’s address, and its probes go there', async () => {
    await create('hosted', {
      hostNetwork: true,
      containers: [
        {
          name: 'c',
          command: shell(`httpd -p 127.0.0.1:21777; ${WAIT}`),
          readinessProbe: { tcpSocket: { host: '127.0.0.1', port: 21777 as never }, periodSeconds: 1 },
        },
      ],
    });
    const pod = await podUntil(client, 'hosted', isReady);
    expect(pod.status).toMatchObject({ podIP: '192.0.2.10', hostIP: '192.0.2.10' });
    expect((await run(pod, 'c', ['hostname'])).trim()).toBe(hostname());
    await client.delete(Pods, key('hosted'));
    await podGone(client, 'hosted');
  });

  test('that takes too much memory is OOMKilled', async () => {
    await create('greedy', {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'c',
          // One line without an end is kept in memory until there is no more.
          command: shell('exec busybox tail -n 1 /dev/zero'),
          resources: { limits: { memory: '16Mi' } },
        },
      ],
    });
    const pod = await podUntil(client, 'greedy', (p) => p.status?.phase === 'Failed');
    expect(container(pod, 'c')?.state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
    await client.delete(Pods, key('greedy'));
    await podGone(client, 'greedy');
  });

  test('of another user writes to its group’s volume, and keeps running when its config map goes', async () => {
    await client.create(ConfigMaps, { metadata: key('short-lived'), data: { a: '1' } });
    await create('grouped', {
      securityContext: { runAsUser: 1000, runAsGroup: 1001, fsGroup: 2000, runAsNonRoot: true },
      containers: [
        {
          name: 'c',
          command: shell(WAIT),
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'config', mountPath: '/config' },
          ],
        },
      ],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'config', configMap: { name: 'short-lived', defaultMode: 0o400 } },
      ],
    });
    const pod = await podUntil(client, 'grouped', isReady);
    expect((await run(pod, 'c', ['id'])).trim()).toBe('uid=1000 gid=1001 groups=1001,2000');
    expect(await run(pod, 'c', shell('echo mine > /data/f && stat -c "%u %g" /data/f && cat /config/a'))).toBe(
      '1000 2000\n1',
    );
    await client.delete(ConfigMaps, key('short-lived'));
    await run(pod, 'c', shell('kill -TERM 1'));
    await podUntil(client, 'grouped', (p) => container(p, 'c')?.restartCount === 1 && isReady(p));
    expect(await run(await client.get(Pods, key('grouped')), 'c', ['cat', '/config/a', '/data/f'])).toBe('1mine\n');
    await client.delete(Pods, key('grouped'));
    await podGone(client, 'grouped');
  });

  test('whose sandbox or container dies gets a new one', async () => {
    await create('revived', { containers: [{ name: 'c', command: shell(WAIT) }] });
    const first = await podUntil(client, 'revived', isReady);
    await node.docker.killContainer(container(first, 'c')?.containerID?.replace('docker://', '') ?? '', 'SIGKILL');
    const second = await podUntil(client, 'revived', (p) => container(p, 'c')?.restartCount === 1 && isReady(p));
    expect(container(second, 'c')?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    const [sandbox] = await node.docker.listContainers({
      [labels.podUid]: first.metadata?.uid ?? '',
      [labels.type]: 'podsandbox',
    });
    await node.docker.killContainer(sandbox!.Id, 'SIGKILL');
    await podUntil(client, 'revived', (p) => container(p, 'c')?.restartCount === 2 && isReady(p));
    expect(await events('revived')).toContain(
      'Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.',
    );
    await client.delete(Pods, key('revived'));
    await podGone(client, 'revived');
  });
});
