// `run`: a pod from an image, attached to when asked. Upstream: kubectl/pkg/cmd/run/run.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { resourcePath, type ResourceType, type Unstructured } from '../api/types.ts';
import { attachOrRead, logsOf } from '../cli/attach.ts';
import { deleteObject, deletionLine, type DeletionOptions } from '../cli/deletion.ts';
import { CliError, PlainError } from '../cli/errors.ts';
import {
  deletionFlags,
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  filenameFlags,
  overridesFlags,
  propagationOf,
  recordFlag,
  saveConfigFlag,
} from '../cli/flags.ts';
import { isImageReference } from '../cli/image-reference.ts';
import { parseLabelSpec } from '../cli/label-specs.ts';
import { savedConfiguration } from '../cli/last-applied.ts';
import { operationPrinter, type OperationPrinter } from '../cli/operation.ts';
import { overridden } from '../cli/overrides.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { generatorFlags, generatorOf, kindOfGenerator, POD_GENERATOR, workload } from '../cli/run-generators.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { waitFor } from '../cli/wait/conditions.ts';
import { PodCommand, podRunningTimeoutFlag } from './_pod-target.ts';
import { quantitiesOf } from './set/resources.ts';

const flags = {
  annotations: flag.array('Annotations to apply to the pod.'),
  attach: flag.bool(
    "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true. With '--restart=Never' the exit code of the container process is returned.",
  ),
  command: flag.bool(
    "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.",
  ),
  ...deletionFlags,
  ...dryRunFlag,
  env: flag.array('Environment variables to set in the container.'),
  expose: flag.bool('If true, create a ClusterIP service associated with the pod.  Requires `--port`.'),
  ...generatorFlags,
  ...fieldManagerFlag('kubectl-run'),
  ...filenameFlags('to use to replace the resource.'),
  image: flag.string('The image for the container to run.'),
  'image-pull-policy': flag.string(
    'The image pull policy for the container.  If left empty, this value will not be specified by the client and defaulted by the server.',
  ),
  labels: flag.string('Comma separated labels to apply to the pod. Will override previous values.', { short: 'l' }),
  'leave-stdin-open': flag.bool(
    'If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes. By default, stdin will be closed after the first attach completes.',
  ),
  ...overridesFlags,
  ...podRunningTimeoutFlag,
  port: flag.string('The port that this container exposes.'),
  ...printFlags,
  privileged: flag.bool('If true, run the container in privileged mode.'),
  quiet: flag.bool('If true, suppress prompt messages.', { short: 'q' }),
  restart: flag.string('The restart policy for this Pod.  Legal values [Always, OnFailure, Never].', {
    default: 'Always',
  }),
  rm: flag.bool(
    "If true, delete the pod after it exits.  Only valid when attaching to the container, e.g. with '--attach' or with '-i/--stdin'.",
  ),
  ...recordFlag,
  ...saveConfigFlag,
  stdin: flag.bool('Keep stdin open on the container in the pod, even if nothing is attached.', { short: 'i' }),
  tty: flag.bool('Allocate a TTY for the container in the pod.', { short: 't' }),
};

const Services = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const Pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

