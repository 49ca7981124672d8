// What upstream's conformance suite asks of probes, security contexts and namespaces (test/e2e/common/node), on real
// containers.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { run } from '../support/cli.ts';
import type { Doc } from './api.ts';
import { type Cluster, HOST_VOLUME, IMAGE, Space, type Spec, WAIT, js, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, each, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('probes');
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

describe('probes', () => {
  const grpc = (answer: number) =>
    `const h=require('http2').createServer();h.on('stream',s=>{s.on('data',()=>{});s.on('end',()=>{s.respond({':status':200,'content-type':'application/grpc'},{waitForTrailers:true});s.on('wantTrailers',()=>s.sendTrailers({'grpc-status':'0'}));s.end(Buffer.from([0,0,0,0,2,8,${answer}]))})});h.listen(5000)`;
  const quick = { periodSeconds: 1, failureThreshold: 1 };
  const server = (fails: string) =>
    `const t=Date.now();require('http').createServer((q,r)=>{r.statusCode=q.url==='/redirect'?302:(${fails})?500:200;if(r.statusCode===302)r.setHeader('location','http://0.0.0.0/');r.end(q.url)}).listen(8080)`;
  each([
    [
      'http',
      js(server('Date.now()-t>2000'), {
        livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 1, ...quick },
      }),
    ],
    [
      'exec',
      sh(`touch /tmp/health; sleep 2; rm /tmp/health; ${WAIT}`, {
        livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 1, ...quick },
      }),
    ],
    ['tcp', sh(`${WAIT}`, { livenessProbe: { tcpSocket: { port: 8080 }, ...quick } })],
    ['grpc', js(grpc(1), { livenessProbe: { grpc: { port: 2333 }, initialDelaySeconds: 1, ...quick } })],
    ['grpc-not-serving', js(grpc(2), { livenessProbe: { grpc: { port: 5000 }, initialDelaySeconds: 1, ...quick } })],
    ['startup', sh(WAIT, { startupProbe: { exec: { command: ['false'] }, ...quick } })],
  ])('liveness that fails restarts: %s', async (name, container) => {
    await space.pod(`live-${name}`, {
      ...one(container),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      volumes: [HOST_VOLUME],
    });
    await space.until(`live-${name}`, (p) => status(p)?.['restartCount'] >= 1);
    const reasons = async () => (await space.events(`live-${name}`)).map((e) => String(e['reason']));
    await patient(reasons, (seen) => seen.includes('Unhealthy') && seen.includes('Killing'));
  });

  each([
    [
      'http',
      js(server('false'), {
        livenessProbe: { httpGet: { path: '/', port: 'web' }, ...quick, initialDelaySeconds: 1 },
        ports: [{ name: 'web', containerPort: 8080 }],
      }),
    ],
    [
      'redirect',
      js(server('false'), {
        livenessProbe: { httpGet: { path: '/redirect', port: 8080 }, ...quick, initialDelaySeconds: 1 },
      }),
    ],
    [
      'exec',
      sh(`touch /tmp/health; ${WAIT}`, {
        livenessProbe: {
          exec: { command: ['cat', '/tmp/health'] },
          ...quick,
          timeoutSeconds: 10,
          initialDelaySeconds: 1,
        },
      }),
    ],
    ['tcp', js(server('true'), { livenessProbe: { tcpSocket: { port: 8080 }, ...quick, initialDelaySeconds: 1 } })],
    ['grpc', js(grpc(1), { livenessProbe: { grpc: { port: 5000 }, ...quick, initialDelaySeconds: 1 } })],
  ])('liveness that holds does not: %s', async (name, container) => {
    await space.pod(`fine-${name}`, { ...one(container), restartPolicy: 'Always', volumes: [HOST_VOLUME] });
    await space.ready(`fine-${name}`);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(status(await space.get(`fine-${name}`))['restartCount']).toBe(0);
  });

  scenario('readiness waits for its first success, and never restarts', async () => {
    await space.pod(
      'late-ready',
      one(sh(WAIT, { readinessProbe: { exec: { command: ['true'] }, initialDelaySeconds: 4, periodSeconds: 1 } })),
    );
    await space.pod('never-ready', {
      ...one(sh(WAIT, { readinessProbe: { exec: { command: ['no-such-program'] }, periodSeconds: 1 } })),
      restartPolicy: 'Always',
    });
    const pod = await space.ready('late-ready');
    const ready = pod['status'].conditions.find((c: Spec) => c['type'] === 'Ready');
    expect(
      Date.parse(ready.lastTransitionTime) - Date.parse(status(pod)['state'].running.startedAt),
    ).toBeGreaterThanOrEqual(4000);
    const never = await space.until('never-ready', (p) => p['status'].phase === 'Running');
    expect(status(never)).toMatchObject({ ready: false, restartCount: 0 });
  });
});

