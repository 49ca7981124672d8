// `set env`: variables set, removed (`NAME-`), listed. Upstream: kubectl/pkg/cmd/set/set_env.go.
import type { Container, EnvVar } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../../api/types.ts';
import { Builder } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { dryRunOf } from '../../cli/flags.ts';
import { splitPairs } from '../../cli/metadata-edit.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { podSpecOf, SetCommand, setFlags } from './_set.ts';
import { envKeyErrors } from '../create/_data.ts';

const { record: _, ...common } = setFlags('env');
const flags = {
  ...common,
  containers: flag.string('The names of containers in the selected pod templates to change - may use wildcards', {
    short: 'c',
    default: '*',
  }),
  env: flag.array('Specify a key-value pair for an environment variable to set into each container.', { short: 'e' }),
  from: flag.string('The name of a resource from which to inject environment variables'),
  keys: flag.slice('Comma-separated list of keys to import from specified resource'),
  list: flag.bool(
    'If true, display the environment and any changes in the standard format. this flag will removed when we have kubectl view env.',
  ),
  overwrite: flag.bool(
    'If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.',
    { default: true },
  ),
  prefix: flag.string('Prefix to append to variable names'),
  resolve: flag.bool('If true, show secret or configmap references when listing variables'),
};

export default class SetEnv extends SetCommand {
  static short = 'Update environment variables on a pod template';
  static override summary = 'Update environment variables on a pod template';
  static description = `List environment variable definitions in one or more pods, pod templates. Add, update, or remove container environment variable definitions in one or more pod templates (within replication controllers or deployment configurations). View or modify the environment variable definitions on all containers in the specified pods or pod templates, or just those that match a wildcard.

With "--env -" variables are read from standard input, one NAME=value a line.

Possible resources are (in any case): pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj), replicaset (rs)`;
  static examples = `# Update deployment 'registry' with a new environment variable
{program} set env deployment/registry STORAGE_DIR=/local

# List the environment variables defined on a deployments 'sample-build'
{program} set env deployment/sample-build --list

# Import environment from a config map with a prefix
{program} set env --from=configmap/myconfigmap --prefix=MYSQL_ deployment/myapp

# Remove the environment variable ENV from container 'c1' in all deployment configs
{program} set env deployments --all --containers="c1" ENV-

# List the variables of all pods
{program} set env pods --all --list

# Show the changed deployment as YAML; the object on the server stays as it is with --dry-run
{program} set env deployment/sample-build STORAGE_DIR=/data -o yaml

# Set ENV=prod in all containers of all replication controllers
{program} set env rc --all ENV=prod

# Take the variables of a secret
{program} set env --from=secret/mysecret deployment/myapp

# Take one key of a config map
{program} set env --keys=my-example-key --from=configmap/myconfigmap deployment/myapp

# Remove ENV from the deployment that a file names
{program} set env -f deploy.json ENV-

# Read variables of the shell from stdin
env | grep RAILS_ | {program} set env -e - deployment/registry`;
  static override usage = 'RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(SetEnv);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const { resources, pairs } = splitPairs(args, 'environment', true);
    if (resources.length === 0 && opts.filename.length === 0 && !opts.kustomize) {
      throw new CliError('one or more resources must be specified as <resource> <name> or <resource>/<name>');
    }
    if (opts.list && opts.output) throw new CliError('--list and --output may not be specified together');
    if (opts.keys.length > 0 && !opts.from) {
      throw new CliError('when specifying --keys, a configmap or secret must be provided with --from');
    }
    const { set, remove } = parseEnv([...pairs, ...opts.env]);
    if (opts.from) set.push(...(await this.imported()));
    // The prefix is for those of the command line, too.
    for (const env of set) env.name = `${opts.prefix}${env.name}`;
    if (opts.list) return this.list(resources);
    if (set.length === 0 && pairs.length === 0 && remove.length > 0) {
      throw new CliError('at least one environment variable must be provided');
    }
    const matches = this.matcher();
    const words = { operation: 'env updated', failure: 'failed to patch env update to pod template:' };
    await this.changePodSpecs(opts, opts.local ? [] : resources, words, (spec, _, { kind, metadata }, name) => {
      const found = [...spec.containers, ...(spec.initContainers ?? [])].filter(matches);
      if (found.length === 0) {
        const wanted = JSON.stringify(opts.containers);
        this.err(`Warning: ${kind}/${metadata.name} does not have any containers matching ${wanted}\n`);
      }
      for (const container of found) {
        const env = changedEnv(container.env ?? [], { set, remove, overwrite: opts.overwrite, of: name });
        if (env.length > 0 || container.env) container.env = env;
      }
    });
  }

  private matcher(): (container: Container) => boolean {
    const source = this.opts.containers.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    const pattern = new RegExp(`^${source}$`);
    return (container) => pattern.test(container.name);
  }

  /** References to the keys of a config map or secret. */
  private async imported(): Promise<EnvVar[]> {
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: [this.opts.from],
    }).build();
    throwCollected(built.errors);
    const object = built.infos[0]!.object!;
    const ref = object.kind === 'Secret' ? 'secretKeyRef' : object.kind === 'ConfigMap' ? 'configMapKeyRef' : undefined;
    if (!ref) throw new CliError('unsupported resource specified in --from');
    const { keys } = this.opts;
    return Object.keys((object['data'] as object | undefined) ?? {})
      .filter((key) => keys.length === 0 || keys.includes(key))
      .sort()
      .map((key) => {
        const name = key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
        if (name !== key) this.err(`Warning: key ${key} transferred to ${name}\n`);
        return { name, valueFrom: { [ref]: { name: object.metadata.name, key } } } as EnvVar;
      });
  }

  private async list(resources: readonly string[]): Promise<void> {
    const { opts } = this;
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: resources,
      files: opts,
      labelSelector: opts.selector,
      all: opts.all,
      local: opts.local,
    }).build();
    const matches = this.matcher();
    for (const { mapping, name, object } of built.infos) {
      const spec = podSpecOf(object!);
      for (const container of spec?.containers ?? []) {
        if (!matches(container)) continue;
        this.out(`# ${mapping.kind} ${name}, container ${container.name}\n`);
        await this.listContainer(container, object!);
      }
    }
    throwCollected(built.errors);
  }

  private async listContainer(container: Container, object: Unstructured): Promise<void> {
    const { reader, resolvedValue } = await import('./_env-values.ts');
    const read = this.opts.resolve ? reader(await this.cluster()) : undefined;
    const failures = new Map<string, string[]>();
    for (const env of container.env ?? []) {
      let value = env.valueFrom ? undefined : (env.value ?? '');
      try {
        if (value === undefined && read) value = await resolvedValue(env, object, container, read);
      } catch (error) {
        const { message } = error as Error;
        failures.set(message, [...(failures.get(message) ?? []), env.name]);
      }
      this.out(value === undefined ? `# ${env.name} from ${refText(env)}\n` : `${env.name}=${value}\n`);
    }
    for (const [message, names] of failures) {
      this.err(`error retrieving reference for ${names.join(', ')}: ${message}\n`);
    }
  }
}

