// `describe`: a page for each object. The pages are cli/describe. Upstream: kubectl/pkg/cmd/describe/describe.go.
import { isNotFound } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type BuildRequest, type Info } from '../cli/builder/builder.ts';
import describers from '../cli/describe/index.gen.ts';
import type { DescribeContext, Describer } from '../cli/describe/types.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, chunkSizeFlag, filenameFlags, selectorFlag } from '../cli/flags.ts';
import { infoName } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { abnormalStyle, paintFor } from '../cli/print/style.ts';

const flags = {
  ...allNamespacesFlag,
  ...chunkSizeFlag,
  decode: flag.bool('Show what secrets hold, as text.', { own: true }),
  ...filenameFlags('Filename, directory, or URL to files containing the resource to describe'),
  ...selectorFlag,
  'show-events': flag.bool('If true, display events related to the described object.', { default: true }),
};

export default class Describe extends Command {
  static override summary = 'Show details of a specific resource or group of resources';
  static description = `Print a detailed description of the selected resources, including related resources such as events or controllers. You may select a single object by name, all objects of that type, provide a name prefix, or label selector. For example:

  $ {program} describe TYPE NAME_PREFIX

will first check for an exact match on TYPE and NAME_PREFIX. If no such resource exists, it will output details for every resource that has a name prefixed with NAME_PREFIX.

Use "{program} api-resources" for a complete list of supported resources.`;
  static examples = `# Describe a node
{program} describe nodes kubernetes-node-emt8.c.myproject.internal

# Describe a pod
{program} describe pods/nginx

# Describe a pod identified by type and name in "pod.json"
{program} describe -f pod.json

# Describe all pods
{program} describe pods

# Describe pods by label name=myLabel
{program} describe pods -l name=myLabel

# Describe all pods managed by the 'frontend' replication controller
# (rc-created pods get the name of the rc as a prefix in the pod name)
{program} describe pods frontend`;
  static override usage = '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Describe);
    this.opts = opts;
    if (args.length === 0 && opts.filename.length === 0 && !opts.kustomize) {
      throw new CliError(
        `You must specify the type of resource to describe. Use "${this.context.program} api-resources" for a complete list of supported resources.\n`,
      );
    }
    const built = await this.builder({ args }).build();
    if (built.infos.length === 0 && built.errors.length === 1 && isNotFound(built.errors[0]) && args.length === 2) {
      return this.describePrefix(args[0]!, args[1]!, built.errors[0]);
    }
    await this.describeAll(built.infos, [...built.errors]);
  }

  private builder(request: Partial<BuildRequest>): Builder {
    const { opts } = this;
    return new Builder(() => this.cluster(), this.io, this.context.program, {
      files: opts,
      labelSelector: opts.selector,
      allNamespaces: opts['all-namespaces'],
      chunkSize: opts['chunk-size'],
      typeAlone: true,
      ...request,
    });
  }

  private async describeAll(infos: readonly Info[], errors: unknown[]): Promise<void> {
    let first = true;
    const told = new Set<string>();
    for (const info of infos) {
      try {
        const text = await this.painted(await this.describeOne(info));
        await this.write(first ? text : `\n\n${text}`);
        first = false;
      } catch (error) {
        const { message } = error as Error;
        if (!told.has(message)) errors.push(error);
        told.add(message);
      }
    }
    if (infos.length === 0 && errors.length === 0) {
      const { namespace } = await this.cluster();
      this.err(
        this.opts['all-namespaces'] ? 'No resources found\n' : `No resources found in ${namespace} namespace.\n`,
      );
    }
    throwCollected(errors, true);
  }

  private async painted(text: string): Promise<string> {
    const style = await abnormalStyle(this.io);
    if (!style) return text;
    const { paintPage } = await import('../cli/print/paint-page.ts');
    return paintPage(text, style, await paintFor(this.io));
  }

  /** No object has the name: every object whose name begins with it. */
  private async describePrefix(type: string, prefix: string, notFound: unknown): Promise<void> {
    const built = await this.builder({ args: [type], files: undefined, singleType: true }).build();
    throwCollected(built.errors);
    const found = built.infos.filter((i) => i.name.startsWith(prefix));
    if (found.length === 0) throw notFound;
    for (const info of found) await this.write(`${await this.describeOne(info)}\n`);
  }

  private async describeOne(info: Info): Promise<string> {
    const cluster = await this.cluster();
    const context: DescribeContext = {
      cluster,
      showEvents: this.opts['show-events'],
      chunkSize: this.opts['chunk-size'],
      nowMs: this.io.nowMs(),
      decode: this.opts.decode,
    };
    if (this.opts.decode && info.mapping.kind !== 'Secret') {
      throw new CliError(`--decode is for secrets, and ${infoName(info)} is none`);
    }
    // Files say only which objects are meant.
    const fromFile = info.source !== undefined;
    let object = info.object!;
    try {
      if (fromFile) object = await cluster.json<Unstructured>('GET', resourcePath(info.mapping, info));
    } catch (error) {
      const { describeAbsent } = await import('../cli/describe/_events.ts');
      const text = await describeAbsent(info.mapping.kind, info, error, context);
      if (text === undefined) throw error;
      return text;
    }
    const load = (describers as Record<string, (() => Promise<{ default: unknown }>) | undefined>)[
      info.mapping.kind.toLowerCase()
    ];
    const describer = load && ((await load()).default as Describer);
    if (describer?.group === info.mapping.group) return describer.describe(object, context);
    const { describeGeneric } = await import('../cli/describe/_generic.ts');
    return describeGeneric(object, context);
  }
}
