// Runs a command in a container and collects what it says, for probes and hooks.
import { Writable } from 'node:stream';
import type { DockerClient } from './client.ts';
import { splitFrames } from './log-stream.ts';

export interface ExecResult {
  exitCode: number;
  output: string;
}

export class ExecTimeout extends Error {}

/** Output beyond the limit is dropped. The process is left alone on a timeout: Docker has no call that ends it. */
export async function execInContainer(
  docker: DockerClient,
  containerId: string,
  command: readonly string[],
  options: { timeoutMs: number; maxBytes: number; signal?: AbortSignal },
): Promise<ExecResult> {
  const id = await docker.createExec(containerId, { command });
  const socket = await docker.startExec(id, false);
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (size < options.maxBytes) chunks.push(chunk.subarray(0, options.maxBytes - size));
      size += chunk.length;
      done();
    },
  });
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const ended = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  const close = () => socket.destroy();
  ended.addEventListener('abort', close, { once: true });
  try {
    await splitFrames(socket as AsyncIterable<Buffer>, collect, collect);
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    ended.removeEventListener('abort', close);
    socket.destroy();
  }
  if (ended.aborted) throw new ExecTimeout(`command "${command.join(' ')}" timed out`);
  const output = Buffer.concat(chunks).toString('utf8');
  return { exitCode: (await docker.inspectExec(id)).ExitCode ?? 0, output };
}
