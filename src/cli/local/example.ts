// The example: a local Git repository made of the examples folder, and an image made of the machine's busybox, so that a
// first `up` needs neither a registry nor a Git server.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { CliError } from '../errors.ts';
import { runCommand, succeeds } from './run-command.ts';

export const EXAMPLE_IMAGE = 'sampan/hello:1';
export const EXAMPLE_BRANCH = 'main';
const APPLETS = [
  'sh',
  'httpd',
  'hostname',
  'cat',
  'echo',
  'env',
  'ls',
  'wget',
  'nslookup',
  'sleep',
  'ping',
  'ps',
  'id',
  'date',
  'vi',
  'tar',
  'nc',
  'ip',
  'head',
  'tail',
  'grep',
  'touch',
  'mkdir',
  'rm',
  'true',
  'false',
  'test',
  'kill',
  'seq',
  'printf',
];

/** A bare repository with the examples as its first commit. One that exists is the user's by now, and is left alone. */
export async function ensureExampleRepository(folder: string, examples: string): Promise<void> {
  if (existsSync(join(folder, 'HEAD'))) return;
  const work = mkdtempSync(join(tmpdir(), 'sampan-example-'));
  const git = (...args: string[]) =>
    runCommand('git', [
      '-C',
      work,
      '-c',
      'user.name=Sampan',
      '-c',
      'user.email=sampan@localhost',
      '-c',
      'init.defaultBranch=main',
      ...args,
    ]);
  try {
    cpSync(examples, work, { recursive: true });
    await git('init', '--quiet');
    await git('add', '.');
    await git('commit', '--quiet', '-m', 'The examples of Sampan');
    await git('clone', '--quiet', '--bare', work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes the example's image in this Docker Engine when it is not there. */
export async function ensureExampleImage(docker = 'unix:///var/run/docker.sock'): Promise<void> {
  if (await succeeds('docker', ['-H', docker, 'image', 'inspect', EXAMPLE_IMAGE])) return;
  let busybox: Buffer;
  try {
    busybox = readFileSync('/bin/busybox');
  } catch {
    throw new CliError(`the example's image ${EXAMPLE_IMAGE} cannot be made: install busybox-static`);
  }
  const tar = pack();
  tar.entry({ name: 'bin/', type: 'directory', mode: 0o755 });
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const applet of APPLETS) tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  for (const [name, mode] of [
    ['tmp/', 0o1777],
    ['www/', 0o755],
    ['etc/', 0o755],
    ['root/', 0o700],
  ] as const) {
    tar.entry({ name, type: 'directory', mode });
  }
  tar.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  tar.entry({ name: 'etc/group' }, 'root:x:0:\nnogroup:x:65534:\n');
  tar.finalize();
  const changes = ['ENV PATH=/bin', 'CMD ["httpd","-f","-p","8080","-h","/www"]', 'EXPOSE 8080'];
  const child = spawn('docker', ['-H', docker, 'import', ...changes.flatMap((c) => ['-c', c]), '-', EXAMPLE_IMAGE], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  tar.pipe(child.stdin);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new CliError(`the example's image ${EXAMPLE_IMAGE} could not be made: ${stderr.trim()}`);
}
