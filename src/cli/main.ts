// The process: what bin/sampan calls. Signals, closed pipes and the exit code are here and nowhere else.
import commands from '../commands/index.gen.ts';
import type { Interrupts } from './base.ts';
import { processIo } from './io.ts';
import { findCommand } from './find-command.ts';
import { run } from './invoke.ts';

const SIGPIPE_EXIT = 141;
/** Commands that end by themselves when they are told to; all others end at once. */
const daemons = new Set(['server', 'node', 'up', 'scheduler', 'controller-manager', 'gitops']);

export async function main(argv: readonly string[]): Promise<void> {
  const controller = new AbortController();
  const interrupts: Interrupts = { ends: daemons.has(findCommand(argv, commands).path[0] ?? '') };
  const stopsOnTerm = interrupts.ends;
  let signals = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    controller.abort();
    if (++signals === 1 && (name === 'SIGINT' ? interrupts.ends : stopsOnTerm)) return;
    dieOf(name, interrupts.exitCode);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
  for (const stream of [process.stdout, process.stderr]) {
    // The reader is gone (`| head`): end as a program does that SIGPIPE ends.
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? SIGPIPE_EXIT : 1));
  }
  const code = await run(argv, {
    commands,
    io: processIo(),
    signal: controller.signal,
    interrupts,
    ends: true,
  });
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(code);
}

/** The shell must see the signal: a loop in a script ends only when what it runs was killed by it. */
function dieOf(name: NodeJS.Signals, exitCode: number | undefined): void {
  if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
  if (exitCode !== undefined) process.exit(exitCode);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