export default class Run extends PodCommand {
  static override summary = 'Create and run a particular image in a pod';
  static short = 'Run a particular image on the cluster';
  static examples = `# Start a nginx pod
{program} run nginx --image=nginx

# Start a hazelcast pod and set environment variables "DNS_DOMAIN=cluster" and "POD_NAMESPACE=default" in the container
{program} run hazelcast --image=hazelcast/hazelcast --env="DNS_DOMAIN=cluster" --env="POD_NAMESPACE=default"

# Start a busybox pod and keep it in the foreground, don't restart it if it exits
{program} run -i -t busybox --image=busybox --restart=Never

# Start the nginx pod using a different command and custom arguments
{program} run nginx --image=nginx --command -- <cmd> <arg1> ... <argN>

# Open port 5701 of the container
{program} run hazelcast --image=hazelcast/hazelcast --port=5701

# Give the pod the labels "app=hazelcast" and "env=prod"
{program} run hazelcast --image=hazelcast/hazelcast --labels="app=hazelcast,env=prod"

# Show what would be created, and create nothing
{program} run nginx --image=nginx --dry-run=client

# Change a part of the spec by JSON
{program} run nginx --image=nginx --overrides='{ "apiVersion": "v1", "spec": { ... } }'

# The command of the image with other arguments
{program} run nginx --image=nginx -- <arg1> <arg2> ... <argN>`;
  static override usage =
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Run);
    this.opts = opts;
    const { dashAt } = this.context.parsed;
    if (!this.changed('image')) throw new CliError('required flag(s) "image" not set');
    if (args.length === 0 || dashAt === 0) this.usageError('NAME is required for run');
    if (!opts.image) throw new CliError('--image is required');
    if (!isImageReference(opts.image)) {
      throw new CliError(`Invalid image name ${JSON.stringify(opts.image)}: invalid reference format`);
    }
    this.checkTimeout(opts['pod-running-timeout']);
    const dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const attach = this.changed('attach') ? opts.attach : opts.stdin;
    if (opts.tty && !opts.stdin) this.usageError('-i/--stdin is required for containers with -t/--tty=true');
    if (dryRun !== 'none' && attach)
      this.usageError(
        "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
      );
    if (opts.rm && !attach) this.usageError('--rm should only be used for attached containers');
    if (opts.expose && !opts.port) this.usageError('--port must be set when exposing a service');
    if (!['Always', 'OnFailure', 'Never'].includes(opts.restart)) {
      this.usageError(`invalid restart policy: ${opts.restart}`);
    }
    if (!['', 'Always', 'IfNotPresent', 'Never'].includes(opts['image-pull-policy'])) {
      this.usageError(`invalid image pull policy: ${opts['image-pull-policy']}`);
    }
    const print = await operationPrinter({ ...printOptionsOf(opts), typed: true, cwd: this.io.cwd }, dryRun);
    // Of the flags of a deletion only --cascade means something here; the files are not read.
    const deletion = { propagationPolicy: propagationOf(opts.cascade, (t) => this.err(t)), gracePeriod: -1 };
    const generator = generatorOf(opts, this.changed('replicas'));
    if (generator !== undefined && generator !== POD_GENERATOR) {
      if (attach) this.usageError(`attaching goes with --generator=${POD_GENERATOR} only`);
      return this.generate(generator, args, dryRun, print);
    }
    let pod = this.pod(args[0]!, args.slice(1)) as unknown as Unstructured;
    pod = overridden(pod, opts);
    pod = await this.create(Pods, pod, dryRun);
    const created = [{ type: Pods as ResourceType, object: pod }];
    if (opts.expose) created.push({ type: Services, object: await this.exposePod(pod, dryRun, print) });
    if (!attach) return this.out(print(pod, 'created'));
    this.context.interrupts.exitCode = 1;
    try {
      await this.follow(pod);
    } finally {
      if (opts.rm) await this.remove(created, deletion);
    }
  }

  /** What --generator made in earlier days. */
  private async generate(
    generator: string,
    args: readonly string[],
    dryRun: DryRun,
    print: OperationPrinter,
  ): Promise<void> {
    const { opts } = this;
    const kind = kindOfGenerator(generator);
    if (kind === undefined) this.usageError(`generator ${JSON.stringify(generator)} not found`);
    const { program } = this.context;
    this.err(
      `${program} run --generator=${generator} is DEPRECATED and will be removed in a future version. Use ${program} run --generator=${POD_GENERATOR} or ${program} create instead.\n`,
    );
    const pod = this.pod(args[0]!, args.slice(1)) as unknown as Unstructured;
    const { restartPolicy: given, dnsPolicy: _, ...spec } = pod['spec'] as Record<string, unknown>;
    const isJob = kind === 'Job' || kind === 'CronJob';
    if (!isJob && this.changed('restart') && given !== 'Always') {
      this.usageError(`--restart=${String(given)} goes with a pod or a job, and not with --generator=${generator}`);
    }
    const restartPolicy = this.changed('restart') ? given : 'Never';
    const { group, plural, object } = workload(kind, {
      name: args[0]!,
      namespace: pod.metadata.namespace,
      labels: pod.metadata.labels ?? {},
      podSpec: isJob ? { ...spec, restartPolicy } : spec,
      replicas: opts.replicas,
      schedule: opts.schedule,
    });
    const type = { group, version: 'v1', plural, kind, namespaced: true };
    const created = await this.create(type, overridden(object, opts), dryRun);
    if (opts.expose) await this.exposePod(pod, dryRun, print);
    this.out(print(created, 'created'));
  }

  private pod(name: string, rest: readonly string[]): Record<string, unknown> {
    const { opts } = this;
    const { namespace } = this.context.globals;
    const env = opts.env.map(envOf);
    const annotations = annotationsOf(opts.annotations);
    const labels = opts.labels ? parseLabelSpec(opts.labels) : { run: name };
    const hostPort = opts.hostport > 0 ? { hostPort: opts.hostport } : {};
    const container = {
      name,
      image: opts.image,
      ...(rest.length > 0 ? { [opts.command ? 'command' : 'args']: rest } : {}),
      ...(opts.port ? { ports: [{ ...hostPort, containerPort: portOf(opts.port) }] } : {}),
      ...(env.length > 0 ? { env } : {}),
      resources: {
        ...(opts.limits ? { limits: quantitiesOf(opts.limits) } : {}),
        ...(opts.requests ? { requests: quantitiesOf(opts.requests) } : {}),
      },
      ...(opts['image-pull-policy'] ? { imagePullPolicy: opts['image-pull-policy'] } : {}),
      ...(opts.privileged ? { securityContext: { privileged: true } } : {}),
      ...(opts.stdin ? { stdin: true, ...(opts['leave-stdin-open'] ? {} : { stdinOnce: true }) } : {}),
      ...(opts.tty ? { tty: true } : {}),
    };
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name,
        ...(namespace ? { namespace } : {}),
        creationTimestamp: null,
        labels,
        ...(opts.annotations.length > 0 ? { annotations } : {}),
      },
      spec: {
        containers: [container],
        restartPolicy: opts.restart,
        dnsPolicy: 'ClusterFirst',
        ...(opts.serviceaccount ? { serviceAccountName: opts.serviceaccount } : {}),
      },
      status: {},
    };
  }

  private async create(type: ResourceType, object: Unstructured, dryRun: DryRun): Promise<Unstructured> {
    const body = savedConfiguration(this.recorded(object), this.opts['save-config']);
    if (dryRun === 'client') {
      const { readSettings } = await import('../cli/connect.ts');
      await readSettings(this.context.globals, this.context.parsed.changed, this.io);
      return body;
    }
    const cluster = await this.cluster();
    return cluster.json('POST', resourcePath(type, { namespace: cluster.namespace }), {
      body,
      query: { fieldManager: this.opts['field-manager'], ...(dryRun === 'server' ? { dryRun: 'All' } : {}) },
    });
  }

  /** The service is told of before the pod; with YAML upstream writes a separator of its own. */
  private async exposePod(pod: Unstructured, dryRun: DryRun, print: OperationPrinter): Promise<Unstructured> {
    const { opts } = this;
    const port = Number(opts.port);
    const { namespace } = this.context.globals;
    const name = pod.metadata.name!;
    const service = {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name, ...(namespace ? { namespace } : {}), creationTimestamp: null },
      spec: {
        ports: [{ protocol: 'TCP', port, targetPort: port }],
        selector: opts.labels ? parseLabelSpec(opts.labels) : { run: name },
      },
      status: { loadBalancer: {} },
    };
    const overrides = { overrides: opts['service-overrides'], 'override-type': 'merge' };
    const wanted = overridden(service as unknown as Unstructured, overrides);
    const created = await this.create(Services, wanted, dryRun);
    this.out(print(created, 'created'));
    if (opts.output === 'yaml') this.out('---\n');
    return created;
  }

  /** Attaches when the pod runs; when it has ended already its log is shown. The exit code is the container's. */
  private async follow(pod: Unstructured): Promise<void> {
    const { opts } = this;
    const cluster = await this.cluster();
    const { name = '', namespace } = pod.metadata;
    const mapping = await (await cluster.mapper()).resource('pods');
    const info = { mapping, name, namespace };
    const phase = (o: Unstructured | undefined): string =>
      (o?.['status'] as { phase?: string } | undefined)?.phase ?? '';
    const started = await waitFor(
      cluster,
      info,
      (o) => !o || !['', 'Pending'].includes(phase(o)),
      this.io.nowMs() + opts['pod-running-timeout'],
    );
    if (!started.done) throw new CliError('timed out waiting for the condition');
    const running = started.object as unknown as Pod;
    if (phase(started.object) === 'Running') {
      const wishes = { stdin: opts.stdin, tty: opts.tty, quiet: opts.quiet, program: this.context.program };
      await attachOrRead(this.io, cluster, running, name, wishes, this.context.signal);
    } else this.out(await logsOf(cluster, running, name));
    if (opts.restart === 'Always' || opts['leave-stdin-open']) return;
    const ended = await waitFor(
      cluster,
      info,
      (o) => !o || phase(o) === 'Succeeded' || (phase(o) === 'Failed' && opts.restart === 'Never'),
      this.io.nowMs() + opts['pod-running-timeout'],
    );
    if (!ended.done) throw new CliError('timed out waiting for the condition');
    if (phase(ended.object) !== 'Failed') return;
    const status = ended.object?.['status'] as Pod['status'];
    const terminated = status?.containerStatuses?.[0]?.state?.terminated;
    if (!terminated?.exitCode) throw new CliError(`pod ${namespace}/${name} failed with unknown exit code`);
    throw new PlainError(
      `pod ${namespace}/${name} terminated (${terminated.reason ?? ''})\n${terminated.message ?? ''}`,
      terminated.exitCode,
    );
  }

  /** The pod and its service. What cannot be deleted is left without a word, as upstream leaves it. */
  private async remove(created: readonly { type: ResourceType; object: Unstructured }[], deletion: DeletionOptions) {
    const cluster = await this.cluster();
    const mapper = await cluster.mapper();
    for (const { type, object } of created) {
      const mapping = await mapper.resource(type.plural);
      const info = { mapping, name: object.metadata.name ?? '', namespace: object.metadata.namespace };
      try {
        await deleteObject(cluster, info, deletion);
      } catch {
        continue;
      }
      if (!this.opts.quiet) this.out(deletionLine(info, deletion));
    }
  }
}

function portOf(text: string): number {
  if (/^[-+]?\d+$/.test(text)) return Number(text);
  throw new CliError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function annotationsOf(specs: readonly string[]): Record<string, string> {
  const wrong = specs.filter((spec) => spec.indexOf('=') < 1);
  if (wrong.length > 0) throw new CliError(`invalid annotations format: ${wrong.join(', ')}`);
  return Object.fromEntries(specs.map((spec) => spec.split(/=(.*)/s).slice(0, 2)));
}

/** IsEnvVarName, older than the server's rule. */
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

function envOf(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(at, 0));
  if (!ENV_NAME.test(name)) throw new CliError(`invalid env: ${text}`);
  return { name, value: text.slice(at + 1) };
}
