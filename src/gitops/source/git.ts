// Talks Git: one bare, shallow clone for each repository in the cache folder, fetched with simple-git over file, http and
// ssh. Credentials are in files of mode 0600 for as long as a command runs, never in its arguments.
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimpleGit, simpleGit } from 'simple-git';
import { extract } from 'tar-stream';
import type { GitReference } from '../types.ts';
import { withoutIgnored } from './ignore.ts';
import { newestTag } from './semver.ts';
import { type FileTree, MAX_TREE_BYTES, digestOf, resolveLinks, reuseUnchanged } from './tree.ts';
import { isToken, referenceProblem } from './untrusted.ts';

/** A Secret's data, decoded; keys as Flux has them. */
export interface GitCredentials {
  username?: string;
  password?: string;
  bearerToken?: string;
  'ca.crt'?: string;
  caFile?: string;
  identity?: string;
  known_hosts?: string;
}

export interface GitSource {
  url: string;
  ref?: GitReference;
  credentials?: GitCredentials;
  /** For each Git operation as a whole. */
  timeoutMs: number;
  /** spec.ignore. */
  ignore?: string;
  /** Ends what is under way. */
  signal?: AbortSignal;
}

/** What went wrong, by Flux's reasons. */
export class GitError extends Error {
  constructor(
    readonly reason: 'GitOperationFailed' | 'AuthenticationFailed' | 'URLInvalid' | 'InvalidReference',
    message: string,
    /** The time was over. */
    readonly late = false,
  ) {
    super(message);
  }
}

export interface Head {
  /** `main@sha1:<commit>`, `v1.0@sha1:…`, or `sha1:…` for a bare commit. */
  revision: string;
  commit: string;
  ref: string;
}

const SCHEMES = /^(https?|ssh|file|git):\/\/|^\//;

/** Asks the remote which commit the reference is at now; nothing is downloaded. */
export async function remoteHead(source: GitSource): Promise<Head> {
  if (!SCHEMES.test(source.url) && !/^\w[\w.-]*@[\w.-]+:/.test(source.url)) {
    throw new GitError('URLInvalid', `git url "${source.url}" is not http, https, ssh, or file`);
  }
  const { ref = {} } = source;
  const problem = referenceProblem(ref);
  if (problem) throw new GitError('InvalidReference', problem);
  if (ref.commit && !ref.branch && !ref.name) {
    return { revision: `sha1:${ref.commit}`, commit: ref.commit, ref: 'refs/heads/*' };
  }
  if (ref.semver && !ref.name && !ref.commit) return newestVersion(source, ref.semver);
  const name = ref.name ?? (ref.tag && !ref.commit ? `refs/tags/${ref.tag}` : `refs/heads/${ref.branch ?? 'master'}`);
  const rows = await listRemote(source, [name, `${name}^{}`]);
  const commit = commitOf(rows, name);
  if (!commit) throw unresolved(source, `unable to resolve '${name}' of '${source.url}': reference not found`);
  const wanted = ref.commit ?? commit;
  return { revision: `${name.replace(/^refs\/(heads|tags)\//, '')}@sha1:${wanted}`, commit: wanted, ref: name };
}

const unresolved = (source: GitSource, why: string): GitError =>
  new GitError('GitOperationFailed', `failed to checkout and determine revision: ${why}`);

async function listRemote(source: GitSource, patterns: readonly string[]): Promise<Map<string, string>> {
  const output = await withGit(source, tmpdir(), (git) => git.raw(['ls-remote', source.url, ...patterns]));
  const rows = output.split('\n').flatMap((line) => {
    const [commit, name] = line.split('\t');
    return commit && name ? [[name, commit] as const] : [];
  });
  return new Map(rows);
}

/** An annotated tag's commit is at its peeled name. */
const commitOf = (rows: ReadonlyMap<string, string>, name: string): string | undefined =>
  rows.get(`${name}^{}`) ?? rows.get(name);

async function newestVersion(source: GitSource, range: string): Promise<Head> {
  const rows = await listRemote(source, ['refs/tags/*']);
  const tags = [...rows.keys()].filter((n) => !n.endsWith('^{}')).map((n) => n.slice('refs/tags/'.length));
  let tag: string | undefined;
  try {
    tag = newestTag(tags, range);
  } catch (error) {
    throw new GitError('InvalidReference', `semver parse error: ${(error as Error).message}`);
  }
  if (!tag) throw unresolved(source, `no match found for semver: ${range}`);
  const commit = commitOf(rows, `refs/tags/${tag}`)!;
  return { revision: `${tag}@sha1:${commit}`, commit, ref: `refs/tags/${tag}` };
}

