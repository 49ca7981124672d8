import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const cli = (line: string, options: CliOptions = {}) => runCli(words(line), { server, ...options });
const create = async (...objects: object[]): Promise<void> => {
  const { code, stderr } = await cli('create -f -', { stdin: objects.map((o) => JSON.stringify(o)).join('\n---\n') });
  expect([code, stderr]).toEqual([0, '']);
};
const setStatus = async (path: string, status: object): Promise<void> => {
  await server
    .client()
    .request('PATCH', `${path}/status`, { body: { status }, contentType: 'application/merge-patch+json' });
};
const pod = (name: string, spec: object = {}, labels: Record<string, string> = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { containers: [{ name: 'c', image: 'x:1' }], ...spec },
});
const podPath = (name: string): string => `/api/v1/namespaces/default/pods/${name}`;
const container = (state: object, more: object = {}): object => ({
  name: 'c',
  image: 'x:1',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...more,
});
const warn = async (name: string, reason: string, message: string, count = 1): Promise<void> => {
  const uid = (await cli(`get pod ${name} -o jsonpath={.metadata.uid}`)).stdout;
  const at = '2026-01-01T00:00:00Z';
  await create({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${reason.toLowerCase()}` },
    involvedObject: { kind: 'Pod', apiVersion: 'v1', name, namespace: 'default', uid },
    type: 'Warning',
    reason,
    message,
    count,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component: 'test' },
  });
};

beforeAll(async () => {
  server = await startTestServer();
  await create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
  await setStatus('/api/v1/nodes/n1', { conditions: [{ type: 'Ready', status: 'True', reason: 'Up', message: '' }] });
});
afterAll(() => server.close());

describe('why of a pod', () => {
  it('reads what the scheduler said', async () => {
    await create(pod('nowhere'));
    await setStatus(podPath('nowhere'), {
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/1 nodes are available: 1 Insufficient cpu. preemption: none.',
        },
      ],
    });
    const { code, stdout } = await cli('why nowhere');
    expect(code).toBe(3);
    expect(stdout).toContain(
      'pod/nowhere: Pod has not been scheduled\n  Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.\n',
    );
    expect(stdout).toContain('No node has so much cpu left: ask for less in resources.requests');
    expect(stdout).toContain('next: sampan describe nodes\n');
  });
  it('says when no scheduler runs, and names a claim that is not there', async () => {
    await create(pod('claims', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }));
    const { stdout } = await cli('why pod claims');
    expect(stdout).toContain('NotScheduled: no scheduler has looked at it yet');
    expect(stdout).toContain('persistentvolumeclaim/data: NotFound: the claim is not there');
  });
  it('explains images, exit codes and probes', async () => {
    await create(pod('image', { nodeName: 'n1' }), pod('crash', { nodeName: 'n1' }), pod('probe', { nodeName: 'n1' }));
    await setStatus(podPath('image'), {
      phase: 'Pending',
      containerStatuses: [container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } })],
    });
    await setStatus(podPath('crash'), {
      phase: 'Running',
      containerStatuses: [
        container(
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 3, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
        ),
      ],
    });
    await setStatus(podPath('probe'), {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
    });
    await warn('probe', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500', 7);
    expect((await cli('why image')).stdout).toContain(
      'ImagePullBackOff: image "x:1": Back-off\n    The image could not be pulled',
    );
    const crash = (await cli('why crash')).stdout;
    expect(crash).toContain('ended with exit code 137 (OOMKilled), 3 restarts\n    It used more memory than its limit');
    expect(crash).toContain('next: sampan logs crash --previous\n');
    expect((await cli('why probe')).stdout).toContain(
      'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500 (7 times)',
    );
  });
  it('names what is referred to and is not there', async () => {
    await create(
      pod('refs', {
        nodeName: 'n1',
        containers: [
          {
            name: 'c',
            image: 'x',
            envFrom: [{ configMapRef: { name: 'gone' } }, { secretRef: { name: 'fine', optional: true } }],
          },
        ],
      }),
    );
    const { stdout } = await cli('why refs');
    expect(stdout).toContain('NotFound: configmap "gone", which container c names, is not there');
    expect(stdout).not.toContain('fine');
  });
  it('is content with a pod that is ready', async () => {
    await create(pod('good', { nodeName: 'n1' }));
    await setStatus(podPath('good'), { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    expect(await cli('why good')).toEqual({
      code: 0,
      stdout: 'pod/good: nothing is wrong (Pod is Ready)\n',
      stderr: '',
    });
  });
  it('is not content with one that is restarted again and again', async () => {
    await create(pod('restless', { nodeName: 'n1' }));
    const restarted = (agoMs: number): object => ({
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        container(
          { running: {} },
          {
            restartCount: 3,
            lastState: {
              terminated: { exitCode: 137, reason: 'Error', finishedAt: new Date(Date.now() - agoMs).toISOString() },
            },
          },
        ),
      ],
    });
    await setStatus(podPath('restless'), restarted(30_000));
    await warn('restless', 'Unhealthy', 'Liveness probe failed: no', 3);
    const { code, stdout } = await cli('why restless');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^pod\/restless: is troubled\n {2}pod\/restless container c: Restarting: ended with exit/);
    expect(stdout).toContain('Unhealthy: Liveness probe failed: no (3 times)');
    expect(stdout).toContain('next: sampan logs restless --previous\n');
    await setStatus(podPath('restless'), restarted(3_600_000));
    expect((await cli('why restless')).code).toBe(0);
  });
  it('says what runAsNonRoot asks for, and sends nobody to logs of what never started', async () => {
    await create(pod('rooted', { nodeName: 'n1' }), pod('absent', { nodeName: 'n1' }));
    const message = 'container has runAsNonRoot and image will run as root';
    await setStatus(podPath('rooted'), {
      phase: 'Pending',
      containerStatuses: [container({ waiting: { reason: 'CreateContainerConfigError', message } })],
    });
    expect((await cli('why rooted')).stdout).toContain('a user who is not root: set runAsUser');
    const terminated = { exitCode: 127, reason: 'ContainerCannotRun', message: 'exec: "x": no such file' };
    await setStatus(podPath('absent'), {
      phase: 'Running',
      containerStatuses: [
        container({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 3, lastState: { terminated } }),
      ],
    });
    expect((await cli('why absent')).stdout).toContain('next: sampan describe pod absent\n');
  });
  it('leaves a pod that is being deleted its period of grace', async () => {
    await create(pod('ending', { nodeName: 'n1', terminationGracePeriodSeconds: 60 }));
    expect((await cli('delete pod ending --wait=false')).code).toBe(0);
    expect(await cli('why ending')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Terminating: is being deleted, and has its period of grace to end') as string,
    });
    expect((await cli('delete pod ending --grace-period=1 --wait=false')).code).toBe(0);
    await expect
      .poll(() => cli('why ending'))
      .toMatchObject({
        code: 3,
        stdout: expect.stringMatching(/Terminating: should have been gone for \d+s/) as string,
      });
  });
  it('is data with -o, and fails as other commands do', async () => {
    const answers = JSON.parse((await cli('why pod/crash -o json')).stdout) as unknown;
    expect(answers).toMatchObject([
      {
        object: 'pod/crash',
        ok: false,
        findings: [{ severity: 'error', reason: 'CrashLoopBackOff', next: 'logs crash --previous' }],
      },
    ]);
    expect(await cli('why nobody')).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "nobody" not found\n',
    });
  });
});

describe('why of what has pods', () => {
  it('counts the pods with the same trouble', async () => {
    const labels = { app: 'web' };
    const spec = { containers: [{ name: 'c', image: 'x:1' }] };
    await create(
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'web' },
        spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
      pod('web-a', { nodeName: 'n1' }, labels),
      pod('web-b', { nodeName: 'n1' }, labels),
    );
    for (const name of ['web-a', 'web-b']) {
      await setStatus(podPath(name), {
        phase: 'Pending',
        containerStatuses: [container({ waiting: { reason: 'ErrImagePull', message: 'no such tag' } })],
      });
    }
    const { stdout, code } = await cli('why rs/web');
    expect(code).toBe(3);
    expect(stdout).toContain('pod/web-a container c: ErrImagePull: image "x:1": no such tag (and 1 more pod)');
    expect(stdout).not.toContain('web-b');
  });
  it('tells what a controller was refused, and that nothing is asked for', async () => {
    await create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'zero' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { z: 'z' } },
        template: { metadata: { labels: { z: 'z' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
      },
    });
    expect((await cli('why rs zero')).stdout).toContain(
      'ScaledToZero: it asks for no pods\n    next: sampan scale replicaset.apps/zero --replicas=1',
    );
  });
});

describe('why of a service', () => {
  const service = (name: string, selector: object, port: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector, ports: [port] },
  });
  it('finds that no pod has its labels, and which nearly has', async () => {
    await create(service('typo', { app: 'wbe' }, { port: 80 }));
    const { stdout } = await cli('why svc typo');
    expect(stdout).toContain('NoPods: no pod has the labels app=wbe\n    pod web-a has app=web.\n');
  });
  it('finds a port that no container has, and pods that are not ready', async () => {
    await create(service('named', { app: 'web' }, { port: 80, targetPort: 'http' }));
    const { stdout } = await cli('why service/named');
    expect(stdout).toContain('NoSuchPort: port 80 goes to the port named "http", which no container has');
    expect(stdout).toContain('NotReady: 0 of 2 pods are ready');
    expect(stdout).toContain('ErrImagePull');
  });
});

describe('why of others', () => {
  it('looks at nodes and claims', async () => {
    await create(
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n2' }, spec: { unschedulable: true } },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'c' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
      },
    );
    const heard = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();
    const silent = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: '' };
    await setStatus('/api/v1/nodes/n2', { conditions: [{ ...silent, lastHeartbeatTime: heard(5 * 3_600_000) }] });
    await create({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'n2', namespace: 'kube-node-lease' },
      spec: { holderIdentity: 'n2', renewTime: heard(3 * 3_600_000).replace('Z', '000Z') },
    });
    const node = (await cli('why node n2')).stdout;
    expect(node).toContain('NodeStatusUnknown: was last heard of 3h ago\n');
    expect(node).toContain('Cordoned: takes no new pods\n    next: sampan uncordon n2');
    expect((await cli('why pvc c')).stdout).toContain('Pending: storage class "fast" is not there');
  });
});
