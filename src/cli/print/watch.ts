// `get -w`: the list, then one row or object for every event. Upstream: kubectl/pkg/cmd/get/get.go watch.
import { StatusError, type Status } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Builder, Built, Target } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { CliError, throwCollected } from '../errors.ts';
import type { TableOutput } from './get-output.ts';
import type { Printer } from './object.ts';
import { watchEvents } from '../watch-events.ts';
import type { TablePrinter } from './table.ts';

export interface WatchOptions {
  cluster: Cluster;
  builder: Builder;
  labelSelector: string;
  fieldSelector: string;
  watchOnly: boolean;
  events: boolean;
  accept: string | undefined;
  /** For people; else `print`. */
  table: TableOutput | undefined;
  print: Printer | undefined;
  write(text: string): Promise<void>;
  signal: AbortSignal;
}

const SUPPORTED = 'watch is only supported on individual resources and resource collections';

/** Why several objects, which were printed, cannot be watched. */
const tooMany = (built: Built | undefined): string =>
  built
    ? `${SUPPORTED} - ${built.infos.length} resources were found`
    : 'you may only watch a single resource or type of resource at a time';

/** A list that is one file. */
const isList = ({ single, infos }: Built): boolean =>
  !single && infos.length > 1 && new Set(infos.map((info) => info.source)).size === 1;

export async function watchResources(options: WatchOptions): Promise<void> {
  const { builder } = options;
  // Files are read once; a collection is listed by the watch itself.
  const built = builder.fromFiles ? await builder.build() : undefined;
  if (built) throwCollected(built.errors);
  const targets: Target[] = built?.infos ?? (await builder.targets()).targets;
  const kinds = new Set(targets.map(({ mapping }) => `${mapping.kind}.${mapping.group}`));
  if (kinds.size !== 1) {
    throw new CliError(`${SUPPORTED} - more than 1 resource was found`);
  }
  if (built && isList(built)) throw new CliError(`${SUPPORTED}, but a list of resources is found`);
  await new Watch(options, targets[0]!, built).run(targets.length);
}

class Watch {
  private readonly options: WatchOptions;
  private readonly target: Target;
  private readonly printer: TablePrinter | undefined;

  private readonly built: Built | undefined;

  constructor(options: WatchOptions, target: Target, built: Built | undefined) {
    this.options = options;
    this.built = built;
    this.target = target;
    this.printer = options.table?.printer(target.mapping);
  }

  async run(count: number): Promise<void> {
    const { single, version } = await this.first();
    if (count > 1) throw new CliError(tooMany(this.built));
    // A watch of one object begins with that object, which was printed already, or is not wanted.
    let skip = single ? 1 : 0;
    for await (const event of this.events(single ? '0' : version)) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'ERROR') throw StatusError.from(event.object as unknown as Status);
      if (skip > 0) {
        skip--;
        continue;
      }
      await this.show(event.object, event.type);
    }
  }

  /** Prints what is there now (unless only changes are wanted). */
  private async first(): Promise<{ single: boolean; version: string }> {
    const built = this.built ?? (await this.options.builder.build());
    if (built.errors.length > 0) throw built.errors[0] as Error;
    const version = built.listVersion ?? '0';
    if (!this.options.watchOnly) {
      const { table, write } = this.options;
      for (const { object } of built.infos) await this.show(object!, 'ADDED', built.infos.length === 1);
      if (table) await write(table.flush());
    }
    return { single: this.target.name !== undefined, version };
  }

  /** What is there at first is one table: its rows are written together. */
  private async show(object: Unstructured, type: string, alone = true): Promise<void> {
    const { table, print, events, write } = this.options;
    if (this.printer && table) {
      this.printer.print(table.tableOf(object), events ? type : undefined);
      if (alone) await write(table.flush());
    } else if (print) {
      await write(print(events ? ({ type, object } as unknown as Unstructured) : object));
    }
  }

  private async *events(resourceVersion: string): AsyncGenerator<{ type: string; object: Unstructured }> {
    const { cluster, accept, labelSelector, signal } = this.options;
    const { mapping, namespace, name } = this.target;
    const fieldSelector = name === undefined ? this.options.fieldSelector : `metadata.name=${name}`;
    const response = await cluster.request('GET', resourcePath(mapping, { namespace }), {
      query: {
        ...(labelSelector ? { labelSelector } : {}),
        ...(fieldSelector ? { fieldSelector } : {}),
        resourceVersion,
        watch: true,
      },
      headers: { accept: accept ?? 'application/json' },
      signal,
    });
    yield* watchEvents(response);
  }
}
