// From a Git repository to running containers, as a user does it: two Docker nodes, the example, kubectl and sampan side
// by side, pushes, drift, deaths, and no trace at the end.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort, root, run, sampan, start, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('line');
const dataDir = join(folder.path, 'data');
const kubeconfig = join(folder.path, 'kubeconfig');
const env = { ...process.env, CI: 'true', KUBECONFIG: kubeconfig, HOME: folder.path };
const oldKubectl = join(root, '.cache/kubernetes-client/usr/bin/kubectl');
const cli = (...args: string[]) => run(sampan, args, { env });
const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cli(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
};
const json = async <T = { items: Item[] }>(...args: string[]): Promise<T> =>
  JSON.parse(await ok(...args, '-o', 'json')) as T;
interface Item {
  metadata: { name: string };
  spec: { nodeName: string; clusterIP: string };
  status: { podIP: string; containerStatuses: { restartCount: number; containerID: string; ready: boolean }[] };
}
const curl = async (url: string): Promise<string> => (await run('curl', ['-s', '-m', '3', url])).stdout;
const pids = (name: string): number => Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8').split(' ')[0]);
const hostTraces = () => ({
  containers: execFileSync('docker', ['ps', '-aq', '--filter', `label=io.sampan.data-dir=${dataDir}`], {
    encoding: 'utf8',
  }),
  networks: execFileSync('docker', ['network', 'ls', '--filter', 'name=sampan-', '--format', '{{.Name}}'], {
    encoding: 'utf8',
  }),
  rules: execFileSync('iptables-save', { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /KUBE-|sampan/.test(line)),
  links: execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /sampan|smp-/.test(line)),
  namespaces: execFileSync('ip', ['netns'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('sampan')),
  routes: execFileSync('ip', ['route'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /^10\.(96|244|245)\./.test(line)),
  mounts: readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(dataDir)),
  processes: execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dataDir) && !line.includes('vitest')),
});

let port = 0;
const up = () =>
  run(sampan, ['up', '--data-dir', dataDir, '--port', String(port), '--nodes', '2'], { env, timeoutMs: 180_000 });
let nodes: string[] = [];

beforeAll(async () => {
  port = await freePort();
  const result = await up();
  expect(result, result.stdout).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toContain('http://127.0.0.1:30080/');
  nodes = (await json('get', 'nodes')).items.map((n) => n.metadata.name);
});
afterAll(async () => {
  await cli('down', '--data-dir', dataDir, '--delete-data');
  folder.remove();
});

const pods = async (namespace: string, selector: string): Promise<Item[]> =>
  (await json('get', 'pods', '-n', namespace, '-l', selector)).items;

describe('the example', () => {
  it('runs, and answers at the address that up named', async () => {
    expect(await curl('http://127.0.0.1:30080/')).toContain('Hello from Sampan');
    const names = new Set((await pods('hello', 'app=hello')).map((p) => p.metadata.name));
    expect(names.size).toBe(3);
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add((await curl('http://127.0.0.1:30080/cgi-bin/whoami')).trim());
      return seen.size === 3;
    });
    expect(seen).toEqual(names);
  });

  it('is found by name and by address, from pods of both nodes and from the host', async () => {
    const { spec } = await json<Item>('get', 'service', 'hello', '-n', 'hello');
    expect(await curl(`http://${spec.clusterIP}/`)).toContain('Hello from Sampan');
    writeFileSync(join(folder.path, 'spread.yaml'), spread);
    await ok('apply', '-f', join(folder.path, 'spread.yaml'));
    await ok('rollout', 'status', 'deployment/spread', '--timeout=60s');
    const clients = await pods('default', 'app=spread');
    expect(new Set(clients.map((p) => p.spec.nodeName))).toEqual(new Set(nodes));
    for (const { metadata } of clients) {
      for (const url of ['http://hello.hello/', `http://${spec.clusterIP}/`, 'http://spread/']) {
        expect(await ok('exec', metadata.name, '--', 'wget', '-qO-', url)).not.toBe('');
      }
      const answer = await ok('exec', metadata.name, '--', 'nslookup', 'kubernetes.default.svc.cluster.local');
      expect(answer).toContain('10.96.0.1');
    }
    // Each pod reaches the other node's pods by their own addresses.
    const [a, b] = clients as [Item, Item];
    expect(await ok('exec', a.metadata.name, '--', 'wget', '-qO-', `http://${b.status.podIP}:8080/`)).toContain(
      b.metadata.name,
    );
    expect(await ok('exec', b.metadata.name, '--', 'wget', '-qO-', `http://${a.status.podIP}:8080/`)).toContain(
      a.metadata.name,
    );
  });

  it('lets an independent client in a pod use the API with its in-cluster configuration', async () => {
    writeFileSync(join(folder.path, 'client.yaml'), inCluster);
    await ok('apply', '-f', join(folder.path, 'client.yaml'));
    await ok('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/client', '--timeout=60s');
    expect(await ok('logs', 'client')).toContain('pods: client,');
  });
});

