// The Engine API client against the real daemon: what each call must give, and how failures read.
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DockerClient } from '../../../src/node/docker/client.ts';
import { DockerUnavailable } from '../../../src/node/docker/errors.ts';
import { followEvents } from '../../../src/node/docker/events.ts';
import { ExecTimeout, execInContainer } from '../../../src/node/docker/exec.ts';
import { mergeFrames, splitFrames } from '../../../src/node/docker/log-stream.ts';
import { PAUSE_IMAGE, ensurePauseImage } from '../../../src/node/docker/pause-image.ts';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from '../support/docker.ts';

const docker = new DockerClient();
const LABEL = 'sampan-test-client';
const Labels = { [LABEL]: '1' };

beforeAll(async () => {
  await ensurePauseImage(docker);
  await ensureBusyboxImage(docker);
});
afterAll(async () => {
  for (const { Id } of await docker.listContainers({ [LABEL]: '' })) await docker.removeContainer(Id);
  await docker.close();
});

async function start(name: string, script: string, extra: { tty?: boolean } = {}): Promise<string> {
  const id = await docker.createContainer(`${LABEL}-${name}`, {
    Image: BUSYBOX_IMAGE,
    Entrypoint: ['sh', '-c', script],
    Labels,
    ...(extra.tty && { Tty: true }),
    HostConfig: {},
  });
  await docker.startContainer(id);
  return id;
}

function collector() {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { sink, text: () => Buffer.concat(chunks).toString('utf8') };
}

test('exec: input, both outputs and the exit code; a half-closed input ends only the input', async () => {
  const id = await start('exec', 'sleep 1000');
  const exec = await docker.createExec(id, { command: ['sh', '-c', 'cat; echo err >&2; exit 7'], stdin: true });
  const socket = await docker.startExec(exec, false);
  socket.end('through\n');
  const [out, err] = [collector(), collector()];
  await splitFrames(socket as AsyncIterable<Buffer>, out.sink, err.sink);
  expect([out.text(), err.text()]).toEqual(['through\n', 'err\n']);
  expect(await docker.inspectExec(exec)).toMatchObject({ Running: false, ExitCode: 7 });
  const limits = { timeoutMs: 5000, maxBytes: 5 };
  expect(await execInContainer(docker, id, ['echo', '0123456789'], limits)).toEqual({ exitCode: 0, output: '01234' });
  await expect(execInContainer(docker, id, ['sleep', '60'], { ...limits, timeoutMs: 200 })).rejects.toThrow(
    ExecTimeout,
  );
  await docker.removeContainer(id);
});

test('logs come merged in order, and follow to the end', async () => {
  const id = await start('logs', 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three');
  const stream = (await docker.logs(id, { follow: true })).pipe(mergeFrames());
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  expect(text).toBe('one\ntwo\nthree\n');
  const tail = (await docker.logs(id, { tail: 1, timestamps: true })).pipe(mergeFrames());
  let last = '';
  for await (const chunk of tail) last += String(chunk);
  expect(last).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/);
  await docker.removeContainer(id);
});

test('events follow a container from birth to death', async () => {
  const stopper = new AbortController();
  const seen: string[] = [];
  let id = '';
  const connected = new Promise<void>((resolve) => {
    void followEvents({
      docker,
      labels: { [LABEL]: '1' },
      signal: stopper.signal,
      sleep: async () => undefined,
      onConnected: resolve,
      onDisconnected: () => undefined,
      onEvent: (event) => event.Actor.Attributes['name'] === `${LABEL}-events` && seen.push(event.Action),
    });
  });
  await connected;
  id = await start('events', 'exit 0');
  await docker.waitContainer(id);
  await docker.removeContainer(id);
  await expect.poll(() => seen).toEqual(['create', 'start', 'die', 'destroy']);
  stopper.abort();
});

test('the pause image sleeps, reaps what is orphaned onto it, and dies by SIGKILL only', async () => {
  const id = await docker.createContainer(`${LABEL}-pause`, {
    Image: PAUSE_IMAGE,
    Labels,
    HostConfig: { IpcMode: 'shareable' },
  });
  await docker.startContainer(id);
  const guest = await docker.createContainer(`${LABEL}-guest`, {
    Image: BUSYBOX_IMAGE,
    Entrypoint: ['sleep', '1000'],
    Labels,
    HostConfig: { PidMode: `container:${id}` },
  });
  await docker.startContainer(guest);
  const limits = { timeoutMs: 5000, maxBytes: 10_000 };
  await execInContainer(docker, guest, ['sh', '-c', '(sleep 0.05 &); exit 0'], limits);
  await expect
    .poll(async () => (await execInContainer(docker, guest, ['ps', '-o', 'args'], limits)).output)
    .not.toMatch(/sleep 0\.05|\[sleep\]/);
  await docker.killContainer(id, 'SIGTERM');
  expect((await docker.inspectContainer(id)).State.Running).toBe(true);
  await docker.killContainer(id, 'SIGKILL');
  await docker.waitContainer(id);
  for (const one of [guest, id]) await docker.removeContainer(one);
});

test('failures carry Docker’s words; an absent daemon is another kind', async () => {
  await expect(docker.inspectContainer('sampan-test-absent')).rejects.toMatchObject({
    status: 404,
    message: 'No such container: sampan-test-absent',
  });
  // What may be asked twice is not a failure the second time.
  await docker.removeContainer('sampan-test-absent');
  await docker.killContainer('sampan-test-absent', 'SIGTERM');
  expect(await docker.inspectImage('sampan-test/absent:1')).toBeUndefined();
  expect(await docker.inspectNetwork('sampan-test-absent')).toBeUndefined();
  const nobody = new DockerClient({ socketPath: '/nonexistent/docker.sock' });
  const failure = await nobody.info().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DockerUnavailable);
  expect((failure as Error).message).toBe(
    'cannot connect to the Docker daemon at unix:///nonexistent/docker.sock: is it running? (ENOENT)',
  );
  await nobody.close();
});
