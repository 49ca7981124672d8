// The package is an oclif program: its own tools and hosts find and run every command.
import { Config } from '@oclif/core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from './support/cli.ts';

let config: Config;
beforeAll(async () => {
  config = await Config.load({ root });
});

describe('as an oclif program', () => {
  it('has every command, with flags and help', () => {
    const ids = config.commandIDs;
    expect(ids).toEqual(expect.arrayContaining(['get', 'apply', 'rollout:status', 'gitops:reconcile', 'up']));
    const get = config.findCommand('get', { must: true });
    expect(get.summary).toBe('Display one or many resources');
    expect(get.flags['output']).toMatchObject({ char: 'o', type: 'option' });
    expect(get.flags['watch']).toMatchObject({ char: 'w', type: 'boolean' });
  });

  it('runs commands with kubectl’s grammar', async () => {
    let printed = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => ((printed += String(chunk)), true));
    try {
      await config.runCommand('version', ['--client=true']);
    } finally {
      write.mockRestore();
    }
    expect(printed).toMatch(/^Client Version: v1\.34/);
  });
});
