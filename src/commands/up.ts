// `up`: a whole cluster on this machine, in the background. Run again, it starts what is dead and says so.
import { existsSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Leases, Namespaces, Nodes } from '../api/resources.ts';
import { isAlreadyExists } from '../api/status.ts';
import type { ResourceType, Unstructured } from '../api/types.ts';
import { kubeConfigPaths } from '../client/kubeconfig.ts';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { CONTEXT, addContext, adminClient } from '../cli/local/context.ts';
import { EXAMPLE_BRANCH, ensureExampleImage, ensureExampleRepository } from '../cli/local/example.ts';
import {
  type ExtraNode,
  extraNode,
  installPackages,
  missingPackages,
  startDocker,
  startExtraNode,
} from '../cli/local/machine.ts';
import { summaryText, typed } from '../cli/local/summary.ts';
import { noArguments } from '../cli/local/daemon.ts';
import { exclusively } from '../cli/local/busy.ts';
import { DEFAULT_PORT, type Plan, planOf } from '../cli/local/plan.ts';
import { checkDataDir, checkKubeConfig, checkRepository } from '../cli/local/preflight.ts';
import { Processes } from '../cli/local/processes.ts';
import { type Step, type StepGroup, runSteps } from '../cli/local/steps.ts';
import { flag } from '../cli/pflag.ts';

const NAMESPACE = 'sampan-system';
const EXAMPLE_URL = 'http://127.0.0.1:30080';
const READY_MS = 60_000;
const SYNC_MS = 90_000;

export const defaultDataDir = (): string =>
  process.getuid?.() === 0 ? '/var/lib/sampan' : join(homedir(), '.local/share/sampan');

const kind = (group: string, plural: string, name: string): ResourceType<Unstructured> => ({
  group,
  version: 'v1',
  plural,
  kind: name,
  namespaced: true,
});
const repositories = kind('source.toolkit.fluxcd.io', 'gitrepositories', 'GitRepository');
const kustomizations = kind('kustomize.toolkit.fluxcd.io', 'kustomizations', 'Kustomization');

interface KustomizationStatus {
  observedGeneration?: number;
  conditions?: { type: string; status: string; reason: string; message: string }[];
}
/** A commit that is wrong stays wrong; anything else is tried again. */
const FINAL_REASONS = new Set(['BuildFailed', 'ArtifactFailed']);

/** The host's short name, as a node may be called. */
const hostName = (): string =>
  hostname()
    .split('.')[0]!
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'node';

export default class Up extends Command {
  static override summary = 'Start a cluster on this machine';
  static description = `Start a cluster on this machine, in the background: the control plane, nodes, and the GitOps loop on a repository of examples (or on --git). It returns when all is ready. Run again, it starts what is dead.

Docker nodes need root; missing system packages are installed with apt-get, and a Docker Engine is started when none runs. Simulated nodes need neither.`;
  static examples = `# Start a cluster with one Docker node
{program} up

# Start a cluster without root and Docker, for a CI job
{program} up --runtime simulated --data-dir ./cluster

# Keep the cluster equal to a repository of yours
{program} up --git https://git.example.com/team/config.git --branch main --path ./clusters/home`;
  static override usage = '[--data-dir DIR] [--nodes N] [--runtime docker|simulated]';
  static override flags = {
    'data-dir': flag.string('Where everything is kept. Default: /var/lib/sampan, without root ~/.local/share/sampan.'),
    port: flag.uint16('Port of the API server. A cluster keeps the port that it has.', { default: DEFAULT_PORT }),
    nodes: flag.int(
      'How many nodes. Docker nodes beyond the first get a network namespace and a Docker Engine of their own.',
      { default: 1 },
    ),
    runtime: flag.string('What nodes run pods on: docker or simulated.', { default: 'docker' }),
    git: flag.string(
      'Git repository to keep the cluster equal to: a URL or a folder. Default: a local one made of the examples.',
    ),
    branch: flag.string('Its branch.', { default: EXAMPLE_BRANCH }),
    path: flag.string("The folder in it. Default: the repository's root."),
  };

  private processes!: Processes;
  private dataDir = '';
  private wasRunning = false;
  private readonly startedAt = Date.now();

