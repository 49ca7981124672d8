// `events`. Upstream: kubectl/pkg/cmd/events/events.go.
import type { Event } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../api/types.ts';
import { Command } from '../cli/base.ts';
import { interval } from '../cli/describe/_events.ts';
import { CliError, PlainError } from '../cli/errors.ts';
import { allNamespacesFlag, chunkSizeFlag } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { type Columns, escapeTerminal } from '../cli/print/columns.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../cli/print/object.ts';
import { terminalColumns } from '../cli/print/style.ts';
import { watchEvents } from '../cli/watch-events.ts';

const flags = {
  ...allNamespacesFlag,
  ...chunkSizeFlag,
  for: flag.string('Filter events to only those pertaining to the specified resource.'),
  group: flag.bool(
    'Put together what is said of several objects, the most frequent warnings first. With -o json or yaml as data.',
    { own: true },
  ),
  'no-headers': flag.bool(
    "When using the default or custom-column output format, don't print headers (default print headers).",
  ),
  ...printFlags,
  types: flag.slice('Output only events of given types.'),
  watch: flag.bool('After listing the requested events, watch for more events.', { short: 'w' }),
};

/** What the items of a list do not say. */
const EVENT = { kind: 'Event', apiVersion: 'v1' };

export default class Events extends Command {
  static short = 'List events';
  static override summary = 'Display events';
  static description =
    'Prints a table of the most important information about events. You can request events for a namespace, for all namespace, or filtered to only those pertaining to a specified resource.';
  static examples = `# List recent events in the default namespace
{program} events

# List recent events in all namespaces
{program} events --all-namespaces

# List recent events for the specified pod, then wait for more events and list them as they arrive
{program} events --for pod/web-pod-13je7 --watch

# List recent only events of type 'Warning' or 'Normal'
{program} events --types=Warning,Normal

# What goes wrong most often, in all namespaces
{program} events -A --types=Warning --group`;
  static override usage =
    '[(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<void> {
    const { flags: opts } = this.parse(Events);
    this.opts = opts;
    for (const type of opts.types) {
      if (!/^(Normal|Warning)$/i.test(type)) throw new CliError('valid --types are Normal or Warning');
    }
    const cluster = await this.cluster();
    const everywhere = opts['all-namespaces'];
    const path = everywhere ? '/api/v1/events' : `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/events`;
    const fieldSelector = await this.fieldSelector();
    const list = await cluster.json<{ items?: Event[]; metadata: { resourceVersion?: string } }>('GET', path, {
      query: { fieldSelector },
    });
    const found = (list.items ?? []).filter((e) => this.wanted(e));
    // A watch tells them in the server's order.
    if (opts.watch && !opts.group) {
      return this.watch(path, found, fieldSelector, list.metadata.resourceVersion ?? '0');
    }
    found.sort((a, b) => timeOf(a) - timeOf(b));
    if (opts.group) return this.grouped(found);
    if (opts.output) {
      const [{ asTyped }, print] = await Promise.all([
        import('../cli/typed.ts'),
        objectPrinter({ ...printOptionsOf(opts), cwd: this.io.cwd, typed: true }),
      ]);
      const items = found.map((event) => asTyped({ ...EVENT, ...event } as unknown as Unstructured));
      const text = print({ kind: 'EventList', apiVersion: 'v1', metadata: {}, items } as unknown as Unstructured);
      // A list has no name, and kubectl does not name what is in it.
      return opts.output === 'name' ? undefined : this.write(text);
    }
    if (found.length === 0) {
      return this.err(everywhere ? 'No events found.\n' : `No events found in ${cluster.namespace} namespace.\n`);
    }
    const columns = await terminalColumns(this.io);
    this.addHeaders(columns);
    for (const event of found) columns.add(this.row(event));
    await this.write(columns.flush());
  }

  private async grouped(found: readonly Event[]): Promise<void> {
    if (this.opts.watch) throw new CliError('--group does not go with --watch');
    const { GROUP_HEADERS, groupEvents, groupRow } = await import('../cli/event-groups.ts');
    const { formatData } = await import('../cli/print/data.ts');
    const groups = groupEvents(found);
    const data = await formatData(this.opts.output, groups);
    if (data !== undefined) return this.write(data);
    if (groups.length === 0) return this.err('No events found.\n');
    const columns = await terminalColumns(this.io);
    if (!this.opts['no-headers']) columns.add(GROUP_HEADERS);
    for (const group of groups) columns.add(groupRow(group, this.io.nowMs()).map(escapeTerminal));
    await this.write(columns.flush());
  }

  private async fieldSelector(): Promise<string | undefined> {
    const target = this.opts.for;
    if (!target) return undefined;
    const parts = target.split('/');
    if (parts.length !== 2 || !parts[0] || !parts[1]) {
      throw new CliError('--for must be in resource/name form');
    }
    const mapper = await (await this.cluster()).mapper();
    const mapping = await mapper.resource(parts[0]).catch((error: Error) => {
      throw error instanceof CliError ? new PlainError(error.message) : error;
    });
    return `involvedObject.kind=${mapping.kind},involvedObject.name=${parts[1]}`;
  }

  private wanted(event: Event): boolean {
    const { types } = this.opts;
    return types.length === 0 || types.some((t) => t.toLowerCase() === (event.type ?? '').toLowerCase());
  }

  private addHeaders(columns: Columns): void {
    if (this.opts['no-headers']) return;
    const head = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
    columns.add(this.opts['all-namespaces'] ? ['NAMESPACE', ...head] : head);
  }

  private row(event: Event): string[] {
    const { kind, name } = event.involvedObject;
    const cells = [
      interval(event, this.io.nowMs()),
      event.type ?? '',
      event.reason ?? '',
      `${kind}/${name}`,
      escapeTerminal((event.message ?? '').trim()),
    ];
    return this.opts['all-namespaces'] ? [event.metadata.namespace ?? '', ...cells] : cells;
  }

  private async watch(
    path: string,
    found: readonly Event[],
    fieldSelector: string | undefined,
    resourceVersion: string,
  ): Promise<void> {
    this.context.interrupts.exitCode = 1;
    const show = await this.eventPrinter();
    for (const event of found) await this.write(show(event));
    const cluster = await this.cluster();
    const response = await cluster.request('GET', path, {
      query: { fieldSelector, resourceVersion, watch: true },
      headers: { accept: 'application/json' },
      signal: this.context.signal,
    });
    for await (const { type, object } of watchEvents(response) as AsyncIterable<{ type: string; object: Event }>) {
      if (type === 'DELETED' || type === 'BOOKMARK' || !this.wanted(object)) continue;
      await this.write(show(object));
    }
  }

  /** One event at a time, as kubectl gets them: a later one may be wider than the heads. */
  private async eventPrinter(): Promise<(event: Event) => string> {
    if (this.opts.output) {
      const { asTyped } = await import('../cli/typed.ts');
      const print = await objectPrinter({ ...printOptionsOf(this.opts), cwd: this.io.cwd, typed: true });
      return (event) => print(asTyped({ ...EVENT, ...event } as unknown as Unstructured));
    }
    const columns = await terminalColumns(this.io);
    this.addHeaders(columns);
    return (event) => {
      columns.add(this.row(event));
      return columns.flush();
    };
  }
}

const timeOf = (event: Event): number =>
  Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '') || 0;
