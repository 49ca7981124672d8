// What `up` looks at before it starts anything, so that what cannot work is refused with nothing half done.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readKubeConfigFile } from '../../client/kubeconfig.ts';
import { folderProblem, makeFolders } from '../../client/make-folders.ts';
import { CliError } from '../errors.ts';
import { CommandFailed, runCommand } from './run-command.ts';

/** Makes the data directory and writes something into it, as the daemons will. */
export function checkDataDir(path: string): void {
  const probe = join(path, `.probe.${process.pid}`);
  try {
    makeFolders(path, 0o700);
    writeFileSync(probe, 'room?');
  } catch (error) {
    // Half a file, of a full disk.
    if (existsSync(probe)) rmSync(probe, { force: true });
    const why = folderProblem(path, error) ?? (error as Error).message;
    throw new CliError(`cannot use the data directory ${path}: ${why}`);
  }
  rmSync(probe, { force: true });
}

/** The files must be readable as kubeconfigs, and the one that gets the context must be writable. */
export function checkKubeConfig(paths: readonly string[]): void {
  for (const path of paths) readKubeConfigFile(path);
  const target = paths.find((path) => existsSync(path)) ?? paths[paths.length - 1]!;
  try {
    // A file is replaced, so it is the folder that matters; the nearest one that exists.
    let folder = dirname(resolve(target));
    while (!existsSync(folder)) folder = dirname(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (existsSync(target)) accessSync(target, constants.W_OK);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const denied = code === 'EACCES' || code === 'EPERM';
    const why = denied ? 'permission denied' : code === 'EROFS' ? 'the file system is read-only' : message;
    throw new CliError(
      `cannot write the kubeconfig ${target}: ${why}; name another file with --kubeconfig or $KUBECONFIG`,
    );
  }
}

/** A folder of this machine becomes the URL that the GitOps loop, which runs elsewhere, can use; others stay. */
export function gitUrl(given: string): string {
  const local = !given.includes('://') && existsSync(given);
  if (!local && !/^(https?|ssh|file):\/\/./.test(given)) {
    throw new CliError(
      `invalid --git "${given}": must be a folder that exists, or a URL with http://, https://, ssh:// or file://`,
    );
  }
  return local ? pathToFileURL(resolve(given)).href : given;
}

const ANSWER_MS = 20_000;

/** Whether the repository answers and has the branch. Never asks for a password. */
export async function checkRepository(url: string, branch: string): Promise<void> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes', LC_ALL: 'C' };
  let found: string;
  try {
    found = await runCommand('git', ['ls-remote', url, `refs/heads/${branch}`], { env, timeoutMs: ANSWER_MS });
  } catch (error) {
    const why = error instanceof CommandFailed ? error.said : String(error);
    throw new CliError(`cannot reach the Git repository ${url}: ${why.replace(/^(fatal|error): /, '')}; correct --git`);
  }
  if (found.trim() === '') {
    throw new CliError(`the Git repository ${url} has no branch "${branch}"; name one of its branches with --branch`);
  }
}