/** Fetches one commit into the cache and reads its files. What has not changed since `previous` shares its bytes. */
export async function fetchTree(
  source: GitSource,
  head: Head,
  cacheFolder: string,
  previous?: FileTree,
): Promise<FileTree> {
  try {
    return await fetchOnce(source, head, cacheFolder, previous);
  } catch (error) {
    const other = !(error instanceof GitError) || error.reason !== 'GitOperationFailed' || error.late;
    if (other || source.signal?.aborted) throw error;
    // What is on disk may be broken: the cache can be lost at any time.
    await rm(cacheFolder, { recursive: true, force: true });
    return fetchOnce(source, head, cacheFolder, previous);
  }
}

async function fetchOnce(source: GitSource, head: Head, cacheFolder: string, previous?: FileTree): Promise<FileTree> {
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  const archive = join(cacheFolder, `.archive-${head.commit}-${process.pid}.tar`);
  try {
    const subject = await withGit(source, cacheFolder, async (git) => {
      if (!(await isRepository(cacheFolder))) await createCache(git, cacheFolder);
      const have = await git.raw(['cat-file', '-t', head.commit]).then(
        (type) => type.trim() === 'commit',
        () => false,
      );
      if (!have) await fetchCommit(git, source, head);
      await git.raw(['archive', '--format=tar', '-o', archive, head.commit]);
      return git.raw(['log', '-1', '--format=%s', head.commit]);
    });
    const { files: all, sizeBytes } = await readArchive(archive);
    const files = reuseUnchanged(withoutIgnored(all, source.ignore), previous?.files);
    return {
      revision: head.revision,
      files,
      sizeBytes,
      digest: digestOf(files),
      subject: subject.trim(),
      ...(source.ignore === undefined ? {} : { ignore: source.ignore }),
    };
  } finally {
    await rm(archive, { force: true });
  }
}

async function createCache(git: SimpleGit, folder: string): Promise<void> {
  await git.raw(['init', '--bare', '--quiet', '.']);
  // An artifact is what a checkout would be: no file is left out, nothing is put into files.
  await mkdir(join(folder, 'info'), { recursive: true });
  await writeFile(join(folder, 'info', 'attributes'), '* -export-ignore -export-subst\n');
}

async function fetchCommit(git: SimpleGit, source: GitSource, head: Head): Promise<void> {
  const fetch = ['fetch', '--quiet', '--force', '--no-tags', '--depth=1', source.url];
  try {
    await git.raw([...fetch, head.commit]);
  } catch (error) {
    if (source.signal?.aborted) throw error;
    // Servers may refuse to hand out a commit by its name: fetch its branch, whole when the commit is an older one.
    const target = head.ref.endsWith('*') ? 'refs/sampan/heads/*' : 'refs/sampan/head';
    await git.raw([...fetch, `+${head.ref}:${target}`]);
    const have = await git.raw(['cat-file', '-t', head.commit]).catch(() => '');
    if (have.trim() !== 'commit') {
      await git.raw(['fetch', '--quiet', '--force', '--unshallow', source.url, `+${head.ref}:${target}`]);
    }
  }
}

const isRepository = (folder: string): Promise<boolean> =>
  stat(join(folder, 'HEAD')).then(
    () => true,
    () => false,
  );

async function readArchive(path: string): Promise<{ files: Map<string, Uint8Array>; sizeBytes: number }> {
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  let sizeBytes = 0;
  const unpack = extract();
  createReadStream(path).pipe(unpack);
  for await (const entry of unpack) {
    const { name, type, linkname } = entry.header;
    if (type === 'symlink' && linkname) links.set(name, linkname);
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_TREE_BYTES) {
        throw new GitError('GitOperationFailed', `the repository's files are larger than ${MAX_TREE_BYTES >> 20} MiB`);
      }
      chunks.push(chunk);
    }
    if (type === 'file') files.set(name, Buffer.concat(chunks));
  }
  return { files: resolveLinks(files, links), sizeBytes };
}

