// exec, attach and run: the remote command's streams joined to Docker's hijacked connection. Upstream: dockershim's
// exec.go and docker_streaming.go.
import { type Duplex, PassThrough } from 'node:stream';
import type { RemoteCommandSession, RemoteStatus, TerminalSize } from '../../wire/streams.ts';
import type { DockerClient } from '../docker/client.ts';
import { splitFrames, writeAll } from '../docker/log-stream.ts';

const SUCCESS: RemoteStatus = { status: 'Success' };

export interface SessionOptions {
  /** Docker's `User`; default: the container's. */
  user?: string;
  /** Runs instead of a program that the container does not have. Until that is certain no input is read. */
  instead?(): Promise<RemoteStatus>;
}

/** Runs a command in a container, joined to the session, and answers its exit code as the kubelet does. */
export async function execSession(
  docker: DockerClient,
  containerId: string,
  command: readonly string[],
  session: RemoteCommandSession,
  { user, instead }: SessionOptions = {},
): Promise<RemoteStatus> {
  const id = await docker.createExec(containerId, {
    command,
    tty: session.tty,
    stdin: session.stdin !== undefined,
    stdout: session.stdout !== undefined,
    stderr: session.stderr !== undefined && !session.tty,
    ...(user === undefined ? {} : { user }),
  });
  const socket = await docker.startExec(id, session.tty);
  if (instead && (await isMissing(docker, id))) {
    const said = await allOf(socket);
    if (NOT_FOUND.test(said)) return instead();
    session.stderr?.write(said);
    return exitStatus(command, (await docker.inspectExec(id)).ExitCode ?? 0);
  }
  await join(socket, session, session.tty, (size) => docker.resizeExec(id, size));
  if (session.signal.aborted) return SUCCESS;
  return exitStatus(command, (await docker.inspectExec(id)).ExitCode ?? 0);
}

function exitStatus(command: readonly string[], exitCode: number): RemoteStatus {
  if (exitCode === 0) return SUCCESS;
  return {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** What Docker makes of a program that cannot be started; its message goes to the program's output. */
const NOT_STARTED = new Set([126, 127]);
const NOT_FOUND = /executable file not found|no such file or directory/;
const POLL_MS = 5;

/** Docker takes the connection over before it starts the program, and tells only in the details whether it could. */
async function isMissing(docker: DockerClient, execId: string): Promise<boolean> {
  for (;;) {
    const { Pid, ExitCode } = await docker.inspectExec(execId);
    if (ExitCode !== null) return NOT_STARTED.has(ExitCode);
    // It calls itself running before it is.
    if (Pid > 0) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function allOf(socket: Duplex): Promise<string> {
  const said = new PassThrough().setEncoding('utf8');
  const text = said.toArray() as Promise<string[]>;
  await splitFrames(socket as AsyncIterable<Buffer>, said, said).finally(() => said.end());
  return (await text).join('');
}

/** Joins the session to the container's first process. */
export async function attachSession(
  docker: DockerClient,
  container: { id: string; tty: boolean },
  session: RemoteCommandSession,
): Promise<RemoteStatus> {
  const socket = await docker.attach(container.id, {
    stdin: session.stdin !== undefined,
    stdout: session.stdout !== undefined,
    stderr: session.stderr !== undefined,
  });
  await join(socket, session, container.tty, (size) => docker.resizeContainer(container.id, size));
  return SUCCESS;
}

async function join(
  socket: Duplex,
  session: RemoteCommandSession,
  raw: boolean,
  resize: (size: TerminalSize) => Promise<void>,
): Promise<void> {
  const close = () => socket.destroy();
  session.signal.addEventListener('abort', close, { once: true });
  socket.on('error', () => undefined);
  void follow(session.resizes, resize);
  if (session.stdin) void pump(session.stdin, socket);
  try {
    if (raw) {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        if (session.stdout) await writeAll(session.stdout, chunk);
      }
    } else await splitFrames(socket as AsyncIterable<Buffer>, session.stdout, session.stderr);
  } catch (error) {
    if (!session.signal.aborted) throw error;
  } finally {
    session.signal.removeEventListener('abort', close);
    socket.destroy();
  }
}

/** The end of input is passed on as a half-close; the process may go on talking. */
async function pump(from: AsyncIterable<Buffer>, to: Duplex): Promise<void> {
  try {
    for await (const chunk of from) {
      if (to.destroyed) return;
      await writeAll(to, chunk);
    }
    if (!to.destroyed) to.end();
  } catch {
    to.destroy();
  }
}

/** A size that the process cannot be told (it has just ended) is of no interest. */
async function follow(resizes: AsyncIterable<TerminalSize>, resize: (size: TerminalSize) => Promise<void>) {
  try {
    for await (const size of resizes) {
      if (size.width > 0 && size.height > 0) await resize(size).catch(() => undefined);
    }
  } catch {
    // The session ended.
  }
}