  async run(): Promise<number | void> {
    const { flags, args } = this.parse(Up);
    noArguments(args);
    this.dataDir = resolve(flags['data-dir'] || defaultDataDir());
    this.processes = new Processes(this.dataDir);
    const plan = planOf(flags, this.context.parsed.changed, this.processes);
    if (plan.docker && process.getuid?.() !== 0) {
      throw new CliError('Docker nodes need root: run it with sudo, or with --runtime simulated');
    }
    const paths = kubeConfigPaths(this.context.globals.kubeconfig || undefined, this.io.env);
    checkKubeConfig(paths);
    checkDataDir(this.dataDir);
    try {
      await exclusively(this.dataDir, `${this.context.program} up`, () => this.bringAbout(plan));
    } catch (error) {
      if (!this.context.signal.aborted) throw error;
      throw new CliError(
        `interrupted; what was started goes on: run "${this.context.program} up" again to complete it, or "${this.context.program} down"`,
        130,
      );
    }
  }

  private async bringAbout(plan: Plan): Promise<void> {
    const { docker, nodes, git, branch } = plan;
    this.wasRunning = this.processes.alive('server') !== undefined;
    const base = hostName();
    const extras = docker ? Array.from({ length: nodes - 1 }, (_, i) => extraNode(i + 2, `${base}-${i + 2}`)) : [];
    const nodeSteps = docker ? this.dockerNodeSteps(base, extras) : [this.simulatedStep(nodes)];
    const steps: (Step | StepGroup)[] = [
      ...(docker ? [this.packagesStep()] : []),
      ...(git ? [this.repositoryStep(git, branch)] : []),
      ...(docker ? this.machineSteps(extras) : []),
      this.serverStep(plan.port),
      { title: 'Starting nodes and the GitOps loop', steps: [...nodeSteps, this.gitopsStep(plan)] },
      ...(docker && !git ? [this.exampleStep()] : []),
    ];
    const revived = await runSteps(steps, this.io);
    await this.conclude(plan, this.wasRunning && !revived);
  }

  private packagesStep(): Step {
    return {
      title: 'System packages',
      run: async () => {
        const missing = missingPackages();
        if (missing.length === 0) return false;
        await installPackages(missing);
        return `Installed system packages: ${missing.join(', ')}`;
      },
    };
  }

  /** Before anything is started: a URL that does not answer leaves nothing behind. */
  private repositoryStep(url: string, branch: string): Step {
    return {
      title: 'Git repository',
      run: async () => {
        await checkRepository(url, branch);
        return false;
      },
    };
  }

  private machineSteps(extras: readonly ExtraNode[]): (Step | StepGroup)[] {
    const { signal } = this.context;
    return [
      {
        title: 'Docker Engine',
        run: async () => (await startDocker(this.processes, signal)) && 'Started the Docker Engine',
      },
      ...extras.map((extra) => ({
        title: `Network namespace and Docker Engine of ${extra.name}`,
        run: () => startExtraNode(extra, this.processes, signal),
      })),
      {
        title: 'Image of the example',
        run: async () => {
          await ensureExampleImage();
          for (const extra of extras) await ensureExampleImage(extra.docker);
          return false;
        },
      },
    ];
  }

  /** Our own program again, as a daemon. */
  private start(name: string, args: readonly string[], netns?: string): boolean {
    const self = [process.execPath, ...process.execArgv, ...this.program(), ...args];
    const command = netns ? ['nsenter', `--net=/run/netns/${netns}`, ...self] : self;
    return this.processes.start(name, command[0]!, command.slice(1), { cwd: '/' });
  }
  private program(): string[] {
    if (process.versions['bun'] !== undefined) {
      throw new CliError('this program is the client alone: install the npm package sampan to run a cluster');
    }
    return [process.argv[1]!];
  }

  private serverStep(port: number): Step {
    return {
      title: 'Control plane',
      run: async () => {
        const started = this.start('server', ['server', '--data-dir', this.dataDir, '--listen', `0.0.0.0:${port}`]);
        await this.processes.waitFor(
          'server',
          'the control plane',
          () => this.serverReady(port),
          READY_MS,
          this.context.signal,
        );
        addContext(this.dataDir, kubeConfigPaths(this.context.globals.kubeconfig || undefined, this.io.env));
        return started ? `Control plane is ready at ${await this.asAdmin(async (_, server) => server)}` : false;
      },
    };
  }

