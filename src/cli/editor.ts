// The user's editor on a text: KUBE_EDITOR, EDITOR, vi. Upstream: kubectl/pkg/cmd/util/editor/editor.go.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

export interface Edited {
  text: string;
  /** The file with what was typed, kept when it is not thrown away. */
  file: string;
  discard(): void;
}

export function editText(text: string, suffix: string, io: Io): Edited {
  const folder = mkdtempSync(join(tmpdir(), 'sampan-edit-'));
  const file = join(folder, `edit${suffix}`);
  writeFileSync(file, text, { mode: 0o600 });
  const command = io.env['KUBE_EDITOR'] || io.env['EDITOR'] || 'vi';
  const result = spawnSync(io.env['SHELL'] || '/bin/bash', ['-c', `${command} ${JSON.stringify(file)}`], {
    stdio: 'inherit',
  });
  if (result.error || result.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    if (result.error) throw new CliError(`unable to launch the editor ${JSON.stringify(command)}`);
    throw new CliError(`there was a problem with the editor ${JSON.stringify(command)}`);
  }
  return {
    text: readFileSync(file, 'utf8'),
    file,
    discard: () => rmSync(folder, { recursive: true, force: true }),
  };
}
