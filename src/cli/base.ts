// What every command is: statics that say what it is called with (summary, description, examples, usage, flags, in the
// shape of an oclif command class) and a short run(). Loading @oclif/core costs as much as a whole `get`, so its shape
// is kept and its code is not loaded. Parsing is pflag.ts, help is help.ts, starting is invoke.ts.
import type { Cluster } from './cluster.ts';
import type { Unstructured } from '../api/types.ts';
import { UsageError } from './errors.ts';
import type { GlobalFlags } from './globals.ts';
import { type Io, writeAll } from './io.ts';
import type { FlagTable, FlagValues, ParsedFlags } from './pflag.ts';

/** The annotation of --record; `rollout history` shows it. */
export const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** The static side of a command. */
export interface CommandClass {
  new (context: CommandContext): Command;
  summary: string;
  /** Where the list of a group's commands says it shorter. */
  short?: string;
  description?: string;
  examples?: string;
  /** What stands after the command's path in `Usage:`; `[options]` is added by help. */
  usage: string;
  flags: FlagTable;
  aliases?: readonly string[];
  hidden?: boolean;
  /** Exit code of a wrong flag (`diff`: 2, for 1 means a difference). Such errors point to -h. */
  flagErrorCode?: number;
}

/** What a signal does to this process while the command runs; a command may change it. */
export interface Interrupts {
  /** SIGINT only aborts the command's signal: it ends by itself. */
  ends: boolean;
  /** SIGINT and SIGTERM end with this code, as upstream's interrupt.Handler does, instead of with the signal. */
  exitCode?: number;
}

/** What the entry hands to a command. */
export interface CommandContext {
  io: Io;
  program: string;
  /** `['rollout', 'status']` */
  path: readonly string[];
  parsed: ParsedFlags;
  globals: GlobalFlags;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
  interrupts: Interrupts;
  /** The cluster of the kubeconfig and flags; connected on first use. */
  cluster(): Promise<Cluster>;
}

export abstract class Command {
  static summary = '';
  static usage = '[flags]';
  static flags: FlagTable = {};

  protected readonly context: CommandContext;
  constructor(context: CommandContext) {
    this.context = context;
  }

  /** Resolves with an exit code; nothing means 0. Errors are printed by the caller (errors.ts). */
  abstract run(): Promise<number | void>;

  /** The flags and arguments, typed by the command's own flag table. */
  protected parse<T extends FlagTable>(of: { flags: T }): { flags: FlagValues<T>; args: string[] } {
    void of;
    return { flags: this.context.parsed.values as FlagValues<T>, args: this.context.parsed.args };
  }

  protected get io(): Io {
    return this.context.io;
  }
  protected changed(flag: string): boolean {
    return this.context.parsed.changed.has(flag);
  }
  protected cluster(): Promise<Cluster> {
    return this.context.cluster();
  }
  /** `sampan rollout status` */
  protected get commandPath(): string {
    return [this.context.program, ...this.context.path].join(' ');
  }
  /** What --record writes; undefined without it. Upstream: parseCommandArguments of genericclioptions. */
  protected get changeCause(): string | undefined {
    const { parsed, path, program } = this.context;
    if (parsed.values['record'] !== true) return undefined;
    const flags = parsed.given.map((text) => text.replace(/^(--(?:token|password)=).*/s, '$1CLASSIFIED'));
    return [program, ...path, ...parsed.args, ...flags].join(' ');
  }
  /** The object with the annotation of --record, or as it is. */
  protected recorded<T extends Unstructured>(object: T): T {
    const cause = this.changeCause;
    if (cause === undefined) return object;
    const annotations = { ...object.metadata.annotations, [CHANGE_CAUSE]: cause };
    return { ...object, metadata: { ...object.metadata, annotations } };
  }
  protected out(text: string): void {
    this.io.stdout.write(text);
  }
  /** Large output: waits while the reader is slow. */
  protected write(data: string | Uint8Array): Promise<void> {
    return writeAll(this.io.stdout, data);
  }
  protected err(text: string): void {
    this.io.stderr.write(text);
  }
  protected usageError(message: string): never {
    throw new UsageError(message);
  }
}