/** Runs Git with the source's credentials in place; errors are GitErrors with Git's own last word. */
async function withGit<T>(source: GitSource, folder: string, use: (git: SimpleGit) => Promise<T>): Promise<T> {
  const secrets = await mkdtemp(join(tmpdir(), 'sampan-git-'));
  const late = AbortSignal.timeout(source.timeoutMs);
  const abort = source.signal ? AbortSignal.any([late, source.signal]) : late;
  try {
    const env = await environment(source, secrets);
    const git = simpleGit({
      baseDir: folder,
      allowEnvironment: Object.keys(env),
      unsafe: { allowUnsafeConfigPaths: true, allowUnsafeSshCommand: true },
      abort,
    }).env(env);
    return await use(git);
  } catch (error) {
    throw error instanceof GitError ? error : explain(source, error, late.aborted);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

async function environment(source: GitSource, folder: string): Promise<Record<string, string>> {
  const { credentials = {} } = source;
  const secret = async (name: string, content: string) => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  };
  const config = ['[safe]\n\tdirectory = *\n[protocol "ext"]\n\tallow = never\n'];
  const authority = credentials['ca.crt'] ?? credentials.caFile;
  if (authority) config.push(`[http]\n\tsslCAInfo = ${await secret('ca.crt', authority)}\n`);
  if (credentials.bearerToken && !isToken(credentials.bearerToken)) {
    throw new GitError('AuthenticationFailed', "the secret's bearerToken has characters that no token has");
  }
  const authorization = credentials.bearerToken
    ? `Bearer ${credentials.bearerToken}`
    : credentials.username !== undefined
      ? `Basic ${Buffer.from(`${credentials.username}:${credentials.password ?? ''}`).toString('base64')}`
      : undefined;
  if (authorization && /^https?:/.test(source.url)) {
    config.push(`[http "${new URL(source.url).origin}"]\n\textraHeader = "Authorization: ${authorization}"\n`);
  }
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: await secret('config', config.join('')),
  };
  for (const name of [
    'GIT_SSL_CAINFO',
    'HTTPS_PROXY',
    'https_proxy',
    'HTTP_PROXY',
    'http_proxy',
    'NO_PROXY',
    'no_proxy',
  ]) {
    const value = process.env[name];
    if (value && !(name === 'GIT_SSL_CAINFO' && authority)) env[name] = value;
  }
  if (/^ssh:|^[\w.-]+@[\w.-]+:/.test(source.url)) env['GIT_SSH_COMMAND'] = await sshCommand(credentials, secret);
  return env;
}

async function sshCommand(
  credentials: GitCredentials,
  secret: (name: string, content: string) => Promise<string>,
): Promise<string> {
  if (!credentials.identity || !credentials.known_hosts) {
    throw new GitError('AuthenticationFailed', "an ssh url needs spec.secretRef with 'identity' and 'known_hosts'");
  }
  const end = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
  const identity = await secret('identity', end(credentials.identity));
  const hosts = await secret('known_hosts', end(credentials.known_hosts));
  const options = ['IdentitiesOnly=yes', 'BatchMode=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${hosts}`];
  return `ssh -i ${identity} ${options.map((o) => `-o ${o}`).join(' ')}`;
}

function explain(source: GitSource, error: unknown, late: boolean): GitError {
  const text = String((error as Error).message ?? error);
  const lines = text.split('\n').map((l) => l.trim().replace(/^(fatal|error|remote): /, ''));
  const last = lines.filter((l) => l !== '' && !/^(Please make sure|and the repository exists)/.test(l)).at(-1) ?? text;
  const denied =
    /Authentication failed|Permission denied|could not read (Username|Password)|access denied|error: 40[13]|Host key verification failed/i.test(
      text,
    );
  const { username, bearerToken } = source.credentials ?? {};
  const refused =
    username !== undefined || bearerToken !== undefined
      ? 'authentication failed: the server refused the credentials of the secret'
      : 'authentication required: give spec.secretRef';
  const why = late
    ? `no answer within ${source.timeoutMs / 1000} s`
    : /could not read (Username|Password)|Authentication failed|error: 401/.test(text)
      ? refused
      : last;
  return new GitError(
    denied && !late ? 'AuthenticationFailed' : 'GitOperationFailed',
    `failed to checkout and determine revision: unable to clone '${source.url}': ${why}`,
    late,
  );
}
