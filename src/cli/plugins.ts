// Programs on the PATH that are commands too: kubectl-foo-bar is `foo bar`, and so is sampan-foo-bar. Built-in commands
// come first. Upstream: kubectl/pkg/cmd/plugin.go HandlePluginCommand, kubectl/pkg/cmd/plugin/plugin.go.
import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Io } from './io.ts';

export const PLUGIN_PREFIXES = ['kubectl', 'sampan'] as const;

const searchPath = (io: Io): string[] => [
  ...new Set((io.env['PATH'] ?? '').split(delimiter).filter((d) => d.trim() !== '')),
];

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

interface FoundPlugin {
  file: string;
  args: string[];
}

/** The plug-in with the longest name that these words begin with. `least` is how many words its name has at least. */
export function findPlugin(argv: readonly string[], io: Io, least = 1): FoundPlugin | undefined {
  const end = argv.findIndex((a) => a.startsWith('-'));
  const words = (end < 0 ? argv : argv.slice(0, end)).map((w) => w.replaceAll('-', '_'));
  const folders = searchPath(io);
  for (let count = words.length; count >= least && count > 0; count--) {
    const name = words.slice(0, count).join('-');
    if (name.includes('/')) continue;
    for (const prefix of PLUGIN_PREFIXES) {
      const file = folders.map((d) => join(d, `${prefix}-${name}`)).find(isExecutable);
      if (file) return { file, args: argv.slice(count) };
    }
  }
  return undefined;
}

/** Runs it in our place: its streams are ours, its exit code too. Signals of the terminal reach it by themselves. */
export function runPlugin(plugin: FoundPlugin, io: Io): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.file, plugin.args, { stdio: 'inherit', cwd: io.cwd, env: io.env });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal) process.kill(process.pid, signal);
      resolve(code ?? 1);
    });
  });
}

/** Every file on the PATH that is named like a plug-in, in the order in which it would be found. */
export function listPlugins(io: Io, unreadable: (text: string) => void): string[] {
  return searchPath(io).flatMap((folder) => {
    let names: string[];
    try {
      names = readdirSync(folder).sort();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'no such file or directory' : code === 'ENOTDIR' ? 'not a directory' : code;
      const call = code === 'ENOTDIR' ? 'readdirent' : 'open';
      unreadable(
        `Unable to read directory ${JSON.stringify(folder)} from your PATH: ${call} ${folder}: ${why}. Skipping...\n`,
      );
      return [];
    }
    return names
      .filter((n) => PLUGIN_PREFIXES.some((p) => n.startsWith(`${p}-`)))
      .map((n) => join(folder, n))
      .filter((file) => !statSync(file, { throwIfNoEntry: false })?.isDirectory());
  });
}
