// `get`: tables made by the server, or whole objects in the formats of -o. Watching is print/watch.ts.
// Upstream: kubectl/pkg/cmd/get/get.go.
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { Builder, type BuildRequest, type Info } from '../cli/builder/builder.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import { allNamespacesFlag, chunkSizeFlag, fieldSelectorFlag, filenameFlags, selectorFlag } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { isNotFound, isReason } from '../api/status.ts';
import type { Columns } from '../cli/print/columns.ts';
import { TABLE_ACCEPT, TableOutput } from '../cli/print/get-output.ts';
import { objectPrinter, type PrintOptions, printFlags, printOptionsOf } from '../cli/print/object.ts';
import { terminalColumns } from '../cli/print/style.ts';

const flags = {
  ...allNamespacesFlag,
  ...chunkSizeFlag,
  ...fieldSelectorFlag,
  ...filenameFlags('Filename, directory, or URL to files identifying the resource to get from a server.'),
  ...printFlags,
  ...selectorFlag,
  decode: flag.bool(
    'Print the data of secrets as text, without base64. Text is printed as stringData by -o yaml and json.',
    {
      own: true,
    },
  ),
  everything: flag.bool(
    'With `all`: objects of every kind that the server lists, not of some kinds only. With -A also those of no namespace.',
    {
      own: true,
    },
  ),
  export: flag.bool(
    "If true, use 'export' for the resources.  Exported resources are stripped of cluster-specific information.",
    { deprecated: 'This flag is deprecated and will be removed in future.', hidden: true },
  ),
  neat: flag.bool(
    'Print objects without what only the server writes: status, identifiers, values that it fills in. YAML unless -o says otherwise.',
    {
      own: true,
    },
  ),
  'ignore-not-found': flag.bool('If the requested object does not exist the command will return exit code 0.'),
  'label-columns': flag.slice(
    'Accepts a comma separated list of labels that are going to be presented as columns. Names are case-sensitive. You can also use multiple flag options like -L label1 -L label2...',
    { short: 'L' },
  ),
  'no-headers': flag.bool(
    "When using the default or custom-column output format, don't print headers (default print headers).",
  ),
  output: flag.string(
    'Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide). See custom columns [https://kubernetes.io/docs/reference/kubectl/#custom-columns], golang template [http://golang.org/pkg/text/template/#pkg-overview] and jsonpath template [https://kubernetes.io/docs/reference/kubectl/jsonpath/].',
    { short: 'o' },
  ),
  'output-watch-events': flag.bool(
    'Output watch event objects when --watch or --watch-only is used. Existing objects are output as initial ADDED events.',
  ),
  raw: flag.string('Raw URI to request from the server.  Uses the transport specified by the kubeconfig file.'),
  'server-print': flag.bool(
    'If true, have the server return the appropriate table output. Supports extension APIs and CRDs.',
    { default: true },
  ),
  'show-all': flag.bool('When printing, show all resources (default show all pods including terminated one.)', {
    short: 'a',
    default: true,
    deprecated: 'will be removed in an upcoming release',
    hidden: true,
  }),
  'show-kind': flag.bool('If present, list the resource type for the requested object(s).'),
  'show-labels': flag.bool('When printing, show all labels as the last column (default hide labels column)'),
  'sort-by': flag.string(
    "If non-empty, sort list types using this field specification.  The field specification is expressed as a JSONPath expression (e.g. '{.metadata.name}'). The field in the API resource specified by this JSONPath expression must be an integer or a string.",
  ),
  subresource: flag.string(
    'If specified, gets the subresource of the requested object. This flag is beta and may change in the future.',
  ),
  watch: flag.bool('After listing/getting the requested object, watch for changes.', { short: 'w' }),
  'watch-only': flag.bool('Watch for changes to the requested object(s), without listing/getting first.'),
};

