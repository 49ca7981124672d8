// What upstream's conformance suite asks of pods on a node (test/e2e/common/node), on real containers.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { run } from '../support/cli.ts';
import type { Doc } from './api.ts';
import {
  type Cluster,
  DOCKERS,
  HOST_VOLUME,
  IMAGE,
  Space,
  type Spec,
  WAIT,
  js,
  patient,
  sh,
  startCluster,
} from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, each, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('pods');
  space = await Space.make(cluster.api, 'pods');
  start();
});
afterAll(() => cluster?.close());

const status = (pod: Doc, name = 'c'): Spec =>
  [
    ...(pod['status'].containerStatuses ?? []),
    ...(pod['status'].initContainerStatuses ?? []),
    ...(pod['status'].ephemeralContainerStatuses ?? []),
  ].find((s) => s.name === name);
const one = (container: Spec, more: Spec = {}): Spec => ({ containers: [container], ...more });
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const amount = (name: string, resource: string, divisor?: string) => ({
  name,
  valueFrom: { resourceFieldRef: { resource, divisor } },
});

describe('commands and environment', () => {
  each([
    ['default', {}, 'entrypoint default arguments\n'],
    ['args', { args: ['override', 'arguments'] }, 'entrypoint override arguments\n'],
    ['command', { command: ['echo', 'only'] }, 'only\n'],
    ['both', { command: ['echo', 'a'], args: ['b'] }, 'a b\n'],
    [
      'expansion',
      {
        command: ['echo', '$(A)', '$$(A)', '$(NONE)'],
        args: ['$(B)'],
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: 'pre-$(A)' },
        ],
      },
      'x $(A) $(NONE) pre-x\n',
    ],
  ])('image defaults and overrides: %s', async (name, container, output) => {
    await space.pod(`cmd-${name}`, one({ name: 'c', image: IMAGE, ...container }));
    expect(await space.said(`cmd-${name}`)).toBe(output);
  });

  scenario('downward API as variables', async () => {
    const env = [
      field('NAME', 'metadata.name'),
      field('NS', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('IP', 'status.podIP'),
      field('IPS', 'status.podIPs'),
      field('HOST', 'status.hostIP'),
      field('HOSTS', 'status.hostIPs'),
      field('NODE', 'spec.nodeName'),
      field('SA', 'spec.serviceAccountName'),
      field('LABEL', "metadata.labels['tier']"),
      field('ANNOTATION', "metadata.annotations['note']"),
      amount('CPU_LIMIT', 'limits.cpu'),
      amount('MEMORY_LIMIT', 'limits.memory'),
      amount('CPU_REQUEST', 'requests.cpu', '1m'),
      amount('MEMORY_REQUEST', 'requests.memory', '1Mi'),
    ];
    const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
    await space.pod('downward', one(sh('env', { env, resources })), {
      labels: { tier: 'front' },
      annotations: { note: 'said' },
    });
    const lines = (await space.said('downward')).split('\n');
    const pod = await space.get('downward');
    const { podIP, hostIP } = pod['status'];
    for (const line of [
      'NAME=downward',
      'NS=pods',
      `POD_UID=${pod.metadata.uid}`,
      `IP=${podIP}`,
      `IPS=${podIP}`,
      `HOST=${hostIP}`,
      `HOSTS=${hostIP}`,
      `NODE=${pod['spec'].nodeName}`,
      'SA=default',
      'LABEL=front',
      'ANNOTATION=said',
      'CPU_LIMIT=2',
      'MEMORY_LIMIT=67108864',
      'CPU_REQUEST=250',
      'MEMORY_REQUEST=32',
    ])
      expect(lines).toContain(line);
  });

  scenario('limits that are not set are what the node can give', async () => {
    const env = [amount('CPU', 'limits.cpu'), amount('MEMORY', 'limits.memory')];
    await space.pod('limits', one(sh('env', { env })));
    const text = await space.said('limits');
    expect(Number(/CPU=(\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
    expect(Number(/MEMORY=(\d+)/.exec(text)?.[1])).toBeGreaterThan(1e8);
  });

  scenario('config maps and secrets as variables; optional ones may be absent', async () => {
    await space.create('configmaps', { metadata: { name: 'env' }, data: { 'data-1': 'v1', DATA_2: 'v2' } });
    await space.create('secrets', { metadata: { name: 'env' }, stringData: { 'secret-1': 's1' } });
    const env = [
      { name: 'ONE', valueFrom: { configMapKeyRef: { name: 'env', key: 'data-1' } } },
      { name: 'TWO', valueFrom: { secretKeyRef: { name: 'env', key: 'secret-1' } } },
      { name: 'THREE', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'x', optional: true } } },
    ];
    const envFrom = [
      { configMapRef: { name: 'env' } },
      { prefix: 'p-', configMapRef: { name: 'env' } },
      { prefix: 's_', secretRef: { name: 'env' } },
      { secretRef: { name: 'nowhere', optional: true } },
    ];
    await space.pod('from', one({ name: 'c', image: IMAGE, command: ['env'], env, envFrom }));
    const lines = (await space.said('from')).split('\n');
    for (const line of ['ONE=v1', 'TWO=s1', 'data-1=v1', 'DATA_2=v2', 'p-data-1=v1', 's_secret-1=s1'])
      expect(lines).toContain(line);
    expect(lines.join('\n')).not.toContain('THREE=');
  });

  scenario('a missing config map holds the container back until it is there', async () => {
    await space.pod(
      'held',
      one(sh('echo $LATE', { env: [{ name: 'LATE', valueFrom: { configMapKeyRef: { name: 'late', key: 'k' } } }] })),
    );
    const held = await space.until(
      'held',
      (p) => status(p)?.['state'].waiting?.reason === 'CreateContainerConfigError',
    );
    expect(status(held)['state'].waiting.message).toBe('configmap "late" not found');
    await space.create('configmaps', { metadata: { name: 'late' }, data: { k: 'came' } });
    expect(await space.said('held')).toBe('came\n');
  });

  scenario('variables of services that were there before the pod', async () => {
    await space.create('services', {
      metadata: { name: 'fooservice' },
      spec: { ports: [{ port: 8765, targetPort: 8080 }] },
    });
    const { clusterIP } = (await space.api.get(space.path('services', 'fooservice')))['spec'];
    await space.pod('service-env', one(sh('env')));
    const text = await space.said('service-env');
    for (const line of [
      `FOOSERVICE_SERVICE_HOST=${clusterIP}`,
      'FOOSERVICE_SERVICE_PORT=8765',
      `FOOSERVICE_PORT=tcp://${clusterIP}:8765`,
      'FOOSERVICE_PORT_8765_TCP_PORT=8765',
      'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
      `FOOSERVICE_PORT_8765_TCP=tcp://${clusterIP}:8765`,
      `FOOSERVICE_PORT_8765_TCP_ADDR=${clusterIP}`,
      'KUBERNETES_SERVICE_HOST=10.96.0.1',
    ])
      expect(text).toContain(line);
  });
});

