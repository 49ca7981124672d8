// The process: what bin/sampan calls. Signals, closed pipes and the exit code are here and nowhere else.
import { writeSync } from 'node:fs';
import commands from '../commands/index.gen.ts';
import type { Interrupts } from './base.ts';
import { processIo } from './io.ts';
import { findCommand } from './find-command.ts';
import { run } from './invoke.ts';

const SIGPIPE_EXIT = 141;
/** Commands that do all that they were asked for, even where nobody can be told of it: half of it would be worse. */
const changing = new Set(
  'annotate apply autoscale cordon create delete drain edit expose label patch replace rollout scale set taint uncordon undo'.split(
    ' ',
  ),
);
/** Commands that end by themselves when they are told to; all others end at once. */
const daemons = new Set(['server', 'node', 'up', 'scheduler', 'controller-manager', 'gitops']);

export async function main(argv: readonly string[]): Promise<void> {
  const controller = new AbortController();
  const { path } = findCommand(argv, commands);
  const interrupts: Interrupts = { ends: daemons.has(path[0] ?? '') };
  const stopsOnTerm = interrupts.ends;
  let signals = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    controller.abort();
    if (++signals === 1 && (name === 'SIGINT' ? interrupts.ends : stopsOnTerm)) return;
    dieOf(name, interrupts.exitCode);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
  let unwritten = false;
  const finishes = changing.has(path[0] ?? '');
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader is gone (`| head`): end as a program does that SIGPIPE ends.
      if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT);
      if (!unwritten) tellUnwritten(stream, error);
      unwritten = true;
      if (!finishes) process.exit(1);
    });
  }
  const code = await run(argv, {
    commands,
    io: processIo(),
    signal: controller.signal,
    interrupts,
    ends: true,
  });
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(unwritten && code === 0 ? 1 : code);
}

const WHY: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EFBIG: 'file too large',
  EIO: 'input/output error',
};

/** A disk is full, mostly. Not by the stream: it may be the one that fails. */
function tellUnwritten(stream: NodeJS.WriteStream, { code = '', message }: NodeJS.ErrnoException): void {
  const name = stream === process.stdout ? '/dev/stdout' : '/dev/stderr';
  try {
    writeSync(2, `error: write ${name}: ${WHY[code] ?? message}\n`);
  } catch {
    // Then nobody hears of it but from the exit code.
  }
}

/** The shell must see the signal: a loop in a script ends only when what it runs was killed by it. */
function dieOf(name: NodeJS.Signals, exitCode: number | undefined): void {
  if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
  if (exitCode !== undefined) process.exit(exitCode);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
