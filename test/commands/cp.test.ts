// cp --resume, against a node that runs the commands on this machine and cuts connections.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliOptions, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Commands, startStreamsServer, type StreamsServer } from '../wire/streams-server.ts';

const SIZE = 300_000;
let server: TestServer;
let streams: StreamsServer;
let folder: string;
/** After so many bytes of the next long answer the command is killed. */
let cutAfter = Infinity;
const ran: string[][] = [];

const onThisMachine: Commands = async (command, session) => {
  ran.push(command);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  const input = session.stdin as Readable | undefined;
  if (input) input.pipe(child.stdin);
  else child.stdin.end();
  let sent = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    (session.stdout as Writable).write(chunk.subarray(0, Math.max(0, cutAfter - sent)));
    sent += chunk.length;
    if (sent > cutAfter) child.kill('SIGKILL');
  });
  const code = await new Promise<number>((resolve) => child.on('close', (c, s) => resolve(s ? 137 : (c ?? 1))));
  if (sent > cutAfter) cutAfter = Infinity;
  if (code === 0) return { status: 'Success' };
  const causes = [{ reason: 'ExitCode', message: String(code) }];
  return { status: 'Failure', reason: 'NonZeroExitCode', message: '', details: { causes } };
};

beforeAll(async () => {
  server = await startTestServer();
  streams = await startStreamsServer(onThisMachine, () => Promise.reject(new Error('no ports')));
  await runCli(words('run p --image=x'), { server });
});
afterAll(async () => {
  await streams.close();
  await server.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cp-'));
  ran.length = 0;
  cutAfter = Infinity;
  return () => rmSync(folder, { recursive: true, force: true });
});
const cp = (line: string, options: CliOptions = {}) =>
  runCli(words(`cp --resume ${line}`), { server, cwd: folder, dialer: streams.dialer, ...options });

describe('cp --resume', () => {
  it('from a container goes on where a cut connection stopped', async () => {
    const bytes = randomBytes(SIZE);
    writeFileSync(join(folder, 'remote'), bytes);
    cutAfter = 100_000;
    const { code, stderr } = await cp(`p:${folder}/remote local`);
    expect([code, stderr]).toEqual([0, 'command terminated with exit code 137; going on where it stopped\n']);
    expect(readFileSync(join(folder, 'local')).equals(bytes)).toBe(true);
    expect(ran.filter(([c]) => c === 'tail').map((c) => c[2])).toEqual(['+1', '+100001']);
    expect(existsSync(join(folder, 'local.part'))).toBe(false);
  });
  it('goes on with what an earlier command left, and throws away what no longer fits', async () => {
    const bytes = randomBytes(SIZE);
    writeFileSync(join(folder, 'remote'), bytes);
    writeFileSync(join(folder, 'local.part'), bytes.subarray(0, 1000));
    expect((await cp(`p:${folder}/remote local`)).code).toBe(0);
    expect(ran.find(([c]) => c === 'tail')![2]).toBe('+1001');
    expect(readFileSync(join(folder, 'local')).equals(bytes)).toBe(true);
    writeFileSync(join(folder, 'other.part'), 'not the beginning');
    const { code, stderr } = await cp(`p:${folder}/remote other`);
    expect([code, stderr]).toEqual([
      1,
      'error: the file was changed while it was copied: what was copied is thrown away, try again\n',
    ]);
    expect(existsSync(join(folder, 'other.part'))).toBe(false);
  });
  it('into a container appends to what is there', async () => {
    const bytes = randomBytes(SIZE);
    writeFileSync(join(folder, 'local'), bytes);
    writeFileSync(join(folder, 'remote.part'), bytes.subarray(0, 5000));
    const { code, stderr } = await cp(`local p:${folder}/remote`);
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(join(folder, 'remote')).equals(bytes)).toBe(true);
  });
  it('says what it cannot copy, at once', async () => {
    expect(await cp(`p:${folder}/nothing local`)).toMatchObject({
      code: 1,
      stderr: `error: ${folder}/nothing is no file in the container: --resume copies single files\n`,
    });
    expect((await cp('nowhere p:/x')).stderr).toBe('error: nowhere is no file: --resume copies single files\n');
  });
});
