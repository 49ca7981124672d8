// `expose`: a service for what has pods. Upstream: kubectl/pkg/cmd/expose/expose.go.
import type { Container } from 'kubernetes-types/core/v1.js';
import { selectorFromObject } from '../api/selector.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  filenameFlags,
  overridesFlags,
  generatorFlag,
  recordFlag,
  saveConfigFlag,
} from '../cli/flags.ts';
import { parseLabelSpec } from '../cli/label-specs.ts';
import { savedConfiguration } from '../cli/last-applied.ts';
import { operationPrinter } from '../cli/operation.ts';
import { overridden } from '../cli/overrides.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';
import { podSpecOf } from './set/_set.ts';

const flags = {
  'cluster-ip': flag.string(
    "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.",
  ),
  ...dryRunFlag,
  'external-ip': flag.string(
    'Additional external IP address (not managed by Kubernetes) to accept for the service. If this IP is routed to a node, the service can be accessed by this IP in addition to its generated service IP.',
  ),
  ...fieldManagerFlag('kubectl-expose'),
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to expose a service'),
  labels: flag.string('Labels to apply to the service created by this call.', { short: 'l' }),
  'load-balancer-ip': flag.string(
    'IP to assign to the LoadBalancer. If empty, an ephemeral IP will be created and used (cloud-provider specific).',
  ),
  name: flag.string('The name for the newly created object.'),
  ...overridesFlags,
  port: flag.string(
    'The port that the service should serve on. Copied from the resource being exposed, if unspecified',
  ),
  ...printFlags,
  protocol: flag.string("The network protocol for the service to be created. Default is 'TCP'."),
  ...generatorFlag,
  ...recordFlag,
  ...saveConfigFlag,
  selector: flag.string(
    'A label selector to use for this service. Only equality-based selector requirements are supported. If empty (the default) infer the selector from the replication controller or replica set.)',
  ),
  'session-affinity': flag.string(
    "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
  ),
  'target-port': flag.string(
    'Name or number for the port on the container that the service should direct traffic to. Optional.',
  ),
  type: flag.string(
    "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'.",
  ),
};

const exposable = new Set(['ReplicationController', 'Service', 'Pod', 'Deployment', 'ReplicaSet']);

