// Completion through __complete: commands, flags, values, types and live names; nothing when the server is away.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completionScript, scripts } from '../../src/cli/completion-scripts.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { runCli } from './run-cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const name of ['tide', 'tiller', 'rope']) {
    await runCli(['create', 'cm', name, '--from-literal=a=b'], { server });
  }
});
afterAll(() => server.close());

const completed = async (...words: string[]): Promise<string[]> => {
  const { stdout } = await runCli(['__completeNoDesc', ...words], { server });
  return stdout.trimEnd().split('\n');
};

it.each([
  [['roll'], ['rollout', ':4']],
  [
    ['rollout', 'un'],
    ['undo', ':4'],
  ],
  [
    ['get', 'configm'],
    ['configmaps', ':4'],
  ],
  [
    ['get', 'cm', 'ti'],
    ['tide', 'tiller', ':4'],
  ],
  [
    ['get', 'cm', 'tide', 'ti'],
    ['tiller', ':4'],
  ],
  [
    ['describe', 'cm/ro'],
    ['cm/rope', ':4'],
  ],
  [
    ['get', 'cm', '-n', 'kube-p'],
    ['kube-public', ':4'],
  ],
  [
    ['get', 'cm', '--namespace=kube-p'],
    ['kube-public', ':4'],
  ],
  [
    ['get', 'cm', '-o', 'wi'],
    ['wide', ':4'],
  ],
  [
    ['get', '--field-s'],
    ['--field-selector', ':4'],
  ],
  [
    ['apply', '-f', ''],
    ['json', 'yaml', 'yml', ':8'],
  ],
  [['get', 'nosuchtype', 'x'], [':4']],
  [['exec', 'p', '--', 'l'], [':4']],
])('completes %j', async (words, expected) => {
  expect(await completed(...words)).toEqual(expected);
});

it('says what a candidate is, unless that was not wanted', async () => {
  const { stdout, stderr } = await runCli(['__complete', 'autos'], { server });
  expect(stdout).toBe('autoscale\tAuto-scale a deployment, replica set, stateful set, or replication controller\n:4\n');
  expect(stderr).toBe('Completion ended with directive: ShellCompDirectiveNoFileComp\n');
});

it('has a script for each shell, under any name', () => {
  expect(Object.keys(scripts)).toEqual(['bash', 'zsh', 'fish', 'powershell']);
  expect(completionScript('bash', 'my-kube')).toContain('complete -F __my_kube_complete my-kube');
  expect(completionScript('toString', 'sampan')).toBeUndefined();
});
