import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const RED = '\u001b[31m';
const YELLOW = '\u001b[33m';
let server: TestServer;
let cwd: string;
beforeAll(async () => {
  server = await startTestServer();
  cwd = mkdtempSync(join(tmpdir(), 'terminal-'));
  const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
  const make = async (name: string, waiting: string): Promise<void> => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'registry.example/a-rather-long-name/of-an-image:1.2.3' }] },
    };
    const client = server.client();
    const made = await client.create(pods, pod as never);
    const status = {
      phase: waiting === '' ? 'Pending' : 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses:
        waiting === '' ? [] : [{ name: 'c', restartCount: 4, state: { waiting: { reason: waiting } } }],
    };
    await client.request('PUT', `/api/v1/namespaces/default/pods/${name}/status`, {
      body: { ...(made as object), status },
    });
  };
  await make('looping', 'CrashLoopBackOff');
  await make('waits', '');
});
afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await server.close();
});
const cli = (line: string, terminal?: number, env: Record<string, string> = {}) =>
  runCli(words(line), { server, cwd, env, ...(terminal ? { terminal } : {}) });

describe('colour', () => {
  it('marks what is abnormal in a table, on a terminal', async () => {
    const { stdout } = await cli('get pods', 200);
    expect(stdout).toContain(`${RED}CrashLoopBackOff\u001b[39m`);
    expect(stdout).toContain(`${YELLOW}Pending\u001b[39m`);
  });
  it('is not there in a pipe, with NO_COLOR, with --no-color', async () => {
    const plain = (await cli('get pods')).stdout;
    expect(plain).not.toContain('\u001b');
    expect((await cli('get pods', 200, { NO_COLOR: '1' })).stdout).toBe(plain);
    expect((await cli('get pods --no-color', 200)).stdout).toBe(plain);
    expect((await cli('get pods', 200)).stdout.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
  });
  it('marks what is abnormal in a description', async () => {
    const { stdout } = await cli('describe pod looping', 200);
    expect(stdout).toContain(`${RED}CrashLoopBackOff`);
    expect(stdout).toMatch(/Ready +\u001b\[31mFalse/);
    expect(stdout.replaceAll(/\u001b\[\d+m/g, '')).toBe((await cli('describe pod looping')).stdout);
  });
  it('does not take a setting for a failure', async () => {
    await cli('create cronjob nightly --image=x --schedule=@daily');
    expect((await cli('get cronjobs', 200)).stdout).not.toContain(RED);
  });
  it('tells added from removed lines of a diff', async () => {
    await cli('create cm d --from-literal=a=1 --save-config');
    writeFileSync(join(cwd, 'd.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: d }\ndata: { a: "2" }\n');
    const { stdout, code } = await cli('diff -f d.yaml', 200);
    expect(code).toBe(1);
    expect(stdout).toContain(`${RED}-  a: "1"\u001b[39m`);
    expect(stdout).toContain('\u001b[32m+  a: "2"\u001b[39m');
    expect((await cli('diff -f d.yaml')).stdout).not.toContain('\u001b');
  });
});

describe('a narrow terminal', () => {
  it('shortens the longest cells and no name', async () => {
    const { stdout } = await cli('get pods -o wide --no-color', 110);
    const lines = stdout.split('\n').filter((l) => l !== '');
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(110);
    expect(stdout).toContain('looping');
  });
  it('leaves a table in a pipe as it is', async () => {
    await cli('create deployment d --image=registry.example/a-rather-long-name/of-an-image:1.2.3');
    expect((await cli('get deployments -o wide --no-color', 90)).stdout).toContain('…');
    expect((await cli('get deployments -o wide')).stdout).toContain(
      'registry.example/a-rather-long-name/of-an-image:1.2.3',
    );
  });
});
