// Shallow copies of Git repositories in temporary folders, for as long as one command needs them. A repository that is
// named several times is fetched once. Upstream: kustomize api/internal/git/cloner.go and gitrunner.go.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { formatDuration } from '../../api/duration.ts';
import type { RepoSpec } from '../../api/kustomize/repo-spec.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { showsProgress, withProgress } from '../progress/progress.ts';

const MAX_OUTPUT = 64 * 1024 * 1024;

/** Git said no. */
export class GitFailure extends CliError {
  /** The line that names the cause. */
  readonly said: string;
  constructor(message: string, output: string) {
    super(message);
    const lines = output.trim().split('\n');
    // Of a server that cannot be reached ssh says why, and Git only that it is so.
    this.said = lines.find((line) => /^(fatal|error|ssh): (?!Could not read from remote)/.test(line)) ?? lines[0]!;
  }
}

export class Clones {
  private readonly io: Io;
  private readonly folders = new Map<string, Promise<string>>();

  constructor(io: Io) {
    this.io = io;
  }

  /** The folder with the files at the reference that the text names. */
  async folder(spec: RepoSpec): Promise<string> {
    const key = JSON.stringify([spec.url, spec.ref, spec.submodules]);
    let folder = this.folders.get(key);
    if (!folder) this.folders.set(key, (folder = this.clone(spec)));
    return folder;
  }

  async close(): Promise<void> {
    const made = await Promise.allSettled(this.folders.values());
    for (const outcome of made) {
      if (outcome.status === 'fulfilled') await rm(outcome.value, { recursive: true, force: true });
    }
  }

  private async clone(spec: RepoSpec): Promise<string> {
    const git = programOnPath('git', this.io);
    if (git === undefined) {
      throw new CliError(`no 'git' program on path: exec: "git": executable file not found in $PATH`);
    }
    // Git would take it for an option.
    if (spec.ref.startsWith('-')) throw new CliError(`invalid Git reference ${JSON.stringify(spec.ref)}`);
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'kustomize-')));
    const run = (...args: string[]): Promise<string> => this.run(git, args, folder, spec);
    try {
      await run('init');
      await this.fetch(spec, run);
      await run('checkout', 'FETCH_HEAD');
      if (spec.submodules) await run('submodule', 'update', '--init', '--recursive');
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** At a terminal Git says how far it is; not before it has, for until then it may ask for a password. */
  private run(git: string, args: readonly string[], folder: string, spec: RepoSpec): Promise<string> {
    if (!showsProgress(this.io)) return runGit(git, args, folder, spec.timeoutMs, this.io);
    let latest = '';
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const tell = (line: string): void => {
      const isFirst = latest === '';
      latest = line;
      if (isFirst)
        void withProgress(
          this.io,
          () => ({ title: `fetching ${spec.url}`, rows: [latest] }),
          () => ended,
        );
    };
    return runGit(git, args, folder, spec.timeoutMs, this.io, tell).finally(end);
  }

  /** Servers may refuse to hand out a commit that no branch ends with: then all that they have is asked for. */
  private async fetch(spec: RepoSpec, run: (...args: string[]) => Promise<string>): Promise<void> {
    try {
      await run('fetch', '--depth=1', spec.url, spec.ref || 'HEAD');
    } catch (error) {
      if (!/^[0-9a-f]{7,40}$/.test(spec.ref)) throw error;
      try {
        await run('fetch', spec.url, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*');
        await run('fetch', '.', `${(await run('rev-parse', '--verify', `${spec.ref}^{commit}`)).trim()}`);
      } catch {
        throw error;
      }
    }
  }
}

function programOnPath(name: string, io: Io): string | undefined {
  const path = io.env['PATH'] ?? process.env['PATH'] ?? '';
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** `remote: Counting objects:  50% (1/2)`, which Git writes over itself. */
const PROGRESS = /^(?:remote: )?[A-Z][\w ]+: +\d+.*$/;

/** What Git says of a failure is kept whole, as upstream has it; how far it is goes to `tell`. */
function runGit(
  git: string,
  args: readonly string[],
  cwd: string,
  timeoutMs: number,
  io: Io,
  tell?: (line: string) => void,
): Promise<string> {
  const command = [git, ...args].join(' ');
  // Nobody is there to be asked for a password when the input is a file or a pipe.
  const env = { ...process.env, ...io.env, ...(io.stdin.isTTY ? {} : { GIT_TERMINAL_PROMPT: '0' }) };
  const [verb, ...rest] = args;
  const asked = tell && verb === 'fetch' ? [verb, '--progress', ...rest] : args;
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: MAX_OUTPUT, encoding: 'utf8' as const };
    const child = execFile(git, [...asked], options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.killed) {
        const why = `hit ${formatDuration(timeoutMs)} timeout`;
        return reject(new GitFailure(`${why} running '${command}'`, why));
      }
      const lines = tell ? stderr.split(/(?<=[\r\n])/).filter((line) => !PROGRESS.test(line.trim())) : [stderr];
      const output = stdout + lines.join('');
      reject(new GitFailure(`failed to run '${command}': ${output}: exit status ${error.code ?? 1}`, output));
    });
    if (!tell) return;
    child.stderr!.on('data', (text: string) => {
      const line = text.split(/[\r\n]/).findLast((part) => PROGRESS.test(part.trim()));
      if (line !== undefined) tell(line.trim());
    });
  });
}
