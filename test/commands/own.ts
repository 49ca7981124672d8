// Reads from the commands' own tables what kubectl does not have.
import type { CommandClass } from '../../src/cli/base.ts';
import { ownCommandNames } from '../../src/cli/topics.ts';
import commands from '../../src/commands/index.gen.ts';

export const ownNames = [...ownCommandNames].sort();
const table = commands as Record<string, () => Promise<{ default: unknown }>>;
const load = async (path: string): Promise<CommandClass> => (await table[path]!()).default as CommandClass;

/** The commands of the CLI's own section; those that run a cluster are described elsewhere. */
export async function ownCommands(): Promise<{ path: string; command: CommandClass }[]> {
  const daemons = new Set(['up', 'down', 'server', 'node', 'gitops']);
  const paths = ownNames.filter((name) => !daemons.has(name));
  return Promise.all(paths.map(async (path) => ({ path, command: await load(path) })));
}

/** Command to the names of its own flags; commands without any are left out. */
export async function ownFlags(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const path of Object.keys(table).sort()) {
    const { flags } = await load(path);
    const names = Object.keys(flags).filter((name) => flags[name]!.own);
    if (names.length > 0) found[path] = names.sort();
  }
  return found;
}
