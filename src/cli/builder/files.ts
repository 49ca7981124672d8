// Where manifests come from: files, folders, patterns, URLs, standard input. Texts only; objects are manifest.ts.
// Upstream: cli-runtime/pkg/resource FilenameParam, Path, ExpandPathsToFileVisitors, URLVisitor.
import { type Stats, readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, isAbsolute, join, resolve } from 'node:path';
import { CliError, PlainError } from '../errors.ts';
import { type Io, readStdin } from '../io.ts';
import type { Clones } from './clones.ts';
import type { GitPlace } from './git-files.ts';

export interface FileOptions {
  filename: readonly string[];
  kustomize?: string;
  recursive?: boolean;
}

export interface ManifestText {
  source: string;
  text: string;
}

const EXTENSIONS = ['.json', '.yaml', '.yml'];

export function checkFileOptions(options: FileOptions): void {
  if (options.filename.length > 0 && options.kustomize) throw new CliError('only one of -f or -k can be specified');
  if (options.kustomize && options.recursive) throw new CliError("the -k flag can't be used with -f or -R");
}

/** Every text in order, and whether one object is implied (a single file). */
export async function readFiles(options: FileOptions, io: Io): Promise<{ texts: ManifestText[]; single: boolean }> {
  const texts: ManifestText[] = [];
  let single = options.filename.length === 1;
  const repositories = new Repositories(io);
  try {
    for (const name of options.filename) if (!(await readName(name, options, io, repositories, texts))) single = false;
  } finally {
    await repositories.close();
  }
  return { texts, single };
}

/** Loads what talks to Git when a name may be a repository's. */
class Repositories {
  private readonly io: Io;
  private clones?: Clones;

  constructor(io: Io) {
    this.io = io;
  }

  async place(name: string): Promise<GitPlace | undefined> {
    if (!/^git::|:\/\/|^[\w-]+@[^/:]+:/i.test(name)) return undefined;
    const { gitPlace, gitTarget } = await import('./git-files.ts');
    const spec = gitTarget(name);
    if (!spec) return undefined;
    const { Clones } = await import('./clones.ts');
    return gitPlace(spec, (this.clones ??= new Clones(this.io)));
  }

  async close(): Promise<void> {
    await this.clones?.close();
  }
}

/** Answers whether it was one file. */
async function readName(
  name: string,
  options: FileOptions,
  io: Io,
  repositories: Repositories,
  texts: ManifestText[],
): Promise<boolean> {
  if (name === '-') {
    texts.push({ source: 'STDIN', text: await readStdin(io) });
    return false;
  }
  const place = await repositories.place(name);
  if (!place && /^https?:\/\//.test(name)) {
    texts.push({ source: name, text: await readUrl(name) });
    return true;
  }
  const files = filesOf(place?.path ?? name, options.recursive === true, io.cwd);
  for (const file of files) {
    place?.check(file);
    texts.push({ source: place?.shown(file) ?? file, text: readText(file, io.cwd) });
  }
  return files.length === 1;
}

const located = (path: string, cwd: string): string => (isAbsolute(path) ? path : resolve(cwd, path));

/** A byte order mark is no part of the text; UTF-16 is read as its mark says. */
function readText(path: string, cwd: string): string {
  const bytes = readFileSync(located(path, cwd));
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function statOf(path: string, cwd: string): Stats | undefined {
  try {
    return statSync(located(path, cwd));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'EACCES' ? `stat ${path}: permission denied` : (error as Error).message;
    throw new CliError(`the path ${JSON.stringify(path)} cannot be accessed: ${why}`);
  }
}

function filesOf(name: string, recursive: boolean, cwd: string): string[] {
  const stat = statOf(name, cwd);
  if (!stat) {
    const matches = /[*?[\]]/.test(name) ? expandPattern(name, cwd) : [];
    if (matches.length === 0) throw new CliError(`the path ${JSON.stringify(name)} does not exist`);
    return matches.flatMap((m) => filesOf(m, recursive, cwd));
  }
  if (!stat.isDirectory()) return [name];
  const found = walk(name, recursive, cwd);
  if (found.length === 0) {
    throw new CliError(`error reading [${name}]: recognized file extensions are [${EXTENSIONS.join(' ')}]`);
  }
  return found;
}

/** Lexical order, as Go's filepath.Walk. */
function walk(folder: string, recursive: boolean, cwd: string): string[] {
  const found: string[] = [];
  const entries = readdirSync(located(folder, cwd), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (recursive) found.push(...walk(path, true, cwd));
    } else if (EXTENSIONS.includes(extname(entry.name))) found.push(path);
  }
  return found;
}

/** Shell patterns in the last parts of a path: `*`, `?`, `[a-z]`. */
function expandPattern(pattern: string, cwd: string): string[] {
  const parts = pattern.split('/');
  let bases = [parts[0] === '' ? '/' : ''];
  for (const part of parts[0] === '' ? parts.slice(1) : parts) {
    bases = bases.flatMap((base) => {
      if (!/[*?[\]]/.test(part)) return [join(base, part)];
      const matches = patternToRegExp(part);
      try {
        return readdirSync(located(base || '.', cwd))
          .filter((n) => matches.test(n))
          .sort()
          .map((n) => join(base, n));
      } catch {
        return [];
      }
    });
  }
  return bases.filter((b) => statOf(b, cwd) !== undefined);
}

function patternToRegExp(part: string): RegExp {
  const source = part
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${source}$`);
}

async function readUrl(url: string): Promise<string> {
  let last = '';
  for (let attempt = 0; attempt < 3; attempt++) {
    let response: Response;
    try {
      response = await fetch(url);
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code === 'ECONNREFUSED') {
        const { host } = new URL(url);
        throw new PlainError(
          `The connection to the server ${host} was refused - did you specify the right host or port?`,
        );
      }
      throw new CliError(`unable to read URL ${JSON.stringify(url)}: ${causeOf(error)}`);
    }
    if (response.ok) return response.text();
    last = `unable to read URL ${JSON.stringify(url)}, server reported ${response.status} ${response.statusText}, status code=${response.status}`;
    if (response.status < 500) break;
  }
  throw new CliError(last);
}

function causeOf(error: unknown): string {
  const cause = (error as Error).cause;
  return cause instanceof Error ? cause.message : (error as Error).message;
}
