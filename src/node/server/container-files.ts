// What `cp` runs in a container, done by the node where the container has no such program: tar in and out, and the
// question whether a path is a folder. Docker reads and writes the file system with its volumes, as root, in a root of
// its own (links lead nowhere else), and streams: nothing is kept here. Paths that the kernel makes (/proc) are not there.
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { posix } from 'node:path';
import * as tar from 'tar-stream';
import type { RemoteCommandSession, RemoteStatus } from '../../wire/streams.ts';
import type { DockerClient } from '../docker/client.ts';
import { DockerError } from '../docker/errors.ts';
import { writeAll } from '../docker/log-stream.ts';

export type FileTask =
  | { kind: 'read'; path: string }
  | { kind: 'write'; folder: string; keepModes: boolean }
  | { kind: 'isFolder'; path: string };

/** The commands of kubectl's and this CLI's cp; undefined for every other. */
export function fileTaskOf(command: readonly string[]): FileTask | undefined {
  const [program, ...words] = command;
  if (program === 'test' && words.length === 2 && words[0] === '-d') return { kind: 'isFolder', path: words[1]! };
  if (program !== 'tar') return undefined;
  if (words.length === 3 && words[0] === 'cf' && words[1] === '-') return { kind: 'read', path: words[2]! };
  const keepModes = words[0] !== '--no-same-permissions';
  const rest = keepModes ? words : words.slice(2);
  if (!keepModes && words[1] !== '--no-same-owner') return undefined;
  if (rest[0] !== '-xmf' || rest[1] !== '-') return undefined;
  if (rest.length === 2) return { kind: 'write', folder: '.', keepModes };
  return rest.length === 4 && rest[2] === '-C' ? { kind: 'write', folder: rest[3]!, keepModes } : undefined;
}

const SUCCESS: RemoteStatus = { status: 'Success' };
/** What files get whose modes are not kept. */
const UMASK = 0o022;
const PASSWD_MS = 10_000;

export interface FilesOptions {
  docker: DockerClient;
  containerId: string;
  /** The caller may be any user of the container, root too. */
  anyUser: boolean;
}

/** Answers what the program would have answered; what is wrong goes to standard error. */
export async function doFileTask(
  { docker, containerId, anyUser }: FilesOptions,
  task: FileTask,
  session: RemoteCommandSession,
): Promise<RemoteStatus> {
  try {
    const { Config } = await docker.inspectContainer(containerId);
    // Docker does it as root, whom the commands of this container may not be.
    if (!anyUser && !isRoot(Config.User ?? '')) {
      return failed(
        session,
        `the container runs as user ${Config.User} and has no tar: who copies past it as root needs the verb impersonate on pods/exec`,
      );
    }
    const inside = (path: string): string => posix.resolve('/', Config.WorkingDir ?? '', path);
    if (task.kind === 'isFolder') {
      return (await docker.isFolder(containerId, inside(task.path))) ? SUCCESS : exited(1);
    }
    if (task.kind === 'read') await read(docker, containerId, inside(task.path), task.path, session);
    else {
      const owner = isRoot(Config.User ?? '') ? { uid: 0, gid: 0 } : await ownerOf(docker, containerId, Config.User!);
      await write(docker, containerId, inside(task.folder), { ...owner, keepModes: task.keepModes }, session);
    }
    return SUCCESS;
  } catch (error) {
    if (error instanceof DockerError) return failed(session, error.message);
    throw error;
  }
}

const isRoot = (user: string): boolean => /^(?:|0+|root)(?::|$)/.test(user);

const exited = (code: number): RemoteStatus => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: exit code ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

function failed(session: RemoteCommandSession, why: string): RemoteStatus {
  session.stderr?.write(`the node: ${why}\n`);
  return exited(2);
}

/** Docker names what it packs by its last part; tar by the whole path that it was given, without a slash in front. */
async function read(
  docker: DockerClient,
  containerId: string,
  path: string,
  asked: string,
  { stdout, signal }: RemoteCommandSession,
): Promise<void> {
  const name = asked.replace(/^\/+/, '').replace(/\/+$/, '');
  const archive = await docker.readArchive(containerId, path, signal);
  await rewritten(
    archive,
    (header) => {
      const below = header.name.replace(/^\/?[^/]*\/?/, '');
      return { ...header, name: [name, below].filter((part) => part !== '').join('/') || '.' };
    },
    async (bytes) => {
      for await (const chunk of bytes) if (stdout) await writeAll(stdout, chunk as Uint8Array);
    },
  );
}

async function write(
  docker: DockerClient,
  containerId: string,
  folder: string,
  { uid, gid, keepModes }: Owner & { keepModes: boolean },
  { stdin, signal }: RemoteCommandSession,
): Promise<void> {
  if (!stdin) return;
  await rewritten(
    stdin,
    (header) => ({
      ...header,
      ...{ uid, gid, uname: '', gname: '' },
      mode: keepModes ? header.mode : header.mode & ~UMASK,
    }),
    (bytes) => docker.writeArchive(containerId, folder, bytes, signal),
  );
}

interface Owner {
  uid: number;
  gid: number;
}

const MAX_PASSWD_BYTES = 1024 * 1024;

/** Whose the files are that are made for a container: `name`, `uid`, `uid:gid`; what a number leaves open is root's. */
async function ownerOf(docker: DockerClient, containerId: string, user: string): Promise<Owner> {
  const [name = '', group] = user.split(':');
  const isNumber = (text: string | undefined): boolean => /^\d+$/.test(text ?? '');
  if (isNumber(name) && isNumber(group)) return { uid: Number(name), gid: Number(group) };
  const lines = (await passwd(docker, containerId)).split('\n').map((line) => line.split(':'));
  const line = lines.find(([login, , uid]) => login === name || uid === name);
  if (!line && !isNumber(name)) throw new DockerError(404, `user ${name} is not in /etc/passwd of the container`);
  return { uid: Number(line?.[2] ?? name), gid: isNumber(group) ? Number(group) : Number(line?.[3] ?? 0) };
}

async function passwd(docker: DockerClient, containerId: string): Promise<string> {
  const signal = AbortSignal.timeout(PASSWD_MS);
  const archive = await docker.readArchive(containerId, '/etc/passwd', signal).catch(() => undefined);
  if (!archive) return '';
  const extract = tar.extract();
  const feeding = pipeline(archive, extract as unknown as Writable);
  let text = '';
  for await (const entry of extract) {
    for await (const chunk of entry) if (text.length < MAX_PASSWD_BYTES) text += String(chunk);
  }
  await feeding;
  return text;
}

/** Passes an archive on, entry by entry, with other headers. */
async function rewritten(
  source: Readable,
  change: (header: tar.Header) => tar.Header,
  consume: (bytes: Readable) => Promise<void>,
): Promise<void> {
  const extract = tar.extract();
  const pack = tar.pack();
  const bytes = new PassThrough();
  const copy = async (): Promise<void> => {
    for await (const entry of extract) {
      const header = change(entry.header);
      if (header.type === 'file') await pipeline(entry, pack.entry(header));
      else {
        pack.entry(header);
        entry.resume();
      }
    }
    pack.finalize();
  };
  const flows = [pipeline(source, extract as unknown as Writable), pipeline(pack as unknown as Readable, bytes)];
  const work = [...flows, copy(), consume(bytes)];
  try {
    await Promise.all(work);
  } catch (error) {
    // One end that fails ends the other.
    source.destroy();
    pack.destroy();
    bytes.destroy();
    await Promise.allSettled(work);
    throw error;
  }
}