describe('security and namespaces', () => {
  each([
    ['user', { securityContext: { runAsUser: 65534 } }, 'id -u', '65534'],
    ['group', { securityContext: { runAsUser: 1001, runAsGroup: 2002 } }, 'echo $(id -u) $(id -g)', '1001 2002'],
    ['writable', { securityContext: { readOnlyRootFilesystem: false } }, 'echo x > /file && cat /file', 'x'],
    [
      'read-only',
      { securityContext: { readOnlyRootFilesystem: true } },
      'touch /file 2>/dev/null; [ -e /file ] || echo none',
      'none',
    ],
    [
      'unprivileged',
      { securityContext: { privileged: false } },
      'mount -t tmpfs none /tmp 2>/dev/null || echo may not',
      'may not',
    ],
    [
      'escalation',
      { securityContext: { runAsUser: 1000, allowPrivilegeEscalation: true } },
      'grep NoNewPrivs /proc/self/status | cut -f2',
      '0',
    ],
    [
      'no-escalation',
      { securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false } },
      'grep NoNewPrivs /proc/self/status | cut -f2',
      '1',
    ],
    [
      'capabilities',
      { securityContext: { capabilities: { drop: ['ALL'], add: ['CAP_NET_ADMIN'] } } },
      'grep CapEff /proc/self/status | cut -f2',
      '0000000000001000',
    ],
  ])("a container's %s", async (name, more, script, output) => {
    await space.pod(`sec-${name}`, one(sh(script, more)));
    expect((await space.said(`sec-${name}`)).trim()).toBe(output);
  });

  scenario('a privileged container may what Docker lets it on this machine', async () => {
    const script = 'mount -t tmpfs none /tmp && echo may';
    const bare = await run('docker', ['run', '--rm', '--privileged', '--entrypoint', 'sh', IMAGE, '-c', script]);
    await space.pod('sec-privileged', one(sh(script, { securityContext: { privileged: true } })));
    expect((await space.ended('sec-privileged'))['status'].phase).toBe(bare.code === 0 ? 'Succeeded' : 'Failed');
  });

  scenario("a pod's own users and groups", async () => {
    await space.pod('sec-pod', {
      ...one(sh('echo $(id -u) $(id -g) $(id -G)')),
      securityContext: { runAsUser: 1001, runAsGroup: 2002, supplementalGroups: [3003], fsGroup: 4004 },
    });
    expect(await space.said('sec-pod')).toBe('1001 2002 2002 3003 4004\n');
  });

  scenario('runAsNonRoot refuses root', async () => {
    await space.pod('sec-root', one(sh('true', { securityContext: { runAsNonRoot: true } })));
    const pod = await space.until(
      'sec-root',
      (p) => status(p)?.['state'].waiting?.reason === 'CreateContainerConfigError',
    );
    expect(status(pod)['state'].waiting.message).toContain('container has runAsNonRoot and image will run as root');
  });

  scenario('sysctls: safe ones are set, others are refused by the node', async () => {
    await space.pod('sysctl', {
      ...one(sh('sysctl -n kernel.shm_rmid_forced')),
      securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
    });
    await space.pod('sysctl-unsafe', {
      ...one(sh('true')),
      securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '10000000000' }] },
    });
    expect(await space.said('sysctl')).toBe('1\n');
    const refused = await space.ended('sysctl-unsafe');
    expect(refused['status']).toMatchObject({ phase: 'Failed', reason: 'SysctlForbidden' });
    const { message } = await space.api.failure(
      space.pod('sysctl-bad', {
        ...one(sh('true')),
        securityContext: {
          sysctls: [
            { name: 'foo-', value: 'bar' },
            { name: 'bar..', value: '42' },
          ],
        },
      }),
    );
    expect(message).toContain('Invalid value: "foo-"');
    expect(message).toContain('Invalid value: "bar.."');
  });

  scenario('a pod of another operating system is refused', async () => {
    await space.pod('windows', {
      ...one(sh('true')),
      os: { name: 'windows' },
      nodeName: cluster.nodes[0]!.metadata.name,
    });
    const pod = await space.ended('windows');
    expect(pod['status']).toMatchObject({ phase: 'Failed', reason: 'PodOSNotSupported' });
  });

  scenario('hostname, subdomain, FQDN', async () => {
    await space.pod('named', one(sh('hostname; cat /etc/hosts'), { hostname: 'web-1', subdomain: 'group' }));
    await space.pod(
      'fqdn',
      one(sh('hostname; cat /etc/hosts'), { hostname: 'web-2', subdomain: 'group', setHostnameAsFQDN: true }),
    );
    const named = await space.said('named');
    expect(named).toMatch(/^web-1\n/);
    expect(named).toMatch(/\tweb-1\.group\.pods\.svc\.cluster\.local\tweb-1\n/);
    const fqdn = await space.said('fqdn');
    expect(fqdn).toMatch(/^web-2\.group\.pods\.svc\.cluster\.local\n/);
    expect(fqdn).toMatch(/\tweb-2\.group\.pods\.svc\.cluster\.local\tweb-2\n/);
  });

  scenario("/etc/hosts is ours, unless the pod brings its own or uses the host's network", async () => {
    const mount = { volumeMounts: [{ name: 'host-hosts', mountPath: '/etc/hosts' }] };
    const aliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
    await space.pod('hosts', {
      containers: [sh('cat /etc/hosts', { name: 'c' }), sh('cat /etc/hosts', { name: 'own', ...mount })],
      hostAliases: aliases,
      volumes: [{ name: 'host-hosts', hostPath: { path: '/etc/hosts', type: 'File' } }],
    });
    await space.pod('hosts-host', { ...one(sh('cat /etc/hosts')), hostNetwork: true });
    await space.ended('hosts');
    const managed = await space.logs('hosts', '?container=c');
    expect(managed).toContain('# Kubernetes-managed hosts file.');
    expect(managed).toContain('123.45.67.89\tfoo\tbar');
    expect(await space.logs('hosts', '?container=own')).not.toContain('# Kubernetes-managed hosts file.');
    expect(await space.said('hosts-host')).not.toContain('# Kubernetes-managed hosts file.');
  });

  scenario('host namespaces, and the name of the host', async () => {
    await space.pod('host-ns', {
      ...one(sh('ls /proc | grep -c "^[0-9]*$"; hostname')),
      hostNetwork: true,
      hostPID: true,
      hostIPC: true,
    });
    const [processes, host] = (await space.said('host-ns')).split('\n');
    expect(Number(processes)).toBeGreaterThan(10);
    const { spec, status } = await space.get('host-ns');
    expect(status.podIP).toBe(status.hostIP);
    expect(host).toBe(spec.nodeName);
    const names = cluster.nodes.map((node) => node['metadata'].name as string);
    for (const [at, name] of names.entries()) {
      await space.pod(`host-${at}`, { ...one(sh('hostname')), hostNetwork: true, nodeName: name });
      expect((await space.said(`host-${at}`)).trim()).toBe(name);
    }
  });

  scenario('a shared process namespace', async () => {
    await space.pod('share', {
      shareProcessNamespace: true,
      containers: [
        sh('sleep 1; ps | grep -c marker-x', { name: 'c' }),
        sh('true marker-x; sleep 3', { name: 'other' }),
      ],
    });
    const pod = await space.ended('share');
    expect(pod['status'].phase).toBe('Succeeded');
    expect(Number(await space.logs('share', '?container=c'))).toBeGreaterThanOrEqual(2);
  });
});
