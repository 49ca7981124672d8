// config set with what a shell hands over; the rest of config is in the corpus.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';

it('writes base64 that was wrapped on one line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  const file = join(folder, 'config');
  const argv = ['config', 'set', 'clusters.c.certificate-authority-data', 'I0Nv\nbW1l\n', `--kubeconfig=${file}`];
  try {
    expect(await runCli(argv)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toContain('certificate-authority-data: I0NvbW1l\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
