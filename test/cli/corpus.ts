// Command lines whose output, errors and exit codes are kubectl's. A chapter (test/cli/chapters/*.txt) runs in its order
// on a fresh server, in the folder test/cli/corpus; its goldens are recorded from the real kubectl (UPDATE=1 in
// corpus.kubectl.test.ts, CHAPTER=name for one). `NAME=value` before a line is its environment, `< file` after it its
// standard input, `$TMP` a folder of the chapter's own; a line that starts with `!` is the shell's.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/client/clock.ts';
import { silentLogger } from '../../src/client/log.ts';
import { runControllers } from '../../src/server/controllers/run.ts';
import { ServiceAccounts } from '../../src/api/resources.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { words } from './run-cli.ts';

export const corpusFolder = resolve(import.meta.dirname, 'corpus');
const chaptersFolder = resolve(import.meta.dirname, 'chapters');
const goldenFolder = resolve(import.meta.dirname, '../golden/kubectl');

export interface Outcome {
  code: number;
  stdout: string[];
  stderr: string[];
}

export interface Line {
  /** The line as it stands; one that stands twice gets a number. */
  key: string;
  /** Words of the command, without the program. */
  argv: string[];
  env: Record<string, string>;
  stdin?: string;
  shell?: string;
}

export interface Bench {
  kubeconfig: string;
  home: string;
  tmp: string;
  close(): Promise<void>;
}

export const goldenFile = (chapter: string): string => join(goldenFolder, `${chapter}.json`);

export const chapters: readonly string[] = readdirSync(chaptersFolder)
  .map((file) => file.replace(/\.txt$/, ''))
  .filter((name) => (process.env['CHAPTER'] ?? name) === name)
  .sort();

/** The keys of a chapter's lines, in their order. */
export function keysOf(chapter: string): string[] {
  const seen = new Map<string, number>();
  const lines = readFileSync(join(chaptersFolder, `${chapter}.txt`), 'utf8').split('\n');
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const count = (seen.get(line) ?? 0) + 1;
      seen.set(line, count);
      return count === 1 ? line : `${line} #${count}`;
    });
}

/** What stands behind a key, with the folders of this run. */
export function lineOf(key: string, tmp: string): Line {
  const text = key.replace(/ #\d+$/, '').replaceAll('$TMP', tmp);
  if (text.startsWith('!')) return { key, argv: [], env: {}, shell: text.slice(1) };
  const [command, stdin] = text.split(' < ');
  const argv = words(command!);
  const env: Record<string, string> = {};
  while (/^[A-Z_]+=/.test(argv[0] ?? '')) {
    const [name, ...value] = argv.shift()!.split('=');
    env[name!] = value.join('=');
  }
  return { key, argv, env, ...(stdin === undefined ? {} : { stdin: readFileSync(join(corpusFolder, stdin), 'utf8') }) };
}

/** Runs a program beside the server in this process, so never synchronously. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; stdin?: string },
): Promise<Outcome> {
  const child = spawn(program, args, { cwd: corpusFolder, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const hanging = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const code = await new Promise<number>((done) => child.on('close', (status) => done(status ?? 1)));
  clearTimeout(hanging);
  return { code, stdout: normalise(stdout), stderr: normalise(stderr) };
}

/** Names that differ between two runs become the same; nothing else does. */
export function normalise(text: string): string[] {
  const plain = text
    .replaceAll('sampan', 'kubectl')
    .replaceAll(/^Error: /gm, 'error: ')
    .replaceAll(/^E\d{4} .*"command failed" err="(.*)"$/gm, (_, why: string) => `error: ${why.replaceAll('\\"', '"')}`)
    .replaceAll(
      /^E\d{4} .*"command failed" err=<\n((?:\t.*\n)+) >$/gm,
      (_, why: string) => `error: ${why.replaceAll(/^\t/gm, '').trimEnd()}`,
    )
    .replaceAll(/^E\d{4} .*\n/gm, '')
    .replaceAll(/^([IWF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 ')
    .replaceAll(/in \d+ milliseconds/g, 'in N milliseconds')
    .replaceAll(/HTTP Statistics: .*$/gm, 'HTTP Statistics: TIMES')
    .replaceAll(/kubectl\/v\S+ \(\S+\) kubernetes\/\w+/g, 'AGENT')
    .replaceAll(/Content-Length: \d+/g, 'Content-Length: LENGTH')
    .replaceAll(/ -H \\?".*?\\?"(?= '| -H)/g, '')
    .replaceAll(/(?:^I .*round_trippers\.go:\d+\] {5}.*\n)+/gm, (block) => sortedLines(block))
    .replaceAll(/\/tmp\/corpus-\w+/g, 'FOLDER')
    .replaceAll(/(?:\/[^ :]*)?\/test\/cli\/corpus/g, 'CORPUS')
    .replaceAll(/kustomize-helm-\w+/g, 'kustomize-helm-NUMBER')
    .replaceAll(/-edit-\d+/g, '-edit-NUMBER')
    .replaceAll(/\/(LIVE|MERGED)-\d+/g, '/$1-NUMBER')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [-+]\d{4}/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} [A-Z]+/g, 'TIME')
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[-+]\d{4}|GMT)/g, 'TIME')
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'UID')
    .replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access-NAME')
    .replaceAll(/SHA256=[\da-f]{64}/g, 'SHA256=HASH')
    .replaceAll(/(resourceVersion\\?"?: ?\\?"?)\d+/g, '$1VERSION')
    .replaceAll(/(Resource Version:\s+)\d+/g, '$1VERSION')
    .replaceAll(/10\.96\.\d+\.\d+/g, 'ADDRESS')
    .replaceAll(/ADDRESS +/g, 'ADDRESS ')
    .replaceAll(/\b\d+(ms|s|m|h)\b/g, 'AGE')
    .replaceAll(/(?<=^|[ (])(?:\d+y)?\d+d(?:\d+h)?(?=[ )]|$)/gm, 'AGE')
    .replaceAll(/AGE +/g, 'AGE ')
    .replaceAll(/[ \t]+$/gm, '');
  return plain === '' ? [] : plain.replace(/\n$/, '').split('\n');
}

/** Headers come in the order of Go's maps, which is none. */
const sortedLines = (block: string): string => block.split('\n').slice(0, -1).sort().join('\n') + '\n';

/** Only what does not change objects while they are looked at: every namespace has its service account. */
const CONTROLLERS = ['service-account', 'namespace'];

/** A server and the folders of one run of a chapter. */
export async function startBench(): Promise<Bench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'corpus-'));
  const home = mkdtempSync(join(tmpdir(), 'corpus-'));
  const tmp = mkdtempSync(join(tmpdir(), 'corpus-'));
  const server: RunningServer = await startServer({
    dataDir,
    store: 'memory',
    components: ['apiserver'],
    listen: { host: '127.0.0.1', port: 0 },
  });
  const stop = new AbortController();
  const client = () => server.client();
  const { signal } = stop;
  const running = runControllers({ client, names: CONTROLLERS, clock: systemClock, log: silentLogger, signal });
  while (!server.lister.get(ServiceAccounts, 'default', 'default')) await new Promise((done) => setTimeout(done, 5));
  return {
    kubeconfig: join(dataDir, 'admin.kubeconfig'),
    home,
    tmp,
    async close() {
      stop.abort();
      await running;
      await server.close();
      for (const folder of [dataDir, home, tmp]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
