// `cp --resume`: one file, copied so that a cut connection or a later run goes on where it stopped. Bytes are collected
// in NAME.part beside the destination and take the name when they are whole: same size, and the same SHA-256 where the
// container has sha256sum. Needs wc, tail, cat, mv and sh in the container, and no tar.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StatusError } from '../api/status.ts';
import { CliError, PlainError } from './errors.ts';
import type { ByteProgress } from './progress/bytes.ts';

/** Runs a command in the container; rejects when it fails or the connection is cut. */
export type Exec = (
  command: readonly string[],
  streams: { stdin?: Readable; stdout: Writable; stderr?: Writable },
) => Promise<void>;

export interface ResumeOptions {
  exec: Exec;
  /** Attempts after the first; negative: for ever. A refusal, or a command that fails, is final. */
  retries: number;
  signal: AbortSignal;
  progress: ByteProgress;
  tell(text: string): void;
}

const PAUSE_MS = 500;
/** Exit codes above are of commands that were killed. */
const KILLED = 128;

/** Trying again would not help. */
class Final extends CliError {}

async function output(exec: Exec, command: readonly string[]): Promise<string> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stderr.resume();
  const text = stdout.setEncoding('utf8').toArray() as Promise<string[]>;
  try {
    await exec(command, { stdout, stderr });
  } finally {
    stdout.end();
    stderr.end();
  }
  return (await text).join('');
}

/** Bytes of a file in the container; undefined when it is not there. */
async function remoteSize(exec: Exec, path: string): Promise<number | undefined> {
  const text = await output(exec, ['sh', '-c', 'test ! -f "$0" || wc -c < "$0"', path]);
  return text.trim() === '' ? undefined : Number(text);
}

const remoteHash = (exec: Exec, path: string): Promise<string | undefined> =>
  output(exec, ['sha256sum', path]).then(
    (text) => /^\\?([0-9a-f]{64})\b/.exec(text)?.[1],
    () => undefined,
  );

async function localHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function localSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** Again and again, until `attempt` answers true. A refusal of the server is no cut. */
async function persist(options: ResumeOptions, attempt: () => Promise<boolean>): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      if (await attempt()) return;
      throw new Error('the connection was cut');
    } catch (error) {
      const refused = error instanceof StatusError || error instanceof Final;
      const failed = error instanceof PlainError && error.exitCode <= KILLED;
      const final = refused || failed || options.signal.aborted;
      if (final || (options.retries >= 0 && failures >= options.retries)) throw error;
      options.tell(`${(error as Error).message}; going on where it stopped\n`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function check(local: string, remote: string | undefined, forget: () => unknown): void {
  if (remote === undefined || local === remote) return;
  forget();
  throw new Final('the file was changed while it was copied: what was copied is thrown away, try again');
}

export async function resumeDownload(from: string, to: string, options: ResumeOptions): Promise<void> {
  const { exec } = options;
  const part = `${to}.part`;
  await persist(options, async () => {
    const size = await remoteSize(exec, from);
    if (size === undefined) throw new Final(`${from} is no file in the container: --resume copies single files`);
    if (localSize(part) > size) rmSync(part);
    const have = localSize(part);
    if (have < size) {
      options.progress.expect(size);
      options.progress.from(have);
      const stdout = options.progress.counter();
      const written = pipeline(stdout, createWriteStream(part, { flags: 'a' }));
      const running = exec(['tail', '-c', `+${have + 1}`, from], { stdout }).finally(() => stdout.end());
      await Promise.all([running, written]);
    } else if (size === 0) createWriteStream(part).end();
    return localSize(part) === size;
  });
  check(await localHash(part), await remoteHash(exec, from), () => rmSync(part));
  renameSync(part, to);
}

export async function resumeUpload(from: string, to: string, options: ResumeOptions): Promise<void> {
  const { exec } = options;
  const part = `${to}.part`;
  const size = statSync(from).size;
  const run = (script: string, ...args: string[]): Promise<string> => output(exec, ['sh', '-c', script, ...args]);
  await persist(options, async () => {
    let have = (await remoteSize(exec, part)) ?? 0;
    if (have > size) {
      await run('rm "$0"', part);
      have = 0;
    }
    if (have < size || size === 0) {
      options.progress.expect(size);
      options.progress.from(have);
      const stdin = options.progress.through(createReadStream(from, { start: have }));
      await exec(['sh', '-c', 'cat >> "$0"', part], { stdin, stdout: new PassThrough().resume() });
    }
    return (await remoteSize(exec, part)) === size;
  });
  const remote = await remoteHash(exec, part);
  const local = await localHash(from);
  if (remote !== undefined && remote !== local) await run('rm "$0"', part);
  check(local, remote, () => undefined);
  await run('mv "$0" "$1"', part, to);
}
