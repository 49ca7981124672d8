// One real cluster on this machine for a whole suite: two Docker nodes, an image made of busybox, the API over HTTPS.
// Where upstream's suite uses its agnhost image, pods here run the machine's own Node.js in their namespaces.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../../src/client/rest.ts';
import { loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { httpsTransport } from '../../src/client/transport/https.ts';
import { type Ran, freePort, run, sampan, temporaryFolder } from '../support/cli.ts';
import { Api, type Doc } from './api.ts';

export const IMAGE = 'sampan-test/conformance:1';
const BUSYBOX = '/bin/busybox';
/** The Docker Engines of the two nodes. */
export const DOCKERS = ['unix:///var/run/docker.sock', 'unix:///run/sampan/2/docker.sock'] as const;

export interface Cluster {
  api: Api;
  nodes: Doc[];
  dataDir: string;
  port: number;
  env: NodeJS.ProcessEnv;
  /** The CLI with this cluster's kubeconfig. */
  cli(...args: string[]): Promise<Ran>;
  exec(namespace: string, pod: string, script: string, container?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startCluster(name: string): Promise<Cluster> {
  makeImage(DOCKERS[0]);
  const folder = temporaryFolder(name);
  const dataDir = join(folder.path, 'data');
  const env = { ...process.env, CI: 'true', KUBECONFIG: join(folder.path, 'kubeconfig'), HOME: folder.path };
  const cli = (...args: string[]) => run(sampan, args, { env, timeoutMs: 120_000 });
  const port = await freePort();
  const close = async () => {
    await cli('down', '--data-dir', dataDir, '--delete-data');
    folder.remove();
  };
  const up = await cli('up', '--data-dir', dataDir, '--port', String(port), '--nodes', '2');
  if (up.code !== 0) {
    await close();
    throw new Error(`up failed: ${up.stdout}${up.stderr}`);
  }
  makeImage(DOCKERS[1]);
  const transport = httpsTransport(clientConfigFrom(loadKubeConfig([env.KUBECONFIG])));
  const api = new Api(new Client(transport.handler));
  const nodes = await api.items('/api/v1/nodes');
  return {
    api,
    nodes,
    dataDir,
    port,
    env,
    cli,
    async exec(namespace, pod, script, container) {
      const args = ['exec', '-n', namespace, pod, ...(container ? ['-c', container] : []), '--', 'sh', '-c', script];
      const { stdout, stderr } = await cli(...args);
      return stdout + stderr;
    },
    async close() {
      transport.close();
      await close();
    },
  };
}

/** busybox with all its applets; says what it was started with. */
export function makeImage(docker: string): void {
  const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const root = temporaryFolder('image');
  for (const part of ['bin', 'etc', 'tmp', 'root', 'host']) mkdirSync(join(root.path, part), { recursive: true });
  const script =
    `cp ${BUSYBOX} bin/busybox && for a in ${applets.filter((a) => a !== 'busybox').join(' ')}; do ln -s busybox bin/$a; done; ` +
    `chmod 1777 tmp; ` +
    `printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534:nobody:/:/bin/false\\n' > etc/passwd; printf 'root:x:0:\\n' > etc/group; ` +
    `tar c . | docker -H ${docker} import -c 'ENV PATH=/bin' -c 'ENTRYPOINT ["echo","entrypoint"]' -c 'CMD ["default","arguments"]' - ${IMAGE}`;
  execFileSync('sh', ['-c', script], { cwd: root.path, stdio: ['ignore', 'ignore', 'pipe'] });
  root.remove();
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Spec = Record<string, any>;
/** A shell that ends at once when it is told to. */
export const WAIT = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

/** A container of the suite's image that runs a shell script. */
export const sh = (script: string, more: Spec = {}): Spec => ({
  name: 'c',
  image: IMAGE,
  command: ['sh', '-c', script],
  ...more,
});
/** A container that runs a program for this machine's Node.js, in the pod's namespaces. */
export const js = (program: string, more: Spec = {}): Spec => ({
  name: 'c',
  image: IMAGE,
  command: ['chroot', '/host', process.execPath, '-e', program],
  volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }],
  ...more,
});
export const HOST_MOUNT = { volumeMounts: [{ name: 'host', mountPath: '/host', readOnly: true }] };
export const HOST_VOLUME = { name: 'host', hostPath: { path: '/' } };

/** A namespace, and the questions that tests ask about pods in it. */
export class Space {
  constructor(
    readonly api: Api,
    readonly namespace: string,
  ) {}
  static async make(api: Api, namespace: string): Promise<Space> {
    await api.post('/api/v1/namespaces', { metadata: { name: namespace } });
    await patient(() => api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`));
    return new Space(api, namespace);
  }
  path = (resource: string, name = ''): string =>
    `/api/v1/namespaces/${this.namespace}/${resource}${name && `/${name}`}`;
  create = (resource: string, object: object): Promise<Doc> => this.api.post(this.path(resource), object);
  /** One that runs to its end, unless the spec says otherwise. */
  pod = (name: string, spec: Spec, metadata: Spec = {}): Promise<Doc> =>
    this.create('pods', {
      metadata: { name, ...metadata },
      spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 2, automountServiceAccountToken: false, ...spec },
    });
  get = (name: string): Promise<Doc> => this.api.get(this.path('pods', name));
  until = (name: string, good: (pod: Doc) => boolean, timeoutMs?: number): Promise<Doc> =>
    patient(
      () => this.get(name),
      (pod) => good(pod),
      timeoutMs,
    );
  ready = (name: string): Promise<Doc> =>
    this.until(name, (p) => p['status'].conditions?.some((c: Spec) => c['type'] === 'Ready' && c['status'] === 'True'));
  /** The pod, once its phase is Succeeded or Failed. */
  ended = (name: string): Promise<Doc> => this.until(name, (p) => ['Succeeded', 'Failed'].includes(p['status'].phase));
  logs = (name: string, query = ''): Promise<string> => this.api.send('GET', `${this.path('pods', name)}/log${query}`);
  /** What a pod said that has succeeded. */
  async said(name: string): Promise<string> {
    const pod = await this.ended(name);
    const text = await this.logs(name);
    if (pod['status'].phase !== 'Succeeded') throw new Error(`${name}: ${JSON.stringify(pod['status'])} ${text}`);
    return text;
  }
  async events(name: string): Promise<Doc[]> {
    return this.api.items(`${this.path('events')}?fieldSelector=involvedObject.name%3D${name}`);
  }
}

/** Asks until the answer is good; the last answer stands in the error. */
export async function patient<T>(
  ask: () => Promise<T>,
  good: (value: T) => unknown = () => true,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await ask();
      if (good(value)) return value;
      last = value;
    } catch (error) {
      last = String(error);
    }
    if (Date.now() > deadline)
      throw new Error(`never as expected: ${JSON.stringify((last as Spec | undefined)?.['status'] ?? last)}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
