// What a command line program offers: commands, other names, flags with shorthands and defaults, read from its own help
// texts. Wording is no part of it: only what a script can depend on.
export interface Surface {
  /** Path of a command (`rollout status`) to what it takes. */
  [command: string]: { aliases: string[]; flags: Record<string, string> };
}

type Help = (path: readonly string[]) => Promise<string>;

/** Walks the help of every command. The flags of all commands stand under `options`. */
export async function surfaceOf(help: Help): Promise<Surface> {
  const surface: Surface = {};
  await visit([], help, surface);
  surface['options'] = { aliases: [], flags: flagsIn(await help(['options'])) };
  return Object.fromEntries(Object.entries(surface).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function visit(path: readonly string[], help: Help, surface: Surface): Promise<void> {
  const text = await help([...path, '--help']);
  if (path.length > 0) surface[path.join(' ')] = { aliases: aliasesIn(text, path), flags: flagsIn(text) };
  for (const child of childrenIn(text)) await visit([...path, child], help, surface);
}

/** `    -n, --namespace='':` is a flag; its text is not read. */
function flagsIn(text: string): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const [, short, name, value] of text.matchAll(/^ {4}(?:-(\w), )?--([\w-]+)=(.*):$/gm)) {
    flags[name!] = `${short ? `-${short} ` : ''}${value}`;
  }
  return flags;
}

function aliasesIn(text: string, path: readonly string[]): string[] {
  const line = /^Aliases:\n(.*)$/m.exec(text)?.[1] ?? '';
  return line
    .split(', ')
    .filter((name) => name !== '' && name !== path.at(-1))
    .sort();
}

/** Lists of commands stand under titles that end in `Commands` or `Commands (…):`. */
function childrenIn(text: string): string[] {
  const blocks = [...text.matchAll(/^[\w ]*Commands(?: \([\w ]+\))?:\n((?: {2}\S.*\n?)+)/gm)];
  return blocks.flatMap((block) => [...block[1]!.matchAll(/^ {2}(\S+)/gm)].map((m) => m[1]!));
}
