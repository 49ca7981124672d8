// Colour for terminals: it marks what is not as it should be, and nothing else. Never in pipes, never with NO_COLOR or
// --no-color. chalk is loaded only where a terminal will see it.
import type { Io } from '../io.ts';
import { type CellStyle, Columns } from './columns.ts';

/** Ways to paint a text. Widths are measured before painting. */
export interface Paint {
  bad(text: string): string;
  waiting(text: string): string;
  good(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
  /** One of a few colours that differ from each other, by number. */
  nth(index: number, text: string): string;
}

/** True when the stream is a terminal that may be painted on. */
export const isColoured = (io: Io, stream: 'stdout' | 'stderr' = 'stdout'): boolean =>
  io[stream].isTTY === true && !io.env['NO_COLOR'] && io.env['TERM'] !== 'dumb';

const same = (text: string): string => text;
const plain: Paint = { bad: same, waiting: same, good: same, dim: same, strong: same, nth: (_, text) => text };

/** Paints for a terminal; leaves every text as it is elsewhere. */
export async function paintFor(io: Io, stream: 'stdout' | 'stderr' = 'stdout'): Promise<Paint> {
  if (!isColoured(io, stream)) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const series = [
    chalk.cyan,
    chalk.green,
    chalk.magenta,
    chalk.yellow,
    chalk.blue,
    chalk.cyanBright,
    chalk.greenBright,
  ];
  return {
    bad: (text) => chalk.red(text),
    waiting: (text) => chalk.yellow(text),
    good: (text) => chalk.green(text),
    dim: (text) => chalk.dim(text),
    strong: (text) => chalk.bold(text),
    nth: (index, text) => series[index % series.length]!(text),
  };
}

const bad =
  /^(?:Init:)?(?:.*(?:BackOff|Error|Err[A-Z]\w+)|Error|Failed|Evicted|OOMKilled|NotReady.*|Unknown|Lost|InvalidImageName|DeadlineExceeded|False|Init:\d+\/\d+.*Error)$/;
/** Columns in which `False` is a failure; elsewhere (SUSPEND) it is a setting. */
const mustBeTrue = /^(?:READY|AVAILABLE|HEALTHY|SYNCED|ESTABLISHED|ACCEPTED|PROGRAMMED|SUCCEEDED)$/;
const waiting =
  /^(?:Pending|ContainerCreating|PodInitializing|Terminating|Init:\d+\/\d+|Unschedulable|Ready,SchedulingDisabled|Completed:.*|<pending>|Warning)$/;

/** The columns of a table for people: painted, and as wide as the terminal, where there is one. */
export const terminalColumns = async (io: Io): Promise<Columns> =>
  new Columns(await abnormalStyle(io), io.stdout.isTTY === true ? io.stdout.columns : undefined);

/** Red for failures, yellow for what is under way or short of its replicas; undefined when colours are off. */
export async function abnormalStyle(io: Io): Promise<CellStyle | undefined> {
  if (!isColoured(io)) return undefined;
  const paint = await paintFor(io);
  return (cell, title, row) => {
    if (cell === 'False' && title !== undefined && !mustBeTrue.test(title)) return cell;
    if (bad.test(cell)) return paint.bad(cell);
    if (waiting.test(cell)) return paint.waiting(cell);
    const ratio = /^(\d+)\/(\d+)$/.exec(cell);
    return ratio && ratio[1] !== ratio[2] && !row?.includes('Completed') ? paint.waiting(cell) : cell;
  };
}
