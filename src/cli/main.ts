// The process: what bin/sampan calls. Signals, closed pipes and the exit code are here and nowhere else.
import commands from '../commands/index.gen.ts';
import { processIo } from './io.ts';
import { findCommand, run } from './invoke.ts';

const SIGPIPE_EXIT = 141;
/** Commands that end by themselves when they are told to; all others end at once. */
const daemons = new Set(['server', 'node', 'up', 'scheduler', 'controller-manager', 'gitops']);

export async function main(argv: readonly string[]): Promise<void> {
  const controller = new AbortController();
  const stopsItself = daemons.has(findCommand(argv, commands).path[0] ?? '');
  let signals = 0;
  const onSignal = (exitCode: number) => (): void => {
    controller.abort();
    if (++signals > 1 || !stopsItself) process.exit(exitCode);
  };
  process.on('SIGINT', onSignal(130));
  process.on('SIGTERM', onSignal(143));
  process.on('SIGHUP', onSignal(129));
  for (const stream of [process.stdout, process.stderr]) {
    // The reader is gone (`| head`): end as a program does that SIGPIPE ends.
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? SIGPIPE_EXIT : 1));
  }
  const code = await run(argv, { commands, io: processIo(), signal: controller.signal });
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(code);
}
