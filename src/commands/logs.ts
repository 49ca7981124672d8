// `logs`: of a container, a pod, a workload or a selection. Upstream: kubectl/pkg/cmd/logs/logs.go. Beyond upstream:
// pods by a regular expression, selections that are followed while pods come and go, JSON.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isNotFound } from '../api/status.ts';
import { readLines } from '../client/rest.ts';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError } from '../cli/errors.ts';
import { selectorFlag } from '../cli/flags.ts';
import { linePrinter, type LogSource } from '../cli/logs/line.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import {
  byLogging,
  containerNames,
  DEFAULT_CONTAINER,
  findContainer,
  podSelectorOf,
  waitForPods,
} from '../cli/pods.ts';
import { paintFor } from '../cli/print/style.ts';

const SELECTOR_TAIL = 10;

const flags = {
  'all-containers': flag.bool("Get all containers' logs in the pod(s)."),
  'all-pods': flag.bool('Get logs from all pod(s). Sets prefix to true.'),
  'all-namespaces': flag.bool('With -l or --match: pods of all namespaces.', { short: 'A', own: true }),
  container: flag.string('Print the logs of this container', { short: 'c' }),
  follow: flag.bool('Specify if the logs should be streamed.', { short: 'f' }),
  'ignore-errors': flag.bool('If watching / following pod logs, allow for any errors that occur to be non-fatal'),
  'insecure-skip-tls-verify-backend': flag.bool(
    'Skip verifying the identity of the kubelet that logs are requested from.  In theory, an attacker could provide invalid log content back. You might want to use this if your kubelet serving certificates have expired.',
  ),
  'limit-bytes': flag.int('Maximum bytes of logs to return. Defaults to no limit.'),
  live: flag.bool(
    'Follow the pods of the selection as they come and go, all their containers unless -c names one. Ends when it is interrupted.',
    { own: true },
  ),
  match: flag.string(
    'Pods whose names match this regular expression (RE2), all their containers unless -c names one. With -f as --live.',
    { own: true },
  ),
  output: flag.string('Output format. One of: (json): an object for each line, with time, pod and container.', {
    short: 'o',
    own: true,
  }),
  'max-log-requests': flag.int(
    'Specify maximum number of concurrent logs to follow when using by a selector. Defaults to 5.',
    { default: 5 },
  ),
  'pod-running-timeout': flag.duration(
    'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
    { default: 20_000 },
  ),
  prefix: flag.bool('Prefix each log line with the log source (pod name and container name)'),
  previous: flag.bool('If true, print the logs for the previous instance of the container in a pod if it exists.', {
    short: 'p',
  }),
  ...selectorFlag,
  since: flag.duration(
    'Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one of since-time / since may be used.',
  ),
  'since-time': flag.string(
    'Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / since may be used.',
  ),
  tail: flag.int(
    'Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.',
    { default: -1 },
  ),
  timestamps: flag.bool('Include timestamps on each line in the log output'),
};