export default class Expose extends Command {
  static override summary = 'Expose a resource as a new Kubernetes service';
  static short = 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service';
  static description = `Looks up a deployment, service, replica set, replication controller or pod by name and uses the selector for that resource as the selector for a new service on the specified port. A deployment or replica set will be exposed as a service only if its selector is convertible to a selector that service supports, i.e. when the selector contains only the matchLabels component.

Without --port the ports of the resource are taken, all of them when there are several. Without --labels the service gets the labels of the resource.

Possible resources are (in any case): pod (po), service (svc), replicationcontroller (rc), deployment (deploy), replicaset (rs)`;
  static examples = `# Create a service for a replicated nginx, which serves on port 80 and connects to the containers on port 8000
{program} expose rc nginx --port=80 --target-port=8000

# Create a service for a pod valid-pod, which serves on port 444 with the name "frontend"
{program} expose pod valid-pod --port=444 --name=frontend

# Create a service for an nginx deployment, which serves on port 80 and connects to the containers on port 8000
{program} expose deployment nginx --port=80 --target-port=8000

# The object that a file names
{program} expose -f nginx-controller.yaml --port=80 --target-port=8000

# A second service for the pods of another: port 443 leads to 8443 in the containers
{program} expose service nginx --port=443 --target-port=8443 --name=nginx-https

# A service for UDP
{program} expose rc streamer --port=4100 --protocol=UDP --name=video-stream

# A replica set
{program} expose rs nginx --port=80 --target-port=8000`;
  static override usage =
    '(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Expose);
    this.opts = opts;
    const dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const print = await operationPrinter(
      { ...printOptionsOf(opts), typed: dryRun === 'client', cwd: this.io.cwd },
      dryRun,
    );
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      typed: true,
    }).build();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        if (!exposable.has(info.mapping.kind)) {
          const { kind, group } = info.mapping;
          throw new CliError(`cannot expose a ${group ? `${kind}.${group}` : kind}`);
        }
        this.out(print(await this.expose(info.object!, dryRun), 'exposed'));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected([...errors, ...built.errors]);
  }

  private async expose(object: Unstructured, dryRun: DryRun): Promise<Unstructured> {
    const { opts } = this;
    const { namespace } = this.context.globals;
    let service = this.service(object);
    service = this.recorded(overridden(service, opts));
    if (dryRun === 'client') {
      if (namespace) service.metadata.namespace = namespace;
      return service;
    }
    const cluster = await this.cluster();
    const type = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
    return cluster.json('POST', resourcePath(type, { namespace: cluster.namespace }), {
      body: savedConfiguration(service, opts['save-config']),
      query: { fieldManager: opts['field-manager'], ...(dryRun === 'server' ? { dryRun: 'All' } : {}) },
    });
  }

  private service(object: Unstructured): Unstructured {
    const { opts } = this;
    const labels = opts.labels ? parseLabelSpec(opts.labels) : object.metadata.labels;
    const headless = opts['cluster-ip'] === 'None';
    const ports = this.ports(object, headless);
    const spec = {
      ...(ports.length > 0 ? { ports } : {}),
      selector: opts.selector ? parseLabelSpec(opts.selector) : selectorOf(object),
      ...(opts['cluster-ip'] ? { clusterIP: opts['cluster-ip'] } : {}),
      ...(opts.type ? { type: opts.type } : {}),
      ...(opts['external-ip'] ? { externalIPs: [opts['external-ip']] } : {}),
      ...(opts['session-affinity'] ? { sessionAffinity: opts['session-affinity'] } : {}),
      ...(opts['load-balancer-ip'] && opts.type === 'LoadBalancer' ? { loadBalancerIP: opts['load-balancer-ip'] } : {}),
    };
    if (!['', 'None', 'ClientIP'].includes(opts['session-affinity'])) {
      throw new CliError(`unknown session affinity: ${opts['session-affinity']}`);
    }
    const name = opts.name || (object.metadata.name ?? '').slice(0, 63);
    const metadata = { name, creationTimestamp: null, ...(labels ? { labels } : {}) };
    return { kind: 'Service', apiVersion: 'v1', metadata, spec, status: { loadBalancer: {} } } as Unstructured;
  }

  private ports(object: Unstructured, headless: boolean): Record<string, unknown>[] {
    const { opts } = this;
    const known = portsOf(object);
    const wanted = opts.port ? opts.port.split(',') : known.map((p) => String(p.port));
    if (wanted.length === 0 && !headless) {
      throw new CliError("couldn't find port via --port flag or introspection");
    }
    return wanted.map((text, i) => {
      if (!/^\d+$/.test(text)) throw new CliError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
      const port = Number(text);
      const target = opts['target-port'];
      return {
        ...(wanted.length > 1 ? { name: `port-${i + 1}` } : {}),
        protocol: opts.protocol || (known.find((p) => p.port === port)?.protocol ?? 'TCP'),
        port,
        targetPort: target === '' ? port : /^\d+$/.test(target) ? Number(target) : target,
      };
    });
  }
}

/** Upstream: MapBasedSelectorForObject. */
function selectorOf(object: Unstructured): Record<string, string> {
  const fail = (why: string): never => {
    throw new CliError(`couldn't retrieve selectors via --selector flag or introspection: ${why}`);
  };
  const spec = object['spec'] as { selector?: Record<string, never> } | undefined;
  if (object.kind === 'Pod') {
    const labels = object.metadata.labels ?? {};
    return Object.keys(labels).length > 0 ? labels : fail('the pod has no labels and cannot be exposed');
  }
  if (object.kind === 'Service') return spec?.selector ?? fail('the service has no pod selector set');
  if (object.kind === 'ReplicationController') {
    if (Object.keys(spec?.selector ?? {}).length === 0) throw new CliError('selector must be specified');
    return spec!.selector!;
  }
  const selector = spec?.selector as { matchLabels?: Record<string, string>; matchExpressions?: unknown[] } | undefined;
  const map = selector?.matchLabels ?? {};
  if (Object.keys(map).length === 0) {
    fail(`invalid ${object.kind.toLowerCase()}: no selectors, therefore cannot be exposed`);
  }
  if (selector?.matchExpressions?.length) {
    fail(
      `couldn't convert expressions - "${selectorFromObject(selector as never).toString()}" to map-based selector format`,
    );
  }
  return map;
}

function portsOf(object: Unstructured): { port: number; protocol: string }[] {
  if (object.kind === 'Service') {
    const ports = (object['spec'] as { ports?: { port: number; protocol?: string }[] } | undefined)?.ports ?? [];
    return ports.map((p) => ({ port: p.port, protocol: p.protocol ?? 'TCP' }));
  }
  const containers: Container[] = podSpecOf(object)?.containers ?? [];
  return containers
    .flatMap((c) => c.ports ?? [])
    .map((p) => ({ port: p.containerPort, protocol: p.protocol ?? 'TCP' }));
}
