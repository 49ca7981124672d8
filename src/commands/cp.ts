// `cp`: through tar in the container. Upstream: kubectl/pkg/cmd/cp/cp.go. Beyond upstream: --resume (resume-copy.ts), and
// that a Sampan node does it itself where the container has no tar (node/server/container-files.ts).
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { basename, dirname, resolve } from 'node:path';
import { statSync } from 'node:fs';
import { StatusError } from '../api/status.ts';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { bytesBelow, packPath, unpackTo } from '../cli/tar.ts';
import { CliError, PlainError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { chooseContainer } from '../cli/pods.ts';
import { ByteProgress } from '../cli/progress/bytes.ts';
import { type ProgressView, showsProgress, withProgress } from '../cli/progress/progress.ts';
import { checkRemoteStatus } from '../cli/terminal.ts';
import { PodCommand, streamPath } from './_pod-target.ts';

const RESUME_RETRIES = 10;

interface FileSpec {
  namespace: string;
  pod: string;
  file: string;
}

export default class Cp extends PodCommand {
  static override summary = 'Copy files and directories to and from containers';
  static examples = `# Copy /tmp/foo_dir local directory to /tmp/bar_dir in a remote pod in the default namespace
{program} cp /tmp/foo_dir <some-pod>:/tmp/bar_dir

# Copy /tmp/foo local file to /tmp/bar in a remote pod in a specific container
{program} cp /tmp/foo <some-pod>:/tmp/bar -c <specific-container>

# Copy /tmp/foo local file to /tmp/bar in a remote pod in namespace <some-namespace>
{program} cp /tmp/foo <some-namespace>/<some-pod>:/tmp/bar

# Copy /tmp/foo from a remote pod to /tmp/bar locally
{program} cp <some-namespace>/<some-pod>:/tmp/foo /tmp/bar`;
  static override usage = '<file-spec-src> <file-spec-dest>';
  static override flags = {
    container: flag.string(
      'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
      { short: 'c' },
    ),
    'no-preserve': flag.bool(
      "The copied file/directory's ownership and permissions will not be preserved in the container",
    ),
    resume: flag.bool(
      'Copy a single file so that a cut connection, or the same command later, goes on where it stopped. Tries again as --retries says, without it ten times. Needs no tar in the container.',
      { own: true },
    ),
    retries: flag.int(
      'Set number of retries to complete a copy operation from a container. Specify 0 to disable or any negative value for infinite retrying. The default is 0 (no retry).',
    ),
  };

  private container = '';
  private noPreserve = false;

  async run(): Promise<void> {
    const { flags, args } = this.parse(Cp);
    this.container = flags.container;
    this.noPreserve = flags['no-preserve'];
    if (args.length !== 2) throw new CliError('source and destination are required');
    const [from, to] = args.map(parseSpec) as [FileSpec, FileSpec];
    if (from.pod !== '' && to.pod !== '') throw new CliError('one of src or dest must be a local file specification');
    if (from.file === '' || to.file === '') throw new CliError('filepath can not be empty');
    if (flags.resume && (from.pod !== '' || to.pod !== '')) return this.resume(from, to, flags.retries);
    if (from.pod !== '') return this.download(from, to.file, flags.retries);
    if (to.pod !== '') return this.upload(from.file, to);
    throw new CliError('one of src or dest must be a remote file specification');
  }

  private async target(
    spec: FileSpec,
    say = (t: string): void => this.err(t),
  ): Promise<{ pod: Pod; container: string }> {
    const cluster = await this.cluster();
    const namespace = spec.namespace || cluster.namespace;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(spec.pod)}`;
    const pod = await cluster.json<Pod>('GET', path);
    return { pod, container: chooseContainer(pod, this.container, say) };
  }

  private async upload(local: string, to: FileSpec): Promise<void> {
    const source = resolve(this.io.cwd, local);
    try {
      statSync(source);
    } catch {
      throw new CliError(`${local} doesn't exist in local filesystem`);
    }
    const { pod, container } = await this.target(to);
    let destination = to.file.length > 1 ? to.file.replace(/\/$/, '') : to.file;
    // A folder at the destination takes the file in.
    if (await this.isFolder(pod, container, destination)) destination = `${destination}/${basename(source)}`;
    const command = ['tar', ...(this.noPreserve ? ['--no-same-permissions', '--no-same-owner'] : []), '-xmf', '-'];
    const folder = dirname(destination);
    if (folder !== '' && folder !== '.') command.push('-C', folder);
    const progress = new ByteProgress(`copying ${local} to ${to.pod}`, () => this.io.nowMs());
    if (showsProgress(this.io)) progress.expect(bytesBelow(source));
    const stdin = progress.through(packPath(source, basename(destination)));
    const copy = () => this.exec(pod, container, command, { stdin, stdout: this.io.stdout });
    await withProgress(this.io, () => progress.view(), copy);
  }

  private async resume(from: FileSpec, to: FileSpec, retries: number): Promise<void> {
    const { resumeDownload, resumeUpload } = await import('../cli/resume-copy.ts');
    const { pod, container } = await this.target(from.pod !== '' ? from : to);
    const progress = new ByteProgress(`copying ${from.file}`, () => this.io.nowMs());
    const view = (): ProgressView => progress.view();
    const options = {
      progress,
      exec: (command: readonly string[], streams: { stdin?: Readable; stdout: Writable; stderr?: Writable }) =>
        this.exec(pod, container, command, streams),
      retries: this.changed('retries') ? retries : RESUME_RETRIES,
      signal: this.context.signal,
      tell: (text: string) => this.err(text),
    };
    const local = resolve(this.io.cwd, from.pod !== '' ? to.file : from.file);
    const stat = statSync(local, { throwIfNoEntry: false });
    if (from.pod !== '') {
      const target = stat?.isDirectory() ? resolve(local, basename(from.file)) : local;
      return withProgress(this.io, view, () => resumeDownload(from.file, target, options));
    }
    if (!stat?.isFile()) throw new CliError(`${from.file} is no file: --resume copies single files`);
    const inside = await this.isFolder(pod, container, to.file);
    const target = inside ? `${to.file.replace(/\/$/, '')}/${basename(local)}` : to.file;
    return withProgress(this.io, view, () => resumeUpload(local, target, options));
  }

  private async isFolder(pod: Pod, container: string, path: string): Promise<boolean> {
    try {
      const nowhere = new PassThrough();
      nowhere.resume();
      await this.exec(pod, container, ['test', '-d', path], { stdout: nowhere, stderr: nowhere });
      return true;
    } catch {
      return false;
    }
  }

  private async download(from: FileSpec, local: string, retries: number): Promise<void> {
    // Upstream hands what exec has to say, and tar's errors, to standard output.
    const { pod, container } = await this.target(from, (t) => this.out(t));
    const progress = new ByteProgress(`copying ${from.file} of ${from.pod}`, () => this.io.nowMs());
    const view = (): ProgressView => progress.view();
    for (let attempt = 0; ; attempt++) {
      progress.from(0);
      const stdout = progress.counter();
      const unpacked = unpackTo(stdout, {
        prefix: from.file,
        target: local,
        cwd: this.io.cwd,
        advice: ` (consider using "${this.context.program} exec -n ${JSON.stringify(from.namespace)} ${JSON.stringify(from.pod)} -- tar cf - ${JSON.stringify(from.file)} | tar xf -")`,
        warn: (text) => this.err(text),
      });
      try {
        const sent = (): Promise<void> =>
          this.exec(pod, container, ['tar', 'cf', '-', from.file], { stdout, stderr: this.io.stdout });
        const copy = () => Promise.all([sent().finally(() => stdout.end()), unpacked]);
        await withProgress(this.io, view, copy);
        return;
      } catch (error) {
        // Only a connection that was cut is worth another try, not what the server or tar refuses.
        const isRefused = error instanceof StatusError || error instanceof PlainError || error instanceof CliError;
        if (isRefused || (retries >= 0 && attempt >= retries)) throw error;
      }
    }
  }

  private async exec(
    pod: Pod,
    container: string,
    command: readonly string[],
    streams: { stdin?: Readable; stdout: Writable; stderr?: Writable },
  ): Promise<void> {
    const { runRemoteCommand } = await import('../wire/remote-command.ts');
    const path = streamPath(pod, 'exec', [
      ...command.map((c) => ['command', c] as const),
      ['container', container],
      ['stderr', true],
      ['stdin', streams.stdin !== undefined],
      ['stdout', true],
      // A node of ours does it itself where the container has no tar; others do not know the word.
      ['nodeFiles', true],
    ]);
    const { dialer } = await this.cluster();
    const all = { stderr: this.io.stderr, ...streams, tty: false };
    checkRemoteStatus(await runRemoteCommand(dialer, path, all, this.context.signal));
  }
}

/** `[namespace/]pod:path`, or a local path. */
function parseSpec(text: string): FileSpec {
  const at = text.indexOf(':');
  if (at === 0) throw new CliError('filespec must match the canonical format: [[namespace/]pod:]file/path');
  if (at < 0) return { namespace: '', pod: '', file: text };
  const pieces = text.slice(0, at).split('/');
  const file = text.slice(at + 1);
  if (pieces.length === 1) return { namespace: '', pod: pieces[0]!, file };
  if (pieces.length === 2) return { namespace: pieces[0]!, pod: pieces[1]!, file };
  throw new CliError('filespec must match the canonical format: [[namespace/]pod:]file/path');
}
