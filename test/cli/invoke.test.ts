import { describe, expect, it } from 'vitest';
import { findCommand } from '../../src/cli/find-command.ts';
import { runCli } from './run-cli.ts';

const loader = async () => ({ default: undefined });
const commands = { get: loader, create: loader, 'create/namespace': loader, 'rollout/status': loader };
const find = (...argv: string[]) => {
  const { path, rest, unknown } = findCommand(argv, commands);
  return { path: path.join('/'), rest, ...(unknown === undefined ? {} : { unknown }) };
};

describe('finding the command', () => {
  it.each([
    [['get', 'pods', '-n', 'x'], { path: 'get', rest: ['pods', '-n', 'x'], unknown: 'pods' }],
    [['-n', 'x', 'get', 'pods'], { path: 'get', rest: ['-n', 'x', 'pods'], unknown: 'pods' }],
    [['--namespace=x', 'get'], { path: 'get', rest: ['--namespace=x'] }],
    [['--insecure-skip-tls-verify', 'get'], { path: 'get', rest: ['--insecure-skip-tls-verify'] }],
    [['create', 'ns', 'x'], { path: 'create/namespace', rest: ['x'], unknown: 'x' }],
    [['create', '-f', 'x'], { path: 'create', rest: ['-f', 'x'] }],
    [
      ['rollout', '--context', 'c', 'status', 'deploy/x'],
      { path: 'rollout/status', rest: ['--context', 'c', 'deploy/x'], unknown: 'deploy/x' },
    ],
    [['rollout', 'nope'], { path: 'rollout', rest: ['nope'], unknown: 'nope' }],
  ])('%j', (argv, expected) => {
    expect(find(...argv)).toEqual(expected);
  });
});

describe('what it answers without a command', () => {
  it('lists the commands', async () => {
    const { code, stdout } = await runCli([]);
    expect(code).toBe(0);
    expect(stdout).toContain('Basic Commands (Beginner):\n  create');
  });
  it('names the nearest command', async () => {
    const { code, stderr } = await runCli(['gte', 'pods']);
    expect([code, stderr]).toEqual([1, 'error: unknown command "gte" for "sampan"\n\nDid you mean this?\n\tget\n\n']);
  });
  it('helps with a command as cobra does', async () => {
    const help = (await runCli(['rollout', 'undo', '--help'])).stdout;
    expect(await runCli(['help', 'rollout', 'undo'])).toEqual({ code: 0, stdout: help, stderr: '' });
    expect(await runCli(['help'])).toEqual(await runCli(['--help']));
    const { code, stdout, stderr } = await runCli(['help', 'nope', 'x']);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('Unknown help topic [`nope` `x`]\n\n\nBasic Commands (Beginner):\n');
  });
  it('says that nobody answers', async () => {
    const { code, stderr } = await runCli(['get', 'pods', '-s', 'http://127.0.0.1:1'], {
      env: { HOME: '/nonexistent' },
    });
    expect([code, stderr]).toEqual([
      1,
      'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n',
    ]);
  });
});
