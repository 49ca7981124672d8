// The file of a user's preferences (~/.kube/kuberc, --kuberc, KUBERC): read, checked, and never written. What it does
// to a command line is preferences.ts. Upstream (1.34): kubectl/pkg/kuberc/kuberc.go DefaultGetPreferences, validate;
// marshal.go; kubectl/pkg/config/{v1alpha1,v1beta1}/types.go.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Io } from './io.ts';

interface Option {
  name: string;
  default: string;
}
interface Alias {
  name: string;
  command: string;
  prependArgs: string[];
  appendArgs: string[];
  options: Option[];
}
interface Defaults {
  command: string;
  options: Option[];
}
export interface Preference {
  aliases: Alias[];
  defaults: Defaults[];
}

type Fields = Record<string, unknown>;

/** What the two versions call the same things. */
const versions: Record<string, { defaults: string; options: string }> = {
  'kubectl.config.k8s.io/v1alpha1': { defaults: 'overrides', options: 'flags' },
  'kubectl.config.k8s.io/v1beta1': { defaults: 'defaults', options: 'options' },
};

const isOff = (io: Io): boolean => io.env['KUBECTL_KUBERC']?.toLowerCase() === 'false';
const defaultFile = (io: Io): string | undefined => io.env['HOME'] && join(io.env['HOME'], '.kube', 'kuberc');

/** The file of --kuberc, before any flag is parsed. Upstream: getExplicitKuberc. */
function explicitFile(argv: readonly string[]): string | undefined {
  for (const [i, arg] of argv.entries()) {
    if (arg === '--') return undefined;
    if (arg !== '--kuberc' && !arg.startsWith('--kuberc=')) continue;
    const file = arg === '--kuberc' ? argv[i + 1] : arg.slice('--kuberc='.length);
    if (!file) throw new Error('kuberc file is not found');
    return file;
  }
  return undefined;
}

/** -v, before any flag is parsed. */
function verbosityOf(argv: readonly string[]): number {
  for (const [i, arg] of argv.entries()) {
    const [, joined] = /^(?:-v=?|--v=)(\d+)$/.exec(arg) ?? [];
    if (joined !== undefined) return Number(joined);
    if (arg === '-v' || arg === '--v') return Number(argv[i + 1]) || 0;
  }
  return 0;
}

function textOf(file: string): string | Error {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as Error;
  }
}

/** The preferences that hold for this command line; undefined without any. Costs one look at the disk. */
export async function loadPreference(argv: readonly string[], io: Io): Promise<Preference | undefined> {
  if (isOff(io) || argv.length === 0) return undefined;
  const flag = explicitFile(argv);
  if (io.env['KUBERC'] === 'off') {
    if (flag === undefined) return undefined;
    throw new Error('kuberc error disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive');
  }
  const explicit = flag ?? (io.env['KUBERC'] || undefined);
  const file = explicit ?? defaultFile(io);
  if (file === undefined) return undefined;
  const text = textOf(file);
  if (text instanceof Error && explicit === undefined && 'code' in text && NOT_THERE.has(text.code)) return undefined;
  try {
    if (text instanceof Error) throw new Error(goReadError(text, file));
    const preference = await decode(text, file, (problem) => {
      io.stderr.write(`kuberc: ignoring strict decoding error in ${file}: ${problem}`);
    });
    if (preference) validate(preference);
    else if (verbosityOf(argv) >= 5) io.stderr.write(`kuberc: no preferences found in ${file}\n`);
    return preference;
  } catch (error) {
    if (error instanceof InvalidPreference) throw new Error(error.message, { cause: error });
    if (explicit !== undefined) throw new Error(`kuberc error kuberc: ${(error as Error).message}`, { cause: error });
    io.stderr.write(`kuberc: no preferences loaded from ${file}: ${(error as Error).message}`);
    return undefined;
  }
}

const NOT_THERE = new Set<unknown>(['ENOENT', 'ENOTDIR']);