describe.each([
  ['sampan', sampan],
  ['kubectl 1.20', oldKubectl],
])('with %s', (_, program) => {
  const use = (...args: string[]) => run(program, args, { env });
  it('logs, exec, attach and port-forward reach pods on both nodes', async () => {
    // What was scaled down a moment ago may still be ending.
    const spreadPods = await eventually(async () => {
      const found = await pods('default', 'app=spread');
      return found.length === 2 && found;
    });
    for (const pod of spreadPods) {
      const { name } = pod.metadata;
      expect((await use('logs', name)).stdout).toContain('serving');
      expect((await use('exec', name, '--', 'hostname')).stdout.trim()).toBe(name);
      expect(await use('exec', name, '--', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7, stdout: '' });
      expect((await run(program, ['exec', '-i', name, '--', 'cat'], { env, input: 'through' })).stdout).toBe('through');
      const local = await freePort();
      const forward = start(program, ['port-forward', name, `${local}:8080`], env);
      await eventually(async () => (await curl(`http://127.0.0.1:${local}/`)).includes(name));
      await forward.stop();
    }
  });

  it('changes, watches and removes objects', async () => {
    expect((await use('scale', 'deployment/spread', '--replicas=3')).code).toBe(0);
    expect((await use('rollout', 'status', 'deployment/spread', '--timeout=60s')).code).toBe(0);
    expect((await use('label', 'deployment', 'spread', 'tested=yes', '--overwrite')).stdout).toContain('spread');
    expect((await use('annotate', 'deployment', 'spread', 'tested=yes', '--overwrite')).stdout).toContain('annotated');
    expect((await use('describe', 'deployment', 'spread')).stdout).toMatch(/Scaled up replica set/);
    expect((await use('get', 'pods', '-A', '-o', 'wide')).stdout).toContain(nodes[1]);
    expect((await use('create', 'configmap', 'made', '--from-literal=a=b')).code).toBe(0);
    expect((await use('delete', 'configmap', 'made')).stdout).toContain('deleted');
    expect((await use('scale', 'deployment/spread', '--replicas=2')).code).toBe(0);
  });
});