export default class Get extends Command {
  static override summary = 'Display one or many resources';
  static description = `Prints a table of the most important information about the specified resources. You can filter the list using a label selector and the --selector flag. If the desired resource type is namespaced you will only see results in the current namespace if you don't specify any namespace.

By specifying the output as 'template' and providing a Go template as the value of the --template flag, you can filter the attributes of the fetched resources.

Use "{program} api-resources" for a complete list of supported resources.`;
  static examples = `# List all pods in ps output format
{program} get pods

# List all pods in ps output format with more information (such as node name)
{program} get pods -o wide

# List a single replication controller with specified NAME in ps output format
{program} get replicationcontroller web

# List deployments in JSON output format, in the "v1" version of the "apps" API group
{program} get deployments.v1.apps -o json

# List a pod identified by type and name specified in "pod.yaml" in JSON output format
{program} get -f pod.yaml -o json

# Return only the phase value of the specified pod
{program} get -o template pod/web-pod-13je7 --template={{.status.phase}}

# List all replication controllers and services together in ps output format
{program} get rc,services

# List all deployments in namespace 'backend'
{program} get deployments.apps --namespace backend

# List all pods existing in all namespaces
{program} get pods --all-namespaces

# One pod as JSON
{program} get -o json pod web-pod-13je7

# The objects of a folder with a kustomization.yaml
{program} get -k dir/

# Columns of your own
{program} get pod test-pod -o custom-columns=CONTAINER:.spec.containers[0].name,IMAGE:.spec.containers[0].image

# Objects of several types, by their names
{program} get rc/web service/frontend pods/web-pod-13je7

# The subresource 'status' of a pod
{program} get pod web-pod-13je7 --subresource status`;
  static override usage =
    '[(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private args: string[] = [];

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Get);
    this.opts = opts;
    this.args = args;
    if (opts.raw && args.length > 0) throw new CliError('arguments may not be passed when --raw is specified');
    this.validate();
    if (opts.raw) return this.raw();
    if (opts.everything) await this.expandAll();
    if (opts.watch || opts['watch-only']) return this.watch();
    if (opts.decode && this.human && !opts.neat) return this.decoded();
    if (this.human) return this.table();
    return this.objects();
  }

  private get human(): boolean {
    return (this.opts.output === '' && this.opts.template === '' && !this.opts.neat) || this.opts.output === 'wide';
  }

  private validate(): void {
    const { raw, watch, selector, output } = this.opts;
    const watchOnly = this.opts['watch-only'];
    if (raw) {
      if (watch || watchOnly || selector) {
        throw new CliError(
          '--raw may not be specified with other flags that filter the server request or alter the output',
        );
      }
      if (output) throw new CliError('--raw and --output are mutually exclusive');
      return;
    }
    if (this.opts['show-labels'] && output !== '' && output !== 'wide') {
      throw new CliError(`--show-labels option cannot be used with ${output} printer`);
    }
    if (watch && this.opts['sort-by']) {
      this.err('warning: --watch requested, --sort-by will be ignored for watch events received\n');
    } else if (watchOnly && this.opts['sort-by']) {
      this.err('warning: --watch-only requested, --sort-by will be ignored\n');
    } else if (
      !watch &&
      !watchOnly &&
      this.args.length === 0 &&
      this.opts.filename.length === 0 &&
      !this.opts.kustomize
    ) {
      this.err(
        `You must specify the type of resource to get. Use "${this.context.program} api-resources" for a complete list of supported resources.\n\n`,
      );
      this.usageError(
        `Required resource not specified.\nUse "${this.context.program} explain <resource>" for a detailed description of that resource (e.g. ${this.context.program} explain pods).`,
      );
    }
    if (this.opts['output-watch-events'] && !watch && !watchOnly) {
      throw new CliError('--output-watch-events option can only be used with --watch or --watch-only');
    }
  }

  private builder(extra: Partial<BuildRequest>): Builder {
    const { opts } = this;
    return new Builder(() => this.cluster(), this.io, this.context.program, {
      args: this.args,
      files: opts,
      labelSelector: opts.selector,
      fieldSelector: opts['field-selector'],
      allNamespaces: opts['all-namespaces'],
      subresource: opts.subresource,
      chunkSize: opts['sort-by'] ? 0 : opts['chunk-size'],
      typeAlone: true,
      fetch: 'latest',
      ...extra,
    });
  }

  private get printOptions(): PrintOptions {
    const { output, template, neat } = this.opts;
    return {
      ...printOptionsOf(this.opts),
      ...(neat && output === '' && template === '' ? { output: 'yaml' } : {}),
      noHeaders: this.opts['no-headers'],
      customColumns: true,
      extraFormats: ['wide'],
      cwd: this.io.cwd,
      onFailure: (text) => this.out(text),
    };
  }

  private tableOutput(columns: Columns): TableOutput {
    const { opts } = this;
    return new TableOutput(columns, {
      noHeaders: opts['no-headers'],
      wide: opts.output === 'wide',
      showLabels: opts['show-labels'],
      columnLabels: opts['label-columns'],
      allNamespaces: opts['all-namespaces'],
      showKind: opts['show-kind'],
      sortBy: opts['sort-by'],
      nowMs: this.io.nowMs(),
    });
  }

  private async table(): Promise<void> {
    const { opts } = this;
    const built = await this.builder({
      ...(opts['server-print'] ? { accept: TABLE_ACCEPT } : {}),
      ...(opts['sort-by'] && opts['server-print'] ? { query: { includeObject: 'Object' } } : {}),
    }).build();
    const errors = this.kept(built.errors);
    const output = this.tableOutput(await terminalColumns(this.io));
    const text = await output.print(built.infos).catch((error: Error) => {
      // A table that cannot be sorted is not printed, and kubectl does not say why.
      if (!opts['sort-by'] || error.name === 'UnsortableError') throw error;
      return '';
    });
    await this.write(text);
    if (text === '' && !opts['ignore-not-found'] && errors.length === 0) await this.nothingFound(built.infos);
    throwCollected(errors, true);
  }

  private kept(errors: readonly unknown[]): unknown[] {
    if (this.opts.everything) return errors.filter((e) => !isReason(e, 'Forbidden', 'MethodNotAllowed', 'NotFound'));
    return this.opts['ignore-not-found'] ? errors.filter((e) => !isNotFound(e)) : [...errors];
  }

  /** `all` in the words of this server. */
  private async expandAll(): Promise<void> {
    if (this.args.length !== 1 || this.args[0] !== 'all') throw new CliError('--everything goes with `all` alone');
    const { argumentOf, everyKind } = await import('../cli/every-kind.ts');
    const everywhere = this.opts['all-namespaces'];
    const kinds = await everyKind(await this.cluster(), everywhere ? {} : { namespaced: true });
    this.args = [kinds.map(argumentOf).join(',')];
  }

  /** Secrets as text for people: each value under its key. */
  private async decoded(): Promise<void> {
    const { decodedPage } = await import('../cli/decode.ts');
    const built = await this.builder({}).build();
    const errors = this.kept(built.errors);
    await this.write(await decodedPage(built.infos.map((i) => i.object!)));
    if (built.infos.length === 0 && errors.length === 0 && !this.opts['ignore-not-found']) await this.nothingFound([]);
    throwCollected(errors, true);
  }

  /** Changes objects before they are printed, as --decode and --neat say. */
  private async reshape(): Promise<(object: Unstructured) => Unstructured> {
    const { decode, neat, output } = this.opts;
    const steps: ((object: Unstructured) => Unstructured)[] = [];
    if (neat) steps.push((await import('../cli/neat/neat.ts')).neat);
    if (this.opts.export) steps.push((await import('../cli/neat/export.ts')).exported);
    if (decode) {
      const { decodedData, decodedStrings } = await import('../cli/decode.ts');
      steps.push(/^(?:|json|yaml)$/.test(output) ? decodedStrings : decodedData);
    }
    return (object) => steps.reduce((changed, step) => step(changed), object);
  }

  private async nothingFound(infos: readonly Info[]): Promise<void> {
    const namespaced = !this.opts['all-namespaces'] && infos.every((i) => i.mapping.namespaced);
    const { namespace } = await this.cluster();
    this.err(namespaced ? `No resources found in ${namespace} namespace.\n` : 'No resources found\n');
    if (!namespaced || !this.io.stderr.isTTY) return;
    const { namespaceHint } = await import('../cli/hints.ts');
    const hint = await namespaceHint(await this.cluster());
    if (hint !== undefined) this.err(`${hint}\n`);
  }

  /** One object as it is; several, or a list, as a List. */
  private async objects(): Promise<void> {
    if (await this.stream()) return;
    const built = await this.builder({}).build();
    const errors = this.kept(built.errors);
    if (built.single && errors.length > 0) return throwCollected(errors);
    const print = await objectPrinter(this.printOptions);
    if (built.infos.length === 0 && this.opts['ignore-not-found']) return throwCollected(errors);
    const reshape = await this.reshape();
    const objects = built.infos.map((i) => reshape(i.object!));
    if (this.opts['sort-by']) {
      const { sortObjects } = await import('../cli/print/sort.ts');
      sortObjects(objects, this.opts['sort-by']);
    }
    if (built.single && objects.length === 1) await this.write(print(objects[0]!));
    else await this.write(print(listOf(objects)));
    throwCollected(errors);
  }

  /** A list in a format that needs no whole list goes out page by page. False when it cannot. */
  private async stream(): Promise<boolean> {
    if (this.opts['sort-by'] || this.opts.neat || this.opts.decode || this.opts.export) return false;
    const { listStream } = await import('../cli/print/stream.ts');
    const stream = await listStream(this.printOptions);
    const pages = stream && (await this.builder({ lean: !this.opts['show-managed-fields'] }).pages());
    if (!pages) return false;
    let count = 0;
    try {
      for await (const { infos } of pages) {
        count += infos.length;
        await this.write(stream.page(infos.map((i) => i.object!)));
      }
    } catch (error) {
      if (count > 0) await this.write(stream.end());
      throwCollected(this.kept([error]));
      return true;
    }
    if (count > 0 || !this.opts['ignore-not-found']) await this.write(stream.end());
    return true;
  }

  private async raw(): Promise<void> {
    const path = this.opts.raw;
    if (!path.startsWith('/'))
      throw new CliError(`--raw must be a valid URL path: parse ${JSON.stringify(path)}: invalid URI for request`);
    const [pathname, query = ''] = path.split('?') as [string, string?];
    const cluster = await this.cluster();
    const response = await cluster.request('GET', pathname, {
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: { accept: 'application/json, */*' },
      raw: true,
    });
    const bytes = response.body?.bytes() ?? new Uint8Array();
    if (bytes instanceof Uint8Array) return this.write(bytes);
    for await (const chunk of bytes) await this.write(chunk);
  }

  private async watch(): Promise<void> {
    const { opts } = this;
    this.context.interrupts.exitCode = 1;
    const { watchResources } = await import('../cli/print/watch.ts');
    const columns = await terminalColumns(this.io);
    await watchResources({
      cluster: await this.cluster(),
      builder: this.builder({
        singleType: true,
        // Upstream's watch knows of no subresource.
        subresource: undefined,
        ...(this.human && opts['server-print'] ? { accept: TABLE_ACCEPT } : {}),
      }),
      labelSelector: opts.selector,
      fieldSelector: opts['field-selector'],
      watchOnly: opts['watch-only'],
      events: opts['output-watch-events'],
      accept: this.human && opts['server-print'] ? TABLE_ACCEPT : undefined,
      table: this.human ? this.tableOutput(columns) : undefined,
      print: this.human ? undefined : await objectPrinter(this.printOptions),
      write: (text) => this.write(text),
      signal: this.context.signal,
    });
  }
}

const listOf = (items: Unstructured[]): Unstructured =>
  ({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }) as unknown as Unstructured;
