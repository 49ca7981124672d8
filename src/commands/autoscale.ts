// `autoscale`: an autoscaler for what can be scaled. Upstream: kubectl/pkg/cmd/autoscale/autoscale.go.
import { resourcePath, type Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  filenameFlags,
  generatorFlag,
  recordFlag,
  saveConfigFlag,
} from '../cli/flags.ts';
import { metricOf, metricTarget } from '../cli/autoscale-metrics.ts';
import { savedConfiguration } from '../cli/last-applied.ts';
import { operationPrinter } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';

const flags = {
  cpu: flag.string(
    `Target CPU utilization over all the pods. When specified as a percentage (e.g."70%" for 70% of requested CPU) it will target average utilization. When specified as quantity (e.g."500m" for 500 milliCPU) it will target average value. Value without units is treated as a quantity with miliCPU being the unit (e.g."500" is "500m").`,
  ),
  'cpu-percent': flag.int32(
    "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. If it's not specified or negative, a default autoscaling policy will be used.",
    { default: -1 },
  ),
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-autoscale'),
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to autoscale.'),
  max: flag.int32('The upper limit for the number of pods that can be set by the autoscaler. Required.', {
    default: -1,
  }),
  memory: flag.string(
    `Target memory utilization over all the pods. When specified  as a percentage (e.g."60%" for 60% of requested memory) it will target average utilization. When specified as quantity (e.g."200Mi" for 200 MiB, "1Gi" for 1 GiB) it will target average value. Value without units is treated as a quantity with mebibytes being the unit (e.g."200" is "200Mi").`,
  ),
  min: flag.int32(
    "The lower limit for the number of pods that can be set by the autoscaler. If it's not specified or negative, the server will apply a default value.",
    { default: -1 },
  ),
  name: flag.string(
    'The name for the newly created object. If not specified, the name of the input resource will be used.',
  ),
  ...printFlags,
  ...generatorFlag,
  ...recordFlag,
  ...saveConfigFlag,
};

/** Kinds with a scale subresource, as discovery would say. */
const scalable = new Set(['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet']);
const Autoscalers = {
  group: 'autoscaling',
  version: 'v1',
  plural: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
  namespaced: true,
};

export default class Autoscale extends Command {
  static override summary =
    'Creates an autoscaler that automatically chooses and sets the number of pods that run in a Kubernetes cluster';
  static short = 'Auto-scale a deployment, replica set, stateful set, or replication controller';
  static description = `Looks up a deployment, replica set, stateful set, or replication controller by name and creates an autoscaler that uses the given resource as a reference. An autoscaler can automatically increase or decrease number of pods deployed within the system as needed.`;
  static examples = `# Auto scale a deployment "foo", with the number of pods between 2 and 10, no target CPU utilization specified so a default autoscaling policy will be used
{program} autoscale deployment foo --min=2 --max=10

# Auto scale a replication controller "foo", with the number of pods between 1 and 5, target CPU utilization at 80%
{program} autoscale rc foo --max=5 --cpu-percent=80`;
  static override usage = '(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Autoscale);
    this.opts = opts;
    if (!this.changed('max')) throw new CliError('required flag(s) "max" not set');
    const dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    if (opts.max < 1) throw new CliError(`--max=MAXPODS is required and must be at least 1, max: ${opts.max}`);
    if (opts.max < opts.min) {
      throw new CliError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${opts.max}, min: ${opts.min}`);
    }
    if (opts['cpu-percent'] > 0 && opts.cpu) throw new CliError('--cpu-percent and --cpu are mutually exclusive');
    const metrics = this.metrics();
    const print = await operationPrinter({ ...printOptionsOf(opts), typed: true, cwd: this.io.cwd }, dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { args, files: opts }).build();
    const cluster = await this.cluster();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      const { mapping } = info;
      if (!scalable.has(mapping.kind)) {
        const resource = `${mapping.group ? `${mapping.group}/` : '/'}${mapping.version}, Resource=${mapping.plural}`;
        errors.push(
          new CliError(
            `cannot autoscale a ${mapping.kind}: could not find scale subresource for ${resource} in discovery information`,
          ),
        );
        continue;
      }
      const scaler = this.recorded(this.scaler(info, metrics));
      if (dryRun === 'client') {
        this.out(print(scaler, 'created'));
        continue;
      }
      const made = await cluster.json(
        'POST',
        resourcePath({ ...Autoscalers, version: metrics ? 'v2' : 'v1' }, { namespace: cluster.namespace }),
        {
          body: savedConfiguration(scaler, opts['save-config']),
          query: { fieldManager: opts['field-manager'], ...(dryRun === 'server' ? { dryRun: 'All' } : {}) },
        },
      );
      this.out(print(made, 'autoscaled'));
    }
    throwCollected([...errors, ...built.errors]);
    if (built.infos.length === 0) throw new CliError('no objects passed to autoscale');
  }

  /** Metrics of autoscaling/v2 when --cpu or --memory was given; else what 1.32 makes is enough. */
  private metrics(): object[] | undefined {
    const { cpu, memory, 'cpu-percent': percent } = this.opts;
    if (!cpu && !memory) return undefined;
    const share = percent > 0 ? `${percent}%` : '';
    const metrics: object[] = [];
    if (cpu || share) metrics.push(metricOf('cpu', metricTarget('cpu', cpu || share)));
    if (memory) metrics.push(metricOf('memory', metricTarget('memory', memory)));
    return metrics;
  }

  private scaler({ mapping, name }: Info, metrics: object[] | undefined): Unstructured {
    const { opts } = this;
    const target = {
      kind: mapping.kind,
      name,
      apiVersion: mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version,
    };
    return {
      kind: 'HorizontalPodAutoscaler',
      apiVersion: metrics ? 'autoscaling/v2' : 'autoscaling/v1',
      metadata: { name: opts.name || name, creationTimestamp: null },
      spec: {
        scaleTargetRef: target,
        ...(opts.min > 0 ? { minReplicas: opts.min } : {}),
        maxReplicas: opts.max,
        ...(metrics ? { metrics } : {}),
        ...(!metrics && opts['cpu-percent'] >= 0 ? { targetCPUUtilizationPercentage: opts['cpu-percent'] } : {}),
      },
      status: metrics ? { desiredReplicas: 0, currentMetrics: null } : { currentReplicas: 0, desiredReplicas: 0 },
    } as unknown as Unstructured;
  }
}
