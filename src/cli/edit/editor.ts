// The user's editor on a text: KUBE_EDITOR, EDITOR, vi. What the editor leaves behind stays on disk until the caller
// takes it away. Upstream: kubectl/pkg/cmd/util/editor/editor.go.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';

export interface Edited {
  text: string;
  file: string;
}

/** Shows `text` in the editor, in a file of its own whose name begins with `prefix`. */
export async function editText(text: string, prefix: string, suffix: string, io: Io): Promise<Edited> {
  const file = temporaryFile(text, prefix, suffix, io);
  try {
    await launch(editorCommand(io), file, io);
  } catch (error) {
    // What was typed is worth keeping; what was never touched is not.
    if (readFileSync(file, 'utf8') === text) rmSync(file, { force: true });
    throw error;
  }
  return { text: readFileSync(file, 'utf8'), file };
}

function temporaryFile(text: string, prefix: string, suffix: string, io: Io): string {
  for (;;) {
    const file = join(io.env['TMPDIR'] || '/tmp', `${prefix}${randomInt(2 ** 32)}${suffix}`);
    try {
      writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** One word is a program, several are split at blanks, and quotes leave it to the shell. */
function editorCommand(io: Io): { args: string[]; shell: boolean } {
  const editor = io.env['KUBE_EDITOR'] || io.env['EDITOR'] || 'vi';
  if (!/["'\\]/.test(editor) || !editor.includes(' ')) return { args: editor.split(' '), shell: false };
  return { args: [io.env['SHELL'] || '/bin/bash', '-c', editor], shell: true };
}

async function launch({ args, shell }: { args: string[]; shell: boolean }, file: string, io: Io): Promise<void> {
  const words = [...args];
  if (shell) words[words.length - 1] += ` ${JSON.stringify(file)}`;
  else words.push(file);
  const shown = JSON.stringify(args.join(' '));
  const child = spawn(words[0]!, words.slice(1), {
    env: io.env,
    cwd: io.cwd,
    stdio: ['inherit', io.stdout === process.stdout ? 'inherit' : 'pipe', 'inherit'],
  });
  child.stdout?.pipe(io.stdout, { end: false });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const unknown = error.code === 'ENOENT' && !words[0]!.includes('/');
      reject(new CliError(`${unknown ? 'unable to launch' : 'there was a problem with'} the editor ${shown}`));
    });
    child.once('close', resolve);
  });
  if (status !== 0) throw new CliError(`there was a problem with the editor ${shown}`);
}
