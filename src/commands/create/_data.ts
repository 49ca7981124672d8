// --from-literal, --from-file and --from-env-file of configmap and secret, and the hash of --append-hash.
// Upstream: kubectl/pkg/cmd/create/create_{configmap,secret}.go, kubectl/pkg/util/{hash,env_file.go}.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { stringifyJson } from '../../api/codec/json.ts';
import { configMapKeyErrors } from '../../api/names.ts';
import { CliError } from '../../cli/errors.ts';

export interface DataSources {
  'from-file': readonly string[];
  'from-literal': readonly string[];
  'from-env-file': readonly string[];
}

/** Adds one key; throws when it is not allowed or is there already. */
export type AddKey = (key: string, value: Buffer) => void;

export function readData(sources: DataSources, add: AddKey, cwd: string, noun: 'config' | 'secret'): void {
  for (const source of sources['from-file']) fromFile(source, add, cwd);
  for (const literal of sources['from-literal']) fromLiteral(literal, add);
  for (const file of sources['from-env-file']) fromEnvFile(file, add, cwd, noun);
}

function fromLiteral(text: string, add: AddKey): void {
  const at = text.indexOf('=');
  if (at === 0) throw new CliError(`invalid literal source ${text}, expected key=value`);
  if (at < 0) throw new CliError(`invalid literal source ${text}, expected key=value`);
  add(text.slice(0, at), Buffer.from(unquoted(text.slice(at + 1))));
}

/** A value in quotes loses them. */
function unquoted(value: string): string {
  const first = value[0];
  return value.length >= 2 && (first === '"' || first === "'") && value.endsWith(first) ? value.slice(1, -1) : value;
}

function fromFile(source: string, add: AddKey, cwd: string): void {
  const equals = source.split('=').length - 1;
  if (equals > 1) throw new CliError("key names or file paths cannot contain '='");
  const at = source.indexOf('=');
  if (at === 0) throw new CliError(`key name for file path ${source.slice(1)} missing`);
  if (at === source.length - 1) throw new CliError(`file path for key name ${source.slice(0, -1)} missing`);
  const path = at < 0 ? source : source.slice(at + 1);
  const stat = statOf(path, cwd);
  if (!stat.isDirectory()) {
    add(at < 0 ? basename(path) : source.slice(0, at), readFileSync(resolve(cwd, path)));
    return;
  }
  if (at >= 0) throw new CliError('cannot give a key name for a directory path');
  for (const entry of readdirSync(resolve(cwd, path), { withFileTypes: true })) {
    if (entry.isFile()) add(entry.name, readFileSync(join(resolve(cwd, path), entry.name)));
  }
}

function statOf(path: string, cwd: string) {
  try {
    return statSync(resolve(cwd, path));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CliError(`error reading ${path}: ${missing ? 'no such file or directory' : (error as Error).message}`);
  }
}

function fromEnvFile(path: string, add: AddKey, cwd: string, noun: string): void {
  if (statOf(path, cwd).isDirectory()) throw new CliError(`env ${noun} file cannot be a directory`);
  const lines = readFileSync(resolve(cwd, path), 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  for (const line of lines) {
    const text = line.trimStart();
    if (text === '' || text.startsWith('#')) continue;
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    const problems = envKeyErrors(key);
    if (problems !== '') throw new CliError(`${JSON.stringify(key)} is not a valid key name: ${problems}`);
    add(key, Buffer.from(at < 0 ? (process.env[key] ?? '') : text.slice(at + 1)));
  }
}

export const envKeyErrors = (key: string): string =>
  /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)
    ? ''
    : "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";

export const keyErrors = (key: string): readonly string[] => configMapKeyErrors(key);

export const isUtf8 = (bytes: Buffer): boolean => Buffer.compare(Buffer.from(bytes.toString('utf8')), bytes) === 0;

/** Ten characters of a hash that are no words. Upstream: kubectl/pkg/util/hash/hash.go. */
export function nameHash(content: Record<string, unknown>): string {
  const hex = createHash('sha256').update(stringifyJson(content)).digest('hex').slice(0, 10);
  const replacements: Record<string, string> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };
  return [...hex].map((c) => replacements[c] ?? c).join('');
}
