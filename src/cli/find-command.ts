// Finds the command that a command line means, in the generated table: words of its path may stand among global flags.
// Loads nothing.
import { globalFlags } from './globals.ts';
import { aliases } from './topics.ts';

type Loader = () => Promise<{ default: unknown }>;
export type CommandTable = Readonly<Record<string, Loader>>;

export interface Found {
  path: string[];
  /** Everything but the words of the path. */
  rest: string[];
  loader?: Loader;
  /** A topic: commands begin with this path. */
  children: string[];
  unknown?: string;
  /** Where in the command line `unknown` stands, or all words were read. */
  at: number;
}

/** True for a flag before the command that is followed by its value. Upstream: cobra's stripFlags. */
function takesValue(arg: string): boolean {
  if (arg.includes('=')) return false;
  if (arg.startsWith('--')) {
    const spec = (globalFlags as Record<string, { kind: string }>)[arg.slice(2)];
    return spec?.kind !== 'bool' && arg !== '--help';
  }
  return arg.length === 2 && arg !== '-h';
}

export function findCommand(argv: readonly string[], commands: CommandTable): Found {
  const names = Object.keys(commands);
  const below = (path: string): string[] => names.filter((n) => n.startsWith(path === '' ? '' : `${path}/`));
  let path = '';
  const rest: string[] = [];
  let i = 0;
  let unknown: string | undefined;
  for (; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') break;
    if (arg.startsWith('-') && arg !== '-') {
      rest.push(arg);
      if (takesValue(arg) && i + 1 < argv.length) rest.push(argv[++i]!);
      continue;
    }
    const tried = path === '' ? arg : `${path}/${arg}`;
    const next = aliases[tried] ?? tried;
    if (commands[next] === undefined && below(next).length === 0) {
      unknown = arg;
      break;
    }
    path = next;
  }
  rest.push(...argv.slice(i));
  const segments = path === '' ? [] : path.split('/');
  const children = [
    ...new Set(
      below(path).map((n) =>
        n
          .split('/')
          .slice(0, segments.length + 1)
          .join('/'),
      ),
    ),
  ];
  return { path: segments, rest, loader: commands[path], children, unknown, at: i };
}