  /** The file may be of an earlier time with another port: it counts when it has this one's. */
  private async serverReady(port: number): Promise<boolean> {
    return this.asAdmin(async (client, server) => {
      if (new URL(server).port !== String(port) && !this.wasRunning) return false;
      return (await client.request('GET', '/readyz', { shared: false })).status === 200;
    });
  }

  private async asAdmin<T>(
    use: (client: ReturnType<typeof adminClient>['client'], server: string) => Promise<T>,
  ): Promise<T> {
    const { client, server, close } = adminClient(this.dataDir);
    try {
      return await use(client, server);
    } finally {
      close();
    }
  }

  private dockerNodeSteps(base: string, extras: readonly ExtraNode[]): Step[] {
    const common = ['--data-dir', this.dataDir, '--runtime', 'docker'];
    const join_ = async () => {
      const server = await this.joinAddress();
      return ['--server', server, '--token-file', join(this.dataDir, 'node.token')];
    };
    const step = (name: string, args: string[], netns?: string): Step => ({
      title: `Node ${name}`,
      run: async () => {
        const started = this.start(
          `node-${name}`,
          ['node', '--name', name, ...common, ...(await join_()), ...args],
          netns,
        );
        await this.nodeReady(`node-${name}`, [name], started);
        return started ? `Node ${name} is ready` : false;
      },
    });
    return [step(base, []), ...extras.map((extra) => step(extra.name, ['--docker', extra.docker], extra.namespace))];
  }

  /** What nodes in other network namespaces can reach, too: the address that pods use for the API. */
  private async joinAddress(): Promise<string> {
    return this.asAdmin(async (client, server) => {
      const endpoints = await client.get<Unstructured>(
        { group: '', version: 'v1', plural: 'endpoints', kind: 'Endpoints', namespaced: true },
        { namespace: 'default', name: 'kubernetes' },
      );
      const subset = (endpoints['subsets'] as { addresses?: { ip: string }[] }[] | undefined)?.[0];
      const ip = subset?.addresses?.[0]?.ip;
      return ip ? `https://${ip}:${new URL(server).port}` : server;
    });
  }

  private simulatedStep(count: number): Step {
    const names = Array.from({ length: count }, (_, i) => `simulated-${i}`);
    return {
      title: count === 1 ? 'Simulated node' : `${count} simulated nodes`,
      run: async () => {
        const kubeconfig = join(this.dataDir, 'admin.kubeconfig');
        const running = this.processes.argument('node-simulated', '--count');
        if (running !== undefined && Number(running) !== count) await this.processes.stop('node-simulated');
        const started = this.start('node-simulated', [
          'node',
          '--runtime',
          'simulated',
          '--kubeconfig',
          kubeconfig,
          '--count',
          String(count),
        ]);
        await this.nodeReady('node-simulated', names, started);
        return started ? (count === 1 ? 'Simulated node is ready' : `${count} simulated nodes are ready`) : false;
      },
    };
  }