function refText({ valueFrom }: EnvVar): string {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom ?? {};
  if (configMapKeyRef) return `configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `field path ${fieldRef.fieldPath}`;
  if (resourceFieldRef) return `resource field ${resourceFieldRef.resource}`;
  return 'invalid valueFrom';
}

function parseEnv(specs: readonly string[]): { set: EnvVar[]; remove: string[] } {
  const set: EnvVar[] = [];
  const remove: string[] = [];
  for (const spec of specs) {
    const at = spec.indexOf('=');
    const why = at > 0 ? envKeyErrors(spec.slice(0, at)) : '';
    if (why !== '') throw new CliError(`${JSON.stringify(spec.slice(0, at))} is not a valid key name: ${why}`);
    if (at > 0) set.push({ name: spec.slice(0, at), value: spec.slice(at + 1) });
    else if (spec.endsWith('-')) remove.push(spec.slice(0, -1));
    else throw new CliError(`unknown environment spec: ${spec}`);
  }
  if (set.some(({ name }) => remove.includes(name))) {
    throw new CliError('can not both modify and remove the same environment variable in the same command');
  }
  return { set, remove };
}

interface EnvWishes {
  set: readonly EnvVar[];
  remove: readonly string[];
  overwrite: boolean;
  /** The object, as an error names it. */
  of: string;
}

function changedEnv(env: readonly EnvVar[], { set, remove, overwrite, of }: EnvWishes): EnvVar[] {
  const next = env.filter((e) => !remove.includes(e.name));
  for (const variable of set) {
    const index = next.findIndex((e) => e.name === variable.name);
    if (index < 0) next.push(variable);
    else if (!overwrite && next[index]!.value !== variable.value) {
      const { name, value } = next[index]!;
      throw new CliError(`error: ${of} '${name}' already has a value (${value}), and --overwrite is false\n`);
    } else next[index] = variable;
  }
  return next;
}
