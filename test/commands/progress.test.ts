// Progress of long work: in this process, where a server is slow, and on a real terminal.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { root } from '../support/cli.ts';
import type { TestServer } from '../support/server.ts';
import { Terminal } from '../support/terminal.ts';
import { type Commands, startStreamsServer } from '../wire/streams-server.ts';
import { exited, startTerminalServer, type TerminalServer } from './terminal-server.ts';

const SHOW_CURSOR = '\u001b[?25h';
let bench: TerminalServer;
let folder: string;
beforeAll(async () => {
  bench = await startTerminalServer();
  folder = mkdtempSync(join(tmpdir(), 'progress-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await bench.close();
});
const cli = (line: string) => runCli(words(line), { server: bench.server });
const onTerminal = (line: string, env: Record<string, string> = {}): Terminal => {
  const program = `${process.execPath} --import ${join(root, 'node_modules/tsx/dist/loader.mjs')} src/cli/run.ts`;
  return new Terminal(`trap : INT; ${program} ${line}`, { env: { ...bench.env, ...env } });
};
const patch = (path: string, body: object): Promise<unknown> =>
  bench.server.client().request('PATCH', path, { body, contentType: 'application/merge-patch+json' });

/** A server that thinks about every write. */
function slowly(server: TestServer): TestServer {
  const handler: TestServer['handler'] = async (request) => {
    if (request.method !== 'GET') await new Promise((resolve) => setTimeout(resolve, 25));
    return server.handler(request);
  };
  return Object.assign(Object.create(server) as TestServer, { handler });
}
const maps = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${prefix}-${i}` } }),
  ).join('\n---\n');

describe('of many objects', () => {
  it('says how many, how fast and what failed, and prints what is printed without it', async () => {
    const server = slowly(bench.server);
    const env = { SAMPAN_JOURNAL: 'off', NO_COLOR: '1' };
    const bad = '\n---\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NO"}}\n---\n';
    const stdin = maps('early', 3) + bad + maps('many', 30);
    const watched = await runCli(words('apply -f -'), { server, env, stdin, terminal: 90 });
    expect(watched.code).toBe(1);
    expect(watched.stderr).toMatch(/applying \d+ of 34, [\d.]+ a second/);
    expect(watched.stderr).toContain('› configmap/many-');
    expect(watched.stderr).toContain('› failed: ');
    expect(watched.stderr).toMatch(/The ConfigMap "NO" is invalid: .*\n$/s);
    expect(watched.stdout).toContain('configmap/many-29 created\n');
    const removed = await runCli(words('delete -f -'), { server, env, stdin: maps('many', 30), terminal: 90 });
    expect(removed.stderr).toMatch(/deleting \d+ of 30/);
    expect(removed.stdout.split('\n')).toHaveLength(31);
  });
  it('is not there with -o, in CI, in pipes', async () => {
    const server = slowly(bench.server);
    const stdin = maps('quiet', 25);
    const quiet = { server, stdin };
    expect((await runCli(words('apply -f - -o name'), { ...quiet, terminal: 90 })).stderr).toBe('');
    expect((await runCli(words('apply -f -'), { ...quiet, terminal: 90, env: { CI: '1' } })).stderr).toBe('');
    expect((await runCli(words('apply -f -'), quiet)).stderr).toBe('');
  });
});

describe('of what comes and goes', () => {
  it('says how many bytes are copied', async () => {
    const file = join(folder, 'large');
    writeFileSync(file, Buffer.alloc(3 * 1024 * 1024));
    let received = 0;
    const slow: Commands = async ([program], { stdin }) => {
      if (program === 'test') return exited('1');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      for await (const chunk of stdin!) received += (chunk as Buffer).length;
      return { status: 'Success' };
    };
    const streams = await startStreamsServer(slow, () => Promise.reject(new Error('no ports')));
    await cli('run taker --image=x');
    const options = { server: bench.server, dialer: streams.dialer, cwd: folder, env: { NO_COLOR: '1' } };
    const ran = await runCli(words('cp large taker:/tmp/large'), { ...options, terminal: 110 });
    await streams.close();
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('copying large to taker');
    expect(ran.stderr).toMatch(/█.*% .* of 3\.0 MiB, .* a second/);
    expect(received).toBeGreaterThan(3 * 1024 * 1024);
  });
  it('says what Git says of a fetch, once it has begun, and keeps it out of errors', async () => {
    const repository = join(folder, 'repository');
    const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], { stdio: 'ignore' });
    mkdirSync(repository);
    git('init', '-b', 'main');
    writeFileSync(join(repository, 'kustomization.yaml'), 'namePrefix: a-\nconfigMapGenerator: [{ name: c }]\n');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-m', 'x');
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const slow = `#!/bin/sh\n[ "$2" = --progress ] && { printf 'Receiving objects:  50%% (1/2)\\r' >&2; sleep 1.6; }\nexec ${real} "$@"\n`;
    writeFileSync(join(bin, 'git'), slow, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env['PATH']}`, NO_COLOR: '1' };
    const ran = await runCli(words(`kustomize file://${repository}?ref=main`), { env, terminal: 100 });
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('name: a-c-') as string]);
    expect(ran.stderr).toContain(`fetching file://${repository}`);
    expect(ran.stderr).toContain('› Receiving objects:  50% (1/2)');
    const failed = await runCli(words(`kustomize file://${repository}?ref=none`), { env, terminal: 400 });
    const plain = await runCli(words(`kustomize file://${repository}?ref=none`), { env });
    expect(plain.stderr).toContain('git fetch --depth=1 file:');
    expect(failed.stderr.endsWith(plain.stderr)).toBe(true);
  });
});

