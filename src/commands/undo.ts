// `undo`: takes back the last apply to this server, from the journal that apply keeps (cli/apply/journal.ts).
import type { Unstructured } from '../api/types.ts';
import {
  type Journal,
  type JournalEntry,
  journalFiles,
  journalFolder,
  readJournal,
  replaceJournal,
} from '../cli/apply/journal.ts';
import { paintChange, paintOperation } from '../cli/apply/paint.ts';
import { changeLines } from '../cli/apply/record.ts';
import { restore } from '../cli/apply/restore.ts';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../cli/flags.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { checkDataOutput, dataOutputFlag, formatData } from '../cli/print/data.ts';
import { objectName } from '../cli/print/object.ts';
import { type Paint, paintFor } from '../cli/print/style.ts';

/** Something was left as it is because others changed it. */
const CONFLICT_EXIT = 3;

const flags = {
  ...dataOutputFlag,
  ...dryRunFlag,
  force: flag.bool('Put back also what others changed since then.'),
  'show-diff': flag.bool('Print what changes back, field by field. Values of secrets are not shown.'),
  list: flag.bool('Show what could be undone, the latest apply first, and do nothing.'),
};

interface Outcome {
  object: string;
  namespace?: string;
  operation?: string;
  conflicts: string[];
  hopeless?: boolean;
  /** The lines of --show-diff. */
  changes?: string;
}

export default class Undo extends Command {
  static override summary = 'Take back the last apply to this server';
  static description = `Objects that it created are deleted, objects that it changed get their former fields, objects that it pruned are made anew. Fields that somebody changed since then are left as they are and named, and the exit code is 3; what may still be undone, with --force or later, stays in the journal.

The journal is kept on this machine, in the cache directory, for the last twenty applies to each server. Contents of secrets are not in it: a secret that was created is deleted, one that was changed is only named. SAMPAN_JOURNAL=off keeps none.`;
  static examples = `# Take back the last apply
{program} undo

# See what that would do
{program} undo --dry-run=server

# See it field by field
{program} undo --dry-run=server --show-diff

# What could be undone
{program} undo --list`;
  static override usage = '[--list]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private paint!: Paint;

  async run(): Promise<number> {
    const { flags: opts, args } = this.parse(Undo);
    this.opts = opts;
    if (args.length > 0) this.usageError(`Unexpected args: [${args.join(' ')}]`);
    await checkDataOutput(opts.output);
    if (opts['show-diff'] && opts.output !== '') throw new CliError('--show-diff goes with no output format');
    this.paint = await paintFor(this.io);
    const cluster = await this.cluster();
    const folder = journalFolder(cluster.url, this.context.globals['cache-dir'], this.io);
    const files = folder === undefined ? [] : journalFiles(folder);
    if (opts.list) return this.show(files.map(readJournal));
    const [file] = files;
    if (file === undefined) throw new CliError('there is no apply to undo on this machine');
    return this.undo(file, readJournal(file));
  }

  private async show(journals: readonly Journal[]): Promise<number> {
    const list = journals.map(({ time, entries }) => ({
      time,
      objects: entries.map((e) => ({ object: nameOf(e), namespace: e.namespace, operation: e.operation })),
    }));
    const data = await formatData(this.opts.output, list);
    if (data !== undefined) await this.write(data);
    else
      for (const { time, objects } of list)
        this.out(`${time}\n${objects.map((o) => `  ${o.object} ${o.operation}\n`).join('')}`);
    if (list.length === 0 && data === undefined) this.err('there is no apply to undo on this machine\n');
    return 0;
  }

  private async undo(file: string, journal: Journal): Promise<number> {
    const { opts } = this;
    const dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const cluster = await this.cluster();
    const outcomes: Outcome[] = [];
    const left: JournalEntry[] = [];
    for (const entry of [...journal.entries].reverse()) {
      const outcome: Outcome = {
        object: nameOf(entry),
        ...(entry.namespace ? { namespace: entry.namespace } : {}),
        conflicts: [],
      };
      try {
        const { from, to, ...restored } = await restore(cluster, entry, { force: opts.force, dryRun });
        Object.assign(outcome, restored);
        if (opts['show-diff'] && restored.operation) {
          outcome.changes = changeLines(from, to, (line) => paintChange(this.paint, line));
        }
      } catch (error) {
        outcome.conflicts = [(error as Error).message];
      }
      if (outcome.conflicts.length > 0 && !outcome.hopeless) left.unshift(entry);
      outcomes.push(outcome);
      if (opts.output === '') this.tell(outcome, dryRunSuffix(dryRun));
    }
    if (dryRun === 'none') replaceJournal(file, { ...journal, entries: left });
    const data = await formatData(opts.output, outcomes);
    if (data !== undefined) await this.write(data);
    return outcomes.some((o) => o.conflicts.length > 0) ? CONFLICT_EXIT : 0;
  }

  private tell({ object, operation, conflicts, changes = '' }: Outcome, suffix: string): void {
    if (operation) this.out(paintOperation(this.paint, operation, `${object} ${operation}${suffix}\n`));
    this.out(changes);
    for (const text of conflicts) this.err(`conflict: ${object}: ${text}\n`);
  }
}

const nameOf = ({ address, name }: JournalEntry): string =>
  objectName({
    apiVersion: address.group ? `${address.group}/${address.version}` : address.version,
    kind: address.kind,
    metadata: { name },
  } as Unstructured);