describe('a push', () => {
  const site = join(folder.path, 'site');
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', site, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      encoding: 'utf8',
    });
  const push = (edit: (file: (name: string) => { read(): string; write(text: string): void }) => void): string => {
    if (!existsSync(site)) execFileSync('git', ['clone', '-q', join(dataDir, 'examples.git'), site]);
    edit((name) => ({
      read: () => readFileSync(join(site, 'hello', name), 'utf8'),
      write: (text) => writeFileSync(join(site, 'hello', name), text),
    }));
    git('add', '-A');
    git('commit', '-q', '-m', 'change');
    git('push', '-q');
    return git('rev-parse', 'HEAD').trim();
  };

  it('changes replicas and content, adds and prunes', async () => {
    const commit = push((file) => {
      file('deployment.yaml').write(file('deployment.yaml').read().replace('replicas: 3', 'replicas: 2'));
      file('index.html').write('<h1>Changed</h1>\n');
      file('extra.yaml').write('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n');
      file('kustomization.yaml').write(
        file('kustomization.yaml').read().replace('  - service.yaml', '  - service.yaml\n  - extra.yaml'),
      );
    });
    await eventually(async () =>
      (await ok('gitops', 'get')).includes(`Applied revision: main@sha1:${commit.slice(0, 8)}`),
    );
    await eventually(async () => (await curl('http://127.0.0.1:30080/')).includes('Changed'));
    await eventually(async () => (await pods('hello', 'app=hello')).length === 2);
    await ok('get', 'configmap', 'extra', '-n', 'hello');
    push((file) => file('kustomization.yaml').write(file('kustomization.yaml').read().replace('\n  - extra.yaml', '')));
    await eventually(async () => (await cli('get', 'configmap', 'extra', '-n', 'hello')).stderr.includes('not found'));
  });

  it('that is broken leaves what runs, and says where', async () => {
    const good = (await json<{ spec: object }>('get', 'deployment', 'hello', '-n', 'hello')).spec;
    push((file) => file('deployment.yaml').write(file('deployment.yaml').read().replace('replicas:', 'replica:')));
    const said = await eventually(
      async () => /Deployment\/hello\/hello dry-run failed .*\n?/.exec(await ok('gitops', 'get'))?.[0],
    );
    expect(said).toContain('hello/deployment.yaml');
    expect(said).toContain('replica');
    expect((await json<{ spec: object }>('get', 'deployment', 'hello', '-n', 'hello')).spec).toEqual(good);
    push((file) => file('deployment.yaml').write(file('deployment.yaml').read().replace('replica:', 'replicas:')));
    await eventually(async () => (await ok('gitops', 'get', 'kustomization')).includes('True'));
  });

  it('is not needed to put back what is changed by hand', async () => {
    await ok('scale', 'deployment/hello', '-n', 'hello', '--replicas=5');
    await ok('delete', 'service', 'hello', '-n', 'hello');
    await eventually(async () => {
      const { spec } = await json<{ spec: { replicas: number } }>('get', 'deployment', 'hello', '-n', 'hello');
      return spec.replicas === 2 && (await cli('get', 'service', 'hello', '-n', 'hello')).code === 0;
    });
  });

  it('waits while suspended', async () => {
    await ok('gitops', 'suspend', 'examples');
    push((file) => file('index.html').write('<h1>Later</h1>\n'));
    await ok('scale', 'deployment/hello', '-n', 'hello', '--replicas=1');
    expect(await ok('gitops', 'resume', 'examples')).toContain('reconciled');
    await eventually(async () => (await curl('http://127.0.0.1:30080/')).includes('Later'));
    expect(await ok('gitops', 'reconcile', 'examples', '--with-source')).toMatch(/applied main@sha1:/);
  });
});