describe('on a terminal', () => {
  it('wait says how it stands, and prints the same', async () => {
    await bench.startPod('slow');
    await bench.setStatus('slow', { phase: 'Pending', conditions: [] });
    const terminal = onTerminal('wait --for=condition=Ready pod/slow --timeout=60s');
    await terminal.until('waiting for 1 of 1');
    await terminal.until('pods/slow: ');
    await bench.setStatus('slow', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    await terminal.until('pod/slow condition met');
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen.endsWith(SHOW_CURSOR)).toBe(true);
    expect(terminal.screen).not.toMatch(/\u001b\[\d+m/);
  });
  it('delete says what keeps an object; what goes to a file is kubectl’s', async () => {
    await cli('create configmap held');
    await patch('/api/v1/namespaces/default/configmaps/held', { metadata: { finalizers: ['example.com/hold'] } });
    const file = join(folder, 'out');
    const terminal = onTerminal(`delete configmap held > ${file}`);
    await terminal.until('waiting until 1 of 1 are gone');
    await terminal.until('configmap/held: finalizer example.com/hold has not been removed');
    await patch('/api/v1/namespaces/default/configmaps/held', { metadata: { finalizers: null } });
    expect(await terminal.end()).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('configmap "held" deleted\n');
  });
  it('drain says which pods wait for which budget', async () => {
    const client = bench.server.client();
    const made = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
    await client.request('POST', '/api/v1/nodes', { body: made });
    await runCli(['run', 'kept', '--image=x', '--overrides={"spec":{"nodeName":"n1"}}'], { server: bench.server });
    await bench.setStatus('kept', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    await cli('create pdb keep --selector=run=kept --min-available=1');
    await patch('/apis/policy/v1/namespaces/default/poddisruptionbudgets/keep/status', {
      status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    });
    const terminal = onTerminal('drain n1 --force');
    await terminal.until('evicting pod default/kept\n');
    await terminal.until('draining n1: 0 of 1 pods gone');
    await terminal.until('default/kept: refused for ');
    await terminal.until('The disruption budget keep needs 1 healthy pods');
    terminal.send('\u0003');
    await terminal.end();
  });
  it('^C leaves what was seen last, and the cursor', async () => {
    await cli('create deployment rolls --image=x --replicas=3');
    const terminal = onTerminal('rollout status deployment/rolls');
    await terminal.until('deployment.apps/rolls, ');
    await terminal.until('updated   ░░░░░░░░░░░░░░░░░░░░ 0/3');
    await terminal.until('available ░');
    terminal.send('\u0003');
    expect(await terminal.end()).toBe(1);
    const rest = terminal.screen.slice(terminal.screen.lastIndexOf('available'));
    expect(rest).toContain(SHOW_CURSOR);
    expect(rest).not.toContain('\u001b[J');
  });
});
