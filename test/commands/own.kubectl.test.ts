// Nothing that is ours collides with a flag or a command of the real kubectl.
import { describe, expect, it } from 'vitest';
import { run } from '../support/cli.ts';
import { ownFlags, ownNames } from './own.ts';

const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const help = async (...words: string[]): Promise<string> => (await run(kubectl, words)).stdout;

describe('kubectl', () => {
  it('has none of our commands', async () => {
    const text = await help('--help');
    expect(text).toContain('port-forward');
    expect(ownNames.filter((name) => new RegExp(`^ {2}${name} `, 'm').test(text))).toEqual([]);
  });
  it('has none of our flags, for the command or for all', async () => {
    const everywhere = await help('options');
    expect(everywhere).toContain('--kubeconfig=');
    for (const [path, names] of Object.entries(await ownFlags())) {
      const text = (await help(...path.split('/'), '--help')) + everywhere;
      expect(
        names.filter((name) => text.includes(`--${name}=`)),
        path,
      ).toEqual([]);
    }
  });
});