describe('a death', () => {
  /** Once all have been started: one that was made a moment ago has no container yet. */
  const first = () =>
    eventually(async () => {
      const all = await pods('hello', 'app=hello');
      return all.every((pod) => pod.status.containerStatuses?.[0]?.ready) ? all[0] : undefined;
    });
  it('of a container has it started again', async () => {
    const { metadata, status } = await first();
    const id = status.containerStatuses[0]!.containerID.replace('docker://', '');
    const { spec } = await json<{ spec: { nodeName: string } }>('get', 'pod', metadata.name, '-n', 'hello');
    const socket = spec.nodeName === nodes[0] ? 'unix:///var/run/docker.sock' : 'unix:///run/sampan/2/docker.sock';
    execFileSync('docker', ['-H', socket, 'kill', id]);
    await eventually(async () => {
      const pod = await json<Item>('get', 'pod', metadata.name, '-n', 'hello');
      const [container] = pod.status.containerStatuses;
      return container!.restartCount === 1 && container!.ready;
    }, 60_000);
  });

  it('of the node daemons changes nothing that runs', async () => {
    await eventually(async () => (await pods('hello', 'app=hello')).length === 2);
    const before = (await pods('hello', 'app=hello')).map((p) => p.status.containerStatuses[0]!.containerID).sort();
    for (const node of nodes) process.kill(pids(`node-${node}`), 'SIGKILL');
    expect(await curl('http://127.0.0.1:30080/')).toContain('Later');
    const again = await up();
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect((await pods('hello', 'app=hello')).map((p) => p.status.containerStatuses[0]!.containerID).sort()).toEqual(
      before,
    );
  });

  it('of the server loses nothing that was acknowledged', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `kept-${i}`);
    for (const name of names) await ok('create', 'configmap', name);
    process.kill(pids('server'), 'SIGKILL');
    expect(await curl('http://127.0.0.1:30080/')).toContain('Later');
    await eventually(async () => (await up()).code === 0, 60_000);
    const kept = (await json('get', 'configmaps')).items.map((c) => c.metadata.name);
    expect(kept).toEqual(expect.arrayContaining(names));
  });
});

describe('the end', () => {
  it('leaves no process, container, network, rule or mount behind, and what was stored comes back', async () => {
    await ok('down', '--data-dir', dataDir);
    expect(hostTraces()).toEqual({
      containers: '',
      networks: '',
      rules: [],
      links: [],
      namespaces: [],
      routes: [],
      mounts: [],
      processes: [],
    });
    expect(existsSync(join(dataDir, 'store'))).toBe(true);
    expect(await up()).toMatchObject({ code: 0, stderr: '' });
    await ok('get', 'configmap', 'kept-7');
    await eventually(async () => (await curl('http://127.0.0.1:30080/')).includes('Later'));
  });
});

const spread = `apiVersion: apps/v1
kind: Deployment
metadata: {name: spread}
spec:
  replicas: 2
  selector: {matchLabels: {app: spread}}
  template:
    metadata: {labels: {app: spread}}
    spec:
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: spread}}}
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: sampan/hello:1
          command: [sh, -c, 'mkdir -p /site && hostname > /site/index.html && echo serving && exec httpd -f -p 8080 -h /site']
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: spread}
spec: {selector: {app: spread}, ports: [{port: 80, targetPort: 8080}]}
`;

/** The machine's own Node.js and this repository's modules, lent to a pod. */
const inCluster = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: client}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  restartPolicy: Never
  nodeSelector: {kubernetes.io/os: linux}
  containers:
    - name: client
      image: sampan/hello:1
      command: [/usr/bin/env, NODE_PATH=/repo/node_modules, ${process.execPath}, --input-type=module, -e]
      args:
        - |
          import { createRequire } from 'node:module';
          const require = createRequire('/repo/package.json');
          const { KubeConfig, CoreV1Api } = await import(require.resolve('@kubernetes/client-node'));
          const config = new KubeConfig();
          config.loadFromCluster();
          const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: 'default' });
          console.log('pods: ' + items.map((p) => p.metadata.name).sort().join() + ',');
      volumeMounts:
        - {name: usr, mountPath: /usr, readOnly: true}
        - {name: lib64, mountPath: /lib64, readOnly: true}
        - {name: lib, mountPath: /lib, readOnly: true}
        - {name: repo, mountPath: /repo, readOnly: true}
  volumes:
    - {name: usr, hostPath: {path: /usr}}
    - {name: lib, hostPath: {path: /usr/lib}}
    - {name: lib64, hostPath: {path: /usr/lib64}}
    - {name: repo, hostPath: {path: '${root}'}}
`;