export default class Logs extends Command {
  static override summary = 'Print the logs for a container in a pod or specified resource';
  static description = 'If the pod has only one container, the container name is optional.';
  static examples = `# Return snapshot logs from pod nginx with only one container
{program} logs nginx

# Return snapshot logs from pod nginx, prefixing each line with the source pod and container name
{program} logs nginx --prefix

# Return snapshot logs, limiting output to 500 bytes
{program} logs nginx --limit-bytes=500

# Begin streaming the logs of the ruby container in pod web-1
{program} logs -f -c ruby web-1

# Begin streaming the logs from all containers in pods defined by label app=nginx
{program} logs -f -l app=nginx --all-containers=true

# Display only the most recent 20 lines of output in pod nginx
{program} logs --tail=20 nginx

# Return snapshot of previous terminated ruby container logs from pod web-1
{program} logs -p -c ruby web-1

# Return snapshot logs from container nginx-1 of a deployment named nginx
{program} logs deployment/nginx -c nginx-1

# Follow all pods of a deployment through a rollout
{program} logs --live deployment/nginx

# The last five minutes of every pod whose name begins with web- or api-, as JSON
{program} logs --match '^(web|api)-' --since=5m -o json

# Wait up to 20 seconds for the pod to start
{program} logs nginx --pod-running-timeout=20s

# All containers of a pod
{program} logs nginx --all-containers=true

# All pods of a deployment
{program} logs deployment/nginx --all-pods=true

# All containers of the pods with a label
{program} logs -l app=nginx --all-containers=true

# Ten pods at once, and no more
{program} logs -l app=nginx --max-log-requests=10

# Follow on after errors
{program} logs nginx -f --ignore-errors=true

# The last hour
{program} logs --since=1h nginx

# What was written since a moment, with the time of each line
{program} logs nginx --since-time=2024-08-30T06:00:00Z --timestamps=true

# From a kubelet whose certificate has expired
{program} logs --insecure-skip-tls-verify-backend nginx

# The first container of a job
{program} logs job/hello`;
  static override usage = '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private container = '';
  /** How a line is printed; undefined: bytes go out as they come. */
  private format?: (source: LogSource, line: string) => string;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Logs);
    this.opts = opts;
    this.container = opts.container;
    this.checkArgs(args);
    if (opts.output !== '' && opts.output !== 'json') {
      throw new CliError(
        `unable to match a printer suitable for the output format ${JSON.stringify(opts.output)}, allowed formats are: json`,
      );
    }
    if (opts.live || (opts.match !== '' && opts.follow)) return this.live(args[0]);
    const pods = opts.match === '' ? await this.pods(args[0]) : await this.matching();
    this.validate(args);
    this.format = await this.lineFormat();
    const streams = pods.flatMap((pod) => this.streamsOf(pod));
    this.context.interrupts.exitCode = 1;
    if (opts.follow && streams.length > 1) {
      if (streams.length > opts['max-log-requests']) {
        throw new CliError(
          `you are attempting to follow ${streams.length} log streams, but maximum allowed concurrency is ${opts['max-log-requests']}, use --max-log-requests to increase the limit`,
        );
      }
      await Promise.all(streams.map((s) => this.print(s)));
    } else for (const stream of streams) await this.print(stream);
  }

  private checkArgs(args: readonly string[]): void {
    const usage = `expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command`;
    if (args.length > 2 || (args.length === 0 && !this.opts.selector && !this.opts.match)) this.usageError(usage);
    if (args.length === 1 && this.opts.selector) {
      this.usageError('only a selector (-l) or a POD name is allowed');
    }
    if (args.length > 0 && this.opts.match) this.usageError('only --match or a POD name is allowed');
    if (args.length > 0 && this.opts['all-namespaces']) this.usageError('-A goes with -l or --match, not with a name');
    if (args.length === 2) this.container = args[1]!;
  }

  private validate(args: readonly string[]): void {
    const { opts } = this;
    if (opts['since-time'] && opts.since !== 0) {
      throw new CliError('at most one of `sinceTime` or `sinceSeconds` may be specified');
    }
    if (opts['all-containers'] && this.container) {
      throw new CliError(`--all-containers=true should not be specified with container name ${this.container}`);
    }
    if (this.changed('container') && args.length === 2) {
      throw new CliError('only one of -c or an inline [CONTAINER] arg is allowed');
    }
    if (opts['limit-bytes'] < 0) throw new CliError('--limit-bytes must be greater than 0');
    if (opts.since < 0) throw new CliError('--since must be greater than 0');
    if (opts.tail < -1) throw new CliError('--tail must be greater than or equal to -1');
  }

  private async pods(name: string | undefined): Promise<Pod[]> {
    const { opts } = this;
    const cluster = await this.cluster();
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: name === undefined ? [] : [name],
      defaultType: 'pods',
      labelSelector: name === undefined ? opts.selector : '',
      allNamespaces: opts['all-namespaces'],
      singleType: true,
    }).build();
    const error = built.errors[0];
    if (isNotFound(error)) {
      throw new CliError(
        `error from server (NotFound): ${error.message} in namespace ${JSON.stringify(cluster.namespace)}`,
      );
    }
    if (error) throw error;
    if (name === undefined) {
      if (built.infos.length === 0) this.err(`No resources found in ${cluster.namespace} namespace.\n`);
      return built.infos.map((i) => i.object as unknown as Pod);
    }
    const object = built.infos[0]!.object!;
    if (object.kind === 'Pod') return [object as unknown as Pod];
    let selector: string;
    try {
      selector = podSelectorOf(object);
    } catch (why) {
      throw new CliError(`cannot get the logs from *v1.${object.kind}: ${(why as Error).message}`);
    }
    const found = await waitForPods(
      cluster,
      object.metadata.namespace ?? cluster.namespace,
      selector,
      opts['pod-running-timeout'],
    );
    found.sort(byLogging);
    if (opts['all-pods'] || found.length === 1) return found;
    this.err(`Found ${found.length} pods, using pod/${found[0]!.metadata?.name}\n`);
    return [found[0]!];
  }

  private streamsOf(pod: Pod): LogSource[] {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const stream = (container: string): LogSource => ({ pod: name, namespace, container });
    if (this.opts['all-containers'] || (this.opts.match !== '' && this.container === '')) {
      return [...initContainers, ...containers, ...ephemeralContainers].map((c) => stream(c.name));
    }
    let container = this.container;
    const noted = pod.metadata?.annotations?.[DEFAULT_CONTAINER];
    if (container === '' && noted) {
      if (findContainer(pod, noted)) container = noted;
      else this.err(`Default container name ${JSON.stringify(noted)} not found in pod ${name}\n`);
    }
    if (container === '') {
      container = containers[0]?.name ?? '';
      const several = containers.length > 1 || initContainers.length > 0 || ephemeralContainers.length > 0;
      if (several && !this.opts['all-pods']) {
        this.err(`Defaulted container ${JSON.stringify(container)} out of: ${containerNames(pod)}\n`);
      }
    }
    if (!findContainer(pod, container)) throw new CliError(`container ${container} is not valid for pod ${name}`);
    return [stream(container)];
  }

  private query(container: string): Record<string, string | number | boolean | undefined> {
    const { opts } = this;
    const tail = opts.selector && opts.tail === -1 && !this.changed('tail') ? SELECTOR_TAIL : opts.tail;
    return {
      container,
      follow: opts.follow || undefined,
      previous: opts.previous || undefined,
      timestamps: opts.timestamps || opts.output === 'json' || undefined,
      insecureSkipTLSVerifyBackend: opts['insecure-skip-tls-verify-backend'] || undefined,
      limitBytes: opts['limit-bytes'] || undefined,
      sinceSeconds: opts.since ? Math.round(opts.since / 1000) : undefined,
      sinceTime: opts['since-time'] || undefined,
      tailLines: tail === -1 ? undefined : tail,
    };
  }

  private async print(stream: LogSource): Promise<void> {
    try {
      await this.copy(stream);
    } catch (error) {
      if (!this.opts['ignore-errors']) throw error;
      this.out(`error: ${(error as Error).message}\n`);
    }
  }

  private async copy({ namespace, pod, container }: LogSource): Promise<void> {
    const cluster = await this.cluster();
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
    const response = await cluster.request('GET', path, {
      query: this.query(container),
      headers: { accept: 'application/json, */*' },
      signal: this.context.signal,
    });
    const bytes = response.body?.bytes() ?? new Uint8Array();
    const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
    const { format } = this;
    if (!format) for await (const chunk of chunks) await this.write(chunk);
    else
      for await (const line of readLines(toAsync(chunks)))
        await this.write(format({ namespace, pod, container }, line));
  }

  /** Lines are taken apart only when something is put before them or around them. */
  private async lineFormat(): Promise<Logs['format']> {
    const { opts } = this;
    const json = opts.output === 'json';
    const live = opts.live || (opts.match !== '' && opts.follow);
    const prefix = opts.prefix || opts['all-pods'] || opts.match !== '' || opts.live;
    if (!json && !prefix) return undefined;
    const stamped = json || opts.timestamps || live;
    const { timestamps } = opts;
    const options = { json, prefix, timestamps, stamped, withNamespace: opts['all-namespaces'] };
    return linePrinter(options, await paintFor(this.io));
  }

  private async matching(): Promise<Pod[]> {
    const cluster = await this.cluster();
    const wants = await this.pattern();
    const path = this.opts['all-namespaces']
      ? '/api/v1/pods'
      : `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/pods`;
    const list = await cluster.json<{ items?: Pod[] }>('GET', path, {
      query: { labelSelector: this.opts.selector || undefined },
    });
    const found = (list.items ?? []).filter(wants);
    if (found.length === 0) this.err(`No pod matches ${JSON.stringify(this.opts.match)}.\n`);
    return found;
  }

  private async pattern(): Promise<(pod: Pod) => boolean> {
    const { match } = this.opts;
    if (match === '') return () => true;
    const { compilePattern, patternProblem } = await import('../api/schema/pattern.ts');
    const problem = patternProblem(match);
    if (problem !== undefined) throw new CliError(`--match is no regular expression: ${problem}`);
    const test = compilePattern(match);
    return (pod) => test(pod.metadata?.name ?? '');
  }

  private async live(name: string | undefined): Promise<void> {
    const { opts } = this;
    this.validate([]);
    if (opts.previous) throw new CliError('--previous does not go with pods that come and go');
    const { liveLogs } = await import('../cli/logs/live.ts');
    const cluster = await this.cluster();
    const format = (await this.lineFormat())!;
    const paint = await paintFor(this.io, 'stderr');
    this.context.interrupts.exitCode = 1;
    const { follow, container, timestamps, ...first } = this.query('');
    void [follow, container, timestamps];
    await liveLogs({
      cluster,
      ...(opts['all-namespaces'] ? {} : { namespace: cluster.namespace }),
      ...(await this.selection(name)),
      wants: await this.pattern(),
      container: this.container,
      first,
      signal: this.context.signal,
      write: (source, line) => this.write(format(source, line)),
      tell: (text) => {
        if (this.io.stderr.isTTY) this.err(`${paint.dim(text)}\n`);
      },
    });
  }

  /** What the watch asks for: a pod by name, a workload's pods, a selection. Whether it may be read is seen at once. */
  private async selection(name: string | undefined): Promise<{ labelSelector?: string; fieldSelector?: string }> {
    const cluster = await this.cluster();
    if (name === undefined) {
      const labelSelector = this.opts.selector;
      const path = this.opts['all-namespaces'] ? '/api/v1/pods' : `/api/v1/namespaces/${cluster.namespace}/pods`;
      await cluster.json('GET', path, { query: { labelSelector: labelSelector || undefined, limit: 1 } });
      return labelSelector === '' ? {} : { labelSelector };
    }
    const request = { args: [name], defaultType: 'pods', singleType: true };
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, request).build();
    if (built.errors.length > 0) throw built.errors[0];
    const object = built.infos[0]!.object!;
    if (object.kind === 'Pod') return { fieldSelector: `metadata.name=${object.metadata.name}` };
    return { labelSelector: podSelectorOf(object) };
  }
}

async function* toAsync(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
