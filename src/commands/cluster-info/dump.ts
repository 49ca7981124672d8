// `cluster-info dump`: nodes, and of each namespace the workloads, events and logs. Upstream:
// kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go.
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeFolders } from '../../client/make-folders.ts';
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../../cli/errors.ts';
import { Command } from '../../cli/base.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { objectPrinter, type Printer, printFlags, printOptionsOf } from '../../cli/print/object.ts';

const flags = {
  'all-namespaces': flag.bool('If true, dump all namespaces.  If true, --namespaces is ignored.', { short: 'A' }),
  namespaces: flag.slice('A comma separated list of namespaces to dump.'),
  ...printFlags,
  output: flag.string(printFlags.output.help, { short: 'o', default: 'json' }),
  'output-directory': flag.string(
    "Where to output the files.  If empty or '-' uses stdout, otherwise creates a directory hierarchy in that directory",
  ),
  'pod-running-timeout': flag.duration(
    'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
    { default: 20_000 },
  ),
};

/** What is listed of a namespace: the file's name, the group's path, the resource, its list's kind. */
const resources = [
  ['events', '/api/v1', 'events'],
  ['replication-controllers', '/api/v1', 'replicationcontrollers'],
  ['services', '/api/v1', 'services'],
  ['daemonsets', '/apis/apps/v1', 'daemonsets'],
  ['deployments', '/apis/apps/v1', 'deployments'],
  ['replicasets', '/apis/apps/v1', 'replicasets'],
  ['pods', '/api/v1', 'pods'],
] as const;

type ListOf = Unstructured & { items?: Unstructured[] };

export default class ClusterInfoDump extends Command {
  static short = 'Dump relevant information for debugging and diagnosis';
  static override summary =
    "Dump cluster information out suitable for debugging and diagnosing cluster problems.  By default, dumps everything to stdout. You can optionally specify a directory with --output-directory.  If you specify a directory, Kubernetes will build a set of files in that directory.  By default, only dumps things in the current namespace and 'kube-system' namespace, but you can switch to a different namespace with the --namespaces flag, or specify --all-namespaces to dump all namespaces";
  static description =
    'The command also dumps the logs of all of the pods in the cluster; these logs are dumped into different directories based on namespace and pod name.';
  static examples = `# Dump current cluster state to stdout
{program} cluster-info dump

# Dump current cluster state to /path/to/cluster-state
{program} cluster-info dump --output-directory=/path/to/cluster-state

# Dump all namespaces to stdout
{program} cluster-info dump --all-namespaces

# Dump a set of namespaces to /path/to/cluster-state
{program} cluster-info dump --namespaces default,kube-system --output-directory=/path/to/cluster-state`;
  static override usage = '[flags]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private print!: Printer;

  async run(): Promise<void> {
    const { flags: opts } = this.parse(ClusterInfoDump);
    this.opts = opts;
    this.print = await objectPrinter({ ...printOptionsOf(opts), typed: true, cwd: this.io.cwd });
    await this.list('nodes', '/api/v1/nodes');
    for (const namespace of await this.namespaces()) {
      let pods: ListOf | undefined;
      for (const [file, group, plural] of resources) {
        pods = await this.list(join(namespace, file), `${group}/namespaces/${encodeURIComponent(namespace)}/${plural}`);
      }
      for (const pod of pods?.items ?? []) await this.logs(namespace, pod as unknown as Pod);
    }
    const folder = opts['output-directory'];
    if (folder !== '' && folder !== '-') this.out(`Cluster info dumped to ${folder}\n`);
  }

  private async namespaces(): Promise<string[]> {
    const cluster = await this.cluster();
    if (!this.opts['all-namespaces']) {
      return this.opts.namespaces.length > 0 ? this.opts.namespaces : ['kube-system', cluster.namespace];
    }
    const list = await cluster.json<ListOf>('GET', '/api/v1/namespaces');
    return (list.items ?? []).map((i) => i.metadata.name ?? '');
  }

  private async list(file: string, path: string): Promise<ListOf> {
    const list = await (await this.cluster()).json<ListOf>('GET', path);
    // Items of a typed list say neither kind nor version.
    const items = (list.items ?? []).map(({ kind, apiVersion, ...rest }) => (void kind, void apiVersion, rest));
    const { kind, apiVersion, metadata } = list;
    // Go's lists without items are null.
    const whole = { kind, apiVersion, metadata, items: items.length > 0 ? items : null } as unknown as Unstructured;
    if (this.opts.output === 'name') {
      throw new CliError(`list types are not supported by name printing: *v1.${kind}`);
    }
    const extension = { json: '.json', yaml: '.yaml' }[this.opts.output] ?? '.txt';
    await this.put(`${file}${extension}`, this.print(whole));
    return list;
  }

  private async logs(namespace: string, pod: Pod): Promise<void> {
    const name = pod.metadata?.name ?? '';
    const cluster = await this.cluster();
    const { initContainers = [], containers = [] } = pod.spec ?? {};
    let text = '';
    for (const container of [...initContainers, ...containers] as Container[]) {
      const about = `logs for container ${container.name} of pod ${namespace}/${name} ====\n`;
      text += `==== START ${about}`;
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
      text += await cluster
        .text('GET', path, { query: { container: container.name } })
        .catch((error: Error) => `Request log error: ${error.message}\n`);
      text += `==== END ${about}`;
    }
    await this.put(join(namespace, name, 'logs.txt'), text);
  }

  private async put(file: string, text: string): Promise<void> {
    const folder = this.opts['output-directory'];
    if (folder === '' || folder === '-') return this.write(text);
    const path = resolve(this.io.cwd, folder, file);
    makeFolders(dirname(path), 0o777);
    writeFileSync(path, text);
  }
}
