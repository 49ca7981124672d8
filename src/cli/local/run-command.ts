// Runs a program of the system to its end; failures carry what it said.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export class CommandFailed extends Error {
  /** What the program said about it, in one line. */
  readonly said: string;
  constructor(command: string, said: string) {
    super(`${command}: ${said}`);
    this.said = said;
  }
}

/** The line that names the cause: Git's and others' first one with a mark, else the last. */
function tellingLine(stderr: string): string {
  const lines = stderr.trim().split('\n');
  return lines.find((line) => /^(fatal|error|E): /.test(line)) ?? lines.at(-1) ?? '';
}

export async function runCommand(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<string> {
  try {
    const { stdout } = await exec(program, [...args], {
      maxBuffer: 64 * 1024 * 1024,
      ...(options.env ? { env: options.env } : {}),
      ...(options.timeoutMs ? { timeout: options.timeoutMs } : {}),
    });
    return stdout;
  } catch (error) {
    const { stderr = '', code, killed } = error as { stderr?: string; code?: string | number; killed?: boolean };
    const why = killed ? `no answer after ${(options.timeoutMs ?? 0) / 1000} s` : tellingLine(stderr);
    const absent = code === 'ENOENT' ? `${program} is not installed` : `it ended with ${String(code)}`;
    throw new CommandFailed(`${program} ${args.join(' ')}`, why || absent);
  }
}

/** True when it ends well. */
export const succeeds = (program: string, args: readonly string[]): Promise<boolean> =>
  runCommand(program, args).then(
    () => true,
    () => false,
  );
