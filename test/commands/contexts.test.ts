import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import commands from '../../src/commands/index.gen.ts';
import { complete } from '../../src/cli/completion.ts';
import { processIo } from '../../src/cli/io.ts';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let home: string;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'contexts-'));
  const context = (name: string): string => `- { name: ${name}, context: { cluster: c, user: u } }\n`;
  writeFileSync(
    join(home, 'config'),
    `apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters: [{ name: c, cluster: { server: "https://x:1" } }]\nusers: [{ name: u, user: {} }]\ncontexts:\n${context('one')}${context('two')}`,
  );
  return () => rmSync(home, { recursive: true, force: true });
});
const cli = (line: string) =>
  runCli(words(line), { server, cwd: home, env: { HOME: home, KUBECONFIG: join(home, 'config') } });

describe('ctx', () => {
  it('lists, switches and goes back', async () => {
    expect((await cli('ctx')).stdout).toBe('* one\n  two\n');
    expect((await cli('ctx two')).stdout).toBe('Switched to context "two".\n');
    expect((await cli('config current-context')).stdout).toBe('two\n');
    expect((await cli('ctx -')).stdout).toBe('Switched to context "one".\n');
    expect((await cli('ctx -')).stdout).toBe('Switched to context "two".\n');
    expect((await cli('ctx --current')).stdout).toBe('two\n');
  });
  it('names the nearest context, and says that there is no way back', async () => {
    expect(await cli('ctx tow')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: no context exists with the name: "tow". Did you mean "two"?\n',
    });
    expect(await cli('ctx -')).toMatchObject({ code: 1, stderr: 'error: there is no context to go back to\n' });
  });
  it('is data with -o', async () => {
    expect(JSON.parse((await cli('ctx -o json')).stdout)).toMatchObject({
      current: 'one',
      contexts: [{ name: 'one', cluster: 'c', user: 'u', namespace: 'default' }, { name: 'two' }],
    });
    expect((await cli('ctx -o wide')).stderr).toContain('allowed formats are: json,yaml');
  });
});

describe('ns', () => {
  it('lists, switches and goes back', async () => {
    expect((await cli('ns')).stdout).toBe('* default\n  kube-node-lease\n  kube-public\n  kube-system\n');
    expect((await cli('ns kube-system')).stdout).toBe('Context "one" works in namespace "kube-system".\n');
    expect((await cli('config view --minify -o jsonpath={..namespace}')).stdout).toBe('kube-system');
    expect((await cli('ns -')).stdout).toBe('Context "one" works in namespace "default".\n');
    expect((await cli('ns -c')).stdout).toBe('default\n');
  });
  it('does not switch to what is not there, unless it must', async () => {
    const { code, stderr } = await cli('ns kube-sytem');
    expect([code, stderr]).toEqual([
      1,
      'error: namespace "kube-sytem" is not there. Did you mean "kube-system"? --force switches in any case\n',
    ]);
    expect((await cli('ns nowhere --force')).code).toBe(0);
    expect((await cli('ns -c')).stdout).toBe('nowhere\n');
  });
});

describe('what is ours', () => {
  it('stands apart in help', async () => {
    expect((await cli('--help')).stdout).toMatch(/^Sampan Commands:\n(.*\n)*? {2}ctx /m);
    expect((await cli('options')).stdout).toMatch(/^Options beyond those of kubectl:\n {4}--no-color=false:$/m);
  });
  it('is completed', async () => {
    const io = { ...processIo(), env: { KUBECONFIG: join(home, 'config') } };
    const context = { commands, io, connect: () => Promise.reject(new Error('no cluster')) };
    expect((await complete(['ctx', 't'], context)).items).toEqual(['two']);
    expect((await complete(['ct'], context)).items).toEqual(['ctx\tShow the contexts, or use another one from now on']);
  });
});