  /** Ready as a daemon of now says it: what is stored may be of an earlier time. */
  private nodeReady(process: string, names: readonly string[], started: boolean): Promise<void> {
    const ready = () =>
      this.asAdmin(async (client) => {
        const [nodes, leases] = await Promise.all([
          client.list(Nodes),
          client.list(Leases, { namespace: 'kube-node-lease' }),
        ]);
        const fresh = new Set(
          leases.items
            .filter((l) => !started || Date.parse(l.spec?.renewTime ?? '') >= this.startedAt)
            .map((l) => l.metadata?.name),
        );
        const up = new Set(
          nodes.items
            .filter((n) => n.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'))
            .map((n) => n.metadata?.name),
        );
        // Nodes of one process are all registered before the first of them renews its Lease.
        return fresh.has(names[0]) && names.every((name) => up.has(name));
      });
    return this.processes.waitFor(process, `node ${names[0]}`, ready, READY_MS, this.context.signal);
  }

  private gitopsStep({ git, branch, path, docker }: Plan): Step {
    return {
      title: 'GitOps loop',
      run: async () => {
        const url = git ?? (await this.exampleUrl());
        const kubeconfig = join(this.dataDir, 'admin.kubeconfig');
        const started = this.start('gitops', ['gitops', 'run', '--kubeconfig', kubeconfig, '--data-dir', this.dataDir]);
        const name = git ? 'cluster' : 'examples';
        const wait = (what: string, ready: () => Promise<boolean>, timeoutMs: number) =>
          this.processes.waitFor('gitops', what, ready, timeoutMs, this.context.signal);
        await wait('the GitOps loop', () => this.declare(name, url, branch, path), READY_MS);
        if (!docker && !git) return started ? 'GitOps loop is running' : false;
        await wait(`the first sync of ${url}`, () => this.synced(name, !started), SYNC_MS);
        return started ? `GitOps loop keeps the cluster equal to ${url}` : false;
      },
    };
  }

  private async exampleUrl(): Promise<string> {
    const folder = join(this.dataDir, 'examples.git');
    const examples = join(this.packageRoot(), 'examples');
    if (existsSync(examples)) await ensureExampleRepository(folder, examples);
    return `file://${folder}`;
  }
  private packageRoot(): string {
    return resolve(process.argv[1]!, process.argv[1]!.endsWith('.ts') ? '../../..' : '../..');
  }

  /** What to follow, unless it is declared already: then it is the user's, and only a contradiction is said. */
  private async declare(name: string, url: string, branch: string, path: string): Promise<boolean> {
    const metadata = { name, namespace: NAMESPACE };
    return this.asAdmin(async (client) => {
      const create = (type: ResourceType<Unstructured>, spec: object) =>
        client
          .create(type, { apiVersion: `${type.group}/${type.version}`, kind: type.kind, metadata, spec })
          .catch((error: unknown) => {
            if (isAlreadyExists(error)) return client.get(type, metadata);
            throw error;
          });
      await client.get(Namespaces, { name: NAMESPACE });
      const { spec } = (await create(repositories, { url, ref: { branch }, interval: '1m' })) as {
        spec?: { url?: string };
      };
      if (name === 'cluster' && spec?.url !== url) {
        throw new CliError(
          `the cluster follows ${spec?.url}, not ${url}: leave out --git, or change it with "${this.context.program} edit gitrepository ${name} -n ${NAMESPACE}"`,
        );
      }
      await create(kustomizations, { sourceRef: { kind: 'GitRepository', name }, path, prune: true, interval: '10m' });
      return true;
    });
  }

  /** A loop that ran before may still show what it said about an earlier commit: only a new one's failure is final. */
  private async synced(name: string, ranBefore: boolean): Promise<boolean> {
    return this.asAdmin(async (client) => {
      const object = await client.get(kustomizations, { name, namespace: NAMESPACE });
      const { conditions, observedGeneration } = (object['status'] ?? {}) as KustomizationStatus;
      const ready = conditions?.find((c) => c.type === 'Ready');
      const current = observedGeneration === object.metadata.generation;
      const early = ready?.message.startsWith('Source artifact not found') === true;
      if (!ranBefore && current && !early && ready?.status === 'False' && FINAL_REASONS.has(ready.reason)) {
        throw new CliError(
          `the cluster runs, but the first sync failed: ${ready.message.split('\n')[0]}; push a commit that mends it`,
        );
      }
      return ready?.status === 'True';
    });
  }

  private exampleStep(): Step {
    return {
      title: 'Example web site',
      run: async () => {
        const ready = async () => (await fetch(`${EXAMPLE_URL}/`)).ok;
        await this.processes.waitFor('gitops', 'the example', ready, SYNC_MS, this.context.signal);
        return this.wasRunning ? false : 'Example web site is ready';
      },
    };
  }

  private async conclude({ git, nodes, docker }: Plan, wasRunning: boolean): Promise<void> {
    const { program, globals } = this.context;
    const text = summaryText({
      wasRunning,
      server: await this.asAdmin(async (_, url) => url),
      nodes,
      docker,
      context: CONTEXT,
      kubeconfig: kubeConfigPaths(globals.kubeconfig || undefined, this.io.env)[0]!,
      dataDir: this.dataDir,
      ...(docker && !git
        ? { example: { url: EXAMPLE_URL, program: typed(program, process.argv[1] ?? program, this.io.cwd) } }
        : {}),
    });
    this.out(`\n${text}\n`);
  }
}
