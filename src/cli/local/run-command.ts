// Runs a program of the system to its end; failures carry what it said.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export class CommandFailed extends Error {}

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
    const { stderr = '', code } = error as { stderr?: string; code?: string | number };
    const said = stderr.trim().split('\n').at(-1);
    throw new CommandFailed(
      `${program} ${args.join(' ')}: ${said || (code === 'ENOENT' ? 'not found' : String(error))}`,
    );
  }
}

/** True when it ends well. */
export const succeeds = (program: string, args: readonly string[]): Promise<boolean> =>
  runCommand(program, args).then(
    () => true,
    () => false,
  );