function goReadError(error: NodeJS.ErrnoException, file: string): string {
  const words: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'is a directory',
    ENOTDIR: 'not a directory',
  };
  const verb = error.code === 'EISDIR' ? 'read' : 'open';
  return `${verb} ${file}: ${words[error.code ?? ''] ?? error.message}`;
}

/** The first document that is a preference of a version that we know. */
async function decode(text: string, file: string, strict: (problem: string) => void): Promise<Preference | undefined> {
  const { parseYaml, splitYamlDocuments } = await import('./yaml.ts');
  let attempted = 0;
  for (const part of splitYamlDocuments(text)) {
    if (part.text.trim() === '') continue;
    attempted++;
    const problems: string[] = [];
    let value: unknown;
    try {
      value = parseYaml(part.text, { onDuplicate: (problem: string) => problems.push(`yaml: ${problem}`) });
    } catch {
      continue;
    }
    const preference = preferenceOf(value, problems);
    if (!preference) continue;
    if (problems.length > 0) strict(`strict decoding error: ${problems.join(', ')}`);
    return preference;
  }
  if (attempted > 0) throw new Error(`no valid preferences found in ${file}, use --v=5 to see details`);
  return undefined;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class WrongType extends Error {}

/** Undefined for any other object, or when a value has the wrong type. Fields that nobody knows are problems. */
function preferenceOf(value: unknown, problems: string[]): Preference | undefined {
  if (!isFields(value) || value['kind'] !== 'Preference') return undefined;
  const words = versions[String(value['apiVersion'])];
  if (!words) return undefined;
  const known = (of: Fields, at: string, names: readonly string[]): void => {
    for (const name of Object.keys(of)) if (!names.includes(name)) problems.push(`unknown field "${at}${name}"`);
  };
  const options = (of: Fields, at: string): Option[] =>
    mapsIn(of[words.options]).map((option, i) => {
      known(option, `${at}${words.options}[${i}].`, ['name', 'default']);
      return { name: textIn(option['name']), default: textIn(option['default']) };
    });
  try {
    known(value, '', ['apiVersion', 'kind', 'aliases', words.defaults]);
    const aliases = mapsIn(value['aliases']).map((alias, i) => {
      known(alias, `aliases[${i}].`, ['name', 'command', 'prependArgs', 'appendArgs', words.options]);
      return {
        name: textIn(alias['name']),
        command: textIn(alias['command']),
        prependArgs: listIn(alias['prependArgs']).map(textIn),
        appendArgs: listIn(alias['appendArgs']).map(textIn),
        options: options(alias, `aliases[${i}].`),
      };
    });
    const defaults = mapsIn(value[words.defaults]).map((entry, i) => {
      known(entry, `${words.defaults}[${i}].`, ['command', words.options]);
      return { command: textIn(entry['command']), options: options(entry, `${words.defaults}[${i}].`) };
    });
    return { aliases, defaults };
  } catch (error) {
    if (error instanceof WrongType) return undefined;
    throw error;
  }
}

function textIn(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new WrongType();
  return value;
}

function listIn(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new WrongType();
  return value as unknown[];
}

const mapsIn = (value: unknown): Fields[] =>
  listIn(value).map((item) => {
    if (!isFields(item)) throw new WrongType();
    return item;
  });

class InvalidPreference extends Error {}

function validate({ aliases, defaults }: Preference): void {
  const seen = new Set<string>();
  const checkOptions = (options: readonly Option[]): void => {
    const dashed = options.find((option) => option.name.startsWith('-'));
    if (dashed) throw new InvalidPreference(`flag name ${dashed.name} should be in long form without dashes`);
  };
  for (const { name, options } of aliases) {
    if (!/^[a-zA-Z]+$/.test(name)) {
      throw new InvalidPreference('invalid alias name, can only include alphabetical characters');
    }
    checkOptions(options);
    if (seen.has(name)) throw new InvalidPreference(`duplicate alias name ${name}`);
    seen.add(name);
  }
  for (const { options } of defaults) checkOptions(options);
}