describe('the life of containers', () => {
  scenario('hooks: postStart and preStop, as exec, HTTP and sleep', async () => {
    await space.pod('hooked', {
      ...one(
        js(
          `let seen=[];require('http').createServer((q,r)=>{if(q.url!=='/seen')seen.push(q.url+' '+(q.headers['x-hook']||''));r.end(JSON.stringify(seen))}).listen(8080)`,
        ),
      ),
      volumes: [HOST_VOLUME],
    });
    const { podIP } = (await space.ready('hooked'))['status'];
    const exec = (what: string) => ({ exec: { command: ['wget', '-qO-', `http://${podIP}:8080/${what}`] } });
    const http = (what: string) => ({
      httpGet: { host: podIP, port: 8080, path: `/${what}`, httpHeaders: [{ name: 'x-hook', value: 'yes' }] },
    });
    const make = (name: string, lifecycle: Spec) =>
      space.pod(name, one(sh(WAIT, { lifecycle }), { terminationGracePeriodSeconds: 15 }));
    await Promise.all([
      make('hook-exec', { postStart: exec('exec-start'), preStop: exec('exec-stop') }),
      make('hook-http', { postStart: http('http-start'), preStop: http('http-stop') }),
      make('hook-sleep', { postStart: { sleep: { seconds: 1 } }, preStop: { sleep: { seconds: 1 } } }),
    ]);
    const seenText = async () =>
      JSON.stringify(await space.api.send('GET', `${space.path('pods')}/hooked:8080/proxy/seen`));
    await Promise.all(['hook-exec', 'hook-http', 'hook-sleep'].map((name) => space.ready(name)));
    expect(await seenText()).toMatch(/exec-start/);
    expect(await seenText()).toMatch(/http-start yes/);
    const slept = await space.get('hook-sleep');
    await Promise.all(['hook-exec', 'hook-http', 'hook-sleep'].map((name) => space.api.del(space.path('pods', name))));
    await Promise.all(
      ['hook-exec', 'hook-http', 'hook-sleep'].map((name) =>
        patient(
          () =>
            space.get(name).then(
              () => false,
              () => true,
            ),
          (gone) => gone,
        ),
      ),
    );
    expect(await seenText()).toMatch(/exec-stop/);
    expect(await seenText()).toMatch(/http-stop yes/);
    expect(status(slept)['restartCount']).toBe(0);
  });

  scenario('a postStart hook that fails has its container killed and said so', async () => {
    await space.pod('hook-bad', {
      ...one(sh(WAIT, { lifecycle: { postStart: { exec: { command: ['no-such-program'] } } } })),
      restartPolicy: 'Always',
    });
    await patient(
      () => space.events('hook-bad'),
      (list) => list.some((e) => e['reason'] === 'FailedPostStartHook'),
    );
    await space.until('hook-bad', (p) => status(p)['restartCount'] > 0);
  });

  each([
    ['file', 'echo -n DONE > /dev/termination-log', {}, 0, 'DONE'],
    [
      'nonroot',
      'echo -n DONE > /dev/custom',
      { terminationMessagePath: '/dev/custom', securityContext: { runAsUser: 10000 } },
      0,
      'DONE',
    ],
    ['logs', 'echo -n LOGS; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }, 1, 'LOGS'],
    ['empty', 'echo -n LOGS; exit 0', { terminationMessagePolicy: 'FallbackToLogsOnError' }, 0, undefined],
    [
      'preferred',
      'echo -n OK > /dev/termination-log; echo LOGS; exit 0',
      { terminationMessagePolicy: 'FallbackToLogsOnError' },
      0,
      'OK',
    ],
  ])('termination message: %s', async (name, script, more, code, message) => {
    await space.pod(`message-${name}`, one(sh(script, more)));
    const { terminated } = status(await space.ended(`message-${name}`))['state'];
    expect(terminated).toMatchObject({ exitCode: code, reason: code === 0 ? 'Completed' : 'Error' });
    expect(terminated.message).toBe(message);
  });

  each([
    ['Always', 2, 'Running'],
    ['OnFailure', 1, 'Succeeded'],
    ['Never', 0, 'Failed'],
  ])('restart policy %s', async (restartPolicy, restarts, phase) => {
    const script = `f=/count/n; n=$(cat $f 2>/dev/null || echo 0); echo $((n+1)) > $f; case ${restartPolicy}-$n in Always-2) ${WAIT};; OnFailure-1) exit 0;; esac; exit 1`;
    const name = `policy-${restartPolicy.toLowerCase()}`;
    await space.pod(name, {
      restartPolicy,
      containers: [sh(script, { volumeMounts: [{ name: 'v', mountPath: '/count' }] })],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    const pod = await space.until(
      name,
      (p) =>
        p['status'].phase === phase &&
        status(p)['restartCount'] === restarts &&
        (phase !== 'Running' || status(p)['ready']),
    );
    expect(status(pod)['state'][phase === 'Running' ? 'running' : 'terminated']).toBeDefined();
  });

  scenario('init containers run one after the other, before the others', async () => {
    for (const restartPolicy of ['Never', 'Always']) {
      const name = `init-${restartPolicy.toLowerCase()}`;
      await space.pod(name, {
        restartPolicy,
        initContainers: [sh('true', { name: 'i1' }), sh('true', { name: 'i2' })],
        containers: [sh(restartPolicy === 'Never' ? 'true' : WAIT)],
      });
      const pod = restartPolicy === 'Never' ? await space.ended(name) : await space.ready(name);
      for (const i of ['i1', 'i2'])
        expect(status(pod, i)).toMatchObject({ ready: true, state: { terminated: { exitCode: 0 } } });
      expect(pod['status'].conditions.find((c: Spec) => c['type'] === 'Initialized').status).toBe('True');
    }
  });

  scenario(
    'a failing init container ends a pod that restarts never, and holds one back that restarts always',
    async () => {
      await space.pod('init-bad', {
        initContainers: [sh('true', { name: 'i1' }), sh('false', { name: 'i2' })],
        containers: [sh('true')],
      });
      await space.pod('init-held', {
        restartPolicy: 'Always',
        initContainers: [sh('false', { name: 'i1' }), sh('true', { name: 'i2' })],
        containers: [sh('true')],
      });
      const bad = await space.ended('init-bad');
      expect(bad['status'].phase).toBe('Failed');
      expect(status(bad)['state'].waiting.reason).toBe('PodInitializing');
      expect(bad['status'].conditions.find((c: Spec) => c['type'] === 'Initialized')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [i2]',
      });
      const held = await space.until('init-held', (p) => status(p, 'i1')['restartCount'] >= 1);
      expect(held['status'].phase).toBe('Pending');
      expect(held['status'].conditions.find((c: Spec) => c['type'] === 'Initialized').message).toBe(
        'containers with incomplete status: [i1 i2]',
      );
      expect(status(held)['state'].waiting.reason).toBe('PodInitializing');
      expect(status(held, 'i2')['state'].waiting.reason).toBe('PodInitializing');
    },
  );

  scenario('sidecars start before and end after the others', async () => {
    const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
    await space.pod('sidecar', {
      initContainers: [
        sh(
          `echo side-start >> /v/log; trap 'echo side-stop >> /v/log; cat /v/log; exit 0' TERM; touch /v/up; while :; do sleep 0.1; done`,
          {
            name: 's',
            restartPolicy: 'Always',
            startupProbe: { exec: { command: ['test', '-e', '/v/up'] }, periodSeconds: 1 },
            ...mount,
          },
        ),
      ],
      containers: [sh('echo main >> /v/log; sleep 1; echo main-end >> /v/log', mount)],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    const pod = await space.ended('sidecar');
    expect(pod['status'].phase).toBe('Succeeded');
    expect(await space.logs('sidecar', '?container=s')).toBe('side-start\nmain\nmain-end\nside-stop\n');
  });

  scenario('activeDeadlineSeconds may be set on a running pod, which then fails', async () => {
    await space.pod('deadline', one(sh(WAIT)));
    await space.ready('deadline');
    await space.api.patch(space.path('pods', 'deadline'), { spec: { activeDeadlineSeconds: 3 } });
    const pod = await space.ended('deadline');
    expect(pod['status']).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  scenario('ephemeral containers join a running pod, more than once', async () => {
    await space.pod('host-pod', one(sh(WAIT)));
    await space.ready('host-pod');
    for (const [i, name] of ['debug', 'debug-2'].entries()) {
      await space.api.patch(
        `${space.path('pods', 'host-pod')}/ephemeralcontainers`,
        {
          spec: {
            ephemeralContainers: [
              { name, image: IMAGE, command: ['sh', '-c', 'echo polo; sleep 60'], stdin: true, tty: true },
            ],
          },
        },
        'strategic',
      );
      const pod = await space.until('host-pod', (p) => status(p, name)?.['state'].running);
      expect(pod['spec'].ephemeralContainers).toHaveLength(i + 1);
      expect(
        await patient(
          () => space.logs('host-pod', `?container=${name}`),
          (t) => t !== '',
        ),
      ).toContain('polo');
    }
  });

  scenario("a program that is not there is the container's failure", async () => {
    await space.pod('no-program', one({ name: 'c', image: IMAGE, command: ['/no/such/program'] }));
    const pod = await space.ended('no-program');
    expect(status(pod)['state'].terminated).toMatchObject({ reason: 'ContainerCannotRun', exitCode: 127 });
    expect(status(pod)['state'].terminated.message).toContain('no such file or directory');
  });

  scenario('a container that was removed behind our back is started again, once', async () => {
    await space.pod('removed', { ...one(sh(WAIT)), restartPolicy: 'Always' });
    const before = status(await space.ready('removed'));
    const id = before['containerID'].replace('docker://', '');
    for (const host of DOCKERS) await run('docker', ['-H', host, 'rm', '-f', id]);
    const after = await space.until(
      'removed',
      (p) => status(p)['containerID'] !== before['containerID'] && status(p)['ready'],
    );
    expect(status(after)['restartCount']).toBe(1);
  });
});

describe('pods as objects', () => {
  scenario('class of service, addresses, delete of a collection, patch of a status', async () => {
    const resources = { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '10m', memory: '16Mi' } };
    for (const i of [1, 2, 3]) await space.pod(`many-${i}`, one(sh(WAIT, { resources })), { labels: { type: 'many' } });
    const pod = await space.ready('many-1');
    expect(pod['status'].qosClass).toBe('Guaranteed');
    expect(pod['status'].hostIP).toMatch(/^\d+\./);
    const patched = await space.api.patch(
      `${space.path('pods', 'many-1')}/status`,
      { status: { message: 'Patched by a test', reason: 'E2E' } },
      'strategic',
    );
    expect(patched['status']).toMatchObject({ message: 'Patched by a test', reason: 'E2E', phase: 'Running' });
    await space.api.del(`${space.path('pods')}?labelSelector=type%3Dmany`);
    await patient(
      () => space.api.items(`${space.path('pods')}?labelSelector=type%3Dmany`),
      (list) => list.length === 0,
    );
  });

  scenario('a replaced image restarts its container', async () => {
    await space.pod('image', { ...one(sh(WAIT)), restartPolicy: 'Always' });
    await space.ready('image');
    await space.api.patch(
      space.path('pods', 'image'),
      { spec: { containers: [{ name: 'c', image: 'sampan/hello:1' }] } },
      'strategic',
    );
    const pod = await space.until('image', (p) => status(p)['restartCount'] === 1 && status(p)['ready']);
    expect(status(pod)['image']).toContain('sampan/hello:1');
  });

  scenario('logs: tail, bytes, since, timestamps, previous', async () => {
    await space.pod('logs', {
      ...one(
        sh('for i in 1 2 3; do echo line $i; done; echo err >&2; [ -e /v/x ] && sleep 600; touch /v/x; exit 1', {
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        }),
      ),
      restartPolicy: 'Always',
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    await space.until('logs', (p) => status(p)['restartCount'] === 1 && status(p)['state'].running);
    await patient(
      () => space.logs('logs'),
      (t) => t.includes('err'),
    );
    expect((await space.logs('logs')).split('\n').sort().join()).toBe(',err,line 1,line 2,line 3');
    expect((await space.logs('logs', '?tailLines=1')).split('\n')).toHaveLength(2);
    expect(await space.logs('logs', '?limitBytes=1')).toHaveLength(1);
    expect(await space.logs('logs', '?timestamps=true&tailLines=1')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /);
    expect((await space.logs('logs', '?sinceSeconds=3600')).split('\n')).toHaveLength(5);
    expect((await space.logs('logs', '?previous=true')).split('\n')).toHaveLength(5);
  });

  scenario('a runtime class that is not there is refused, one that is there sets its overhead', async () => {
    const refused = await space.api.failure(
      space.pod('class-none', { ...one(sh('true')), runtimeClassName: 'nowhere' }),
    );
    expect(refused).toMatchObject({ code: 403 });
    expect(refused.message).toContain('pod rejected: RuntimeClass "nowhere" not found');
    await space.api.post('/apis/node.k8s.io/v1/runtimeclasses', {
      metadata: { name: 'heavy' },
      handler: 'runc',
      overhead: { podFixed: { cpu: '10m', memory: '1Mi' } },
    });
    const pod = await space.pod('class-heavy', { ...one(sh('true')), runtimeClassName: 'heavy' });
    expect(pod['spec'].overhead).toEqual({ cpu: '10m', memory: '1Mi' });
    await space.ended('class-heavy');
  });

  scenario('a runtime class whose handler Docker does not know starts nothing, and an event names it', async () => {
    await space.api.post('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'odd' }, handler: 'nonesuch' });
    await space.pod('class-odd', { ...one(sh('true')), runtimeClassName: 'odd' });
    const told = await patient(
      () => space.events('class-odd'),
      (events) => events.some((e) => e['reason'] === 'FailedCreatePodSandBox'),
    );
    expect(told.find((e) => e['reason'] === 'FailedCreatePodSandBox')!['message']).toMatch(/nonesuch/);
  });

  scenario(
    'a pod beyond what its node has is refused by the node; unknown extended resources are not its business',
    async () => {
      const nodeName = cluster.nodes[0]!.metadata.name;
      await space.pod('too-big', { ...one(sh('true', { resources: { requests: { cpu: '1000' } } })), nodeName });
      expect((await space.ended('too-big'))['status'].reason).toBe('OutOfcpu');
    },
  );
});
