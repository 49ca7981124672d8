// Git over https from a real server (git http-backend), over ssh (a program in ssh's place), and from local
// repositories: credentials, authorities, references, and what happens when a repository changes under our feet.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitSource, fetchTree, remoteHead } from '../../src/gitops/source/git.ts';
import { temporaryFolder } from '../support/cli.ts';
import { type TestRepository, createRepository } from '../support/git.ts';

const folder = temporaryFolder('sources');
let repository: TestRepository;
let server: Server;
let origin: string;
let authority: string;
let first: string;
/** What the server asks for; undefined asks for nothing. */
let wanted: string | undefined;

/** CGI, as far as Git needs it. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (wanted !== undefined && request.headers.authorization !== wanted) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const url = new URL(request.url ?? '/', 'https://x');
  if (url.pathname.startsWith('/silent')) return;
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: dirname(repository.path),
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      REMOTE_USER: 'x',
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    for (const line of all.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2);
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}

function makeCertificate(): { key: string; cert: string } {
  const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, '-subj', '/CN=git', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

beforeAll(async () => {
  repository = createRepository();
  first = repository.push(
    { 'a.yaml': 'kind: A\n', 'logo.png': 'x', 'docs/x.md': 'x', '.gitignore': 'y' },
    'first\n\nbody',
  );
  const pair = makeCertificate();
  authority = pair.cert;
  server = createServer(pair, serve);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  repository.remove();
  folder.remove();
});

let caches = 0;
const nextCache = () => join(folder.path, `cache-${caches++}.git`);
const over = (rest: Partial<GitSource> = {}): GitSource => ({
  url: `${origin}/repo.git`,
  ref: { branch: 'main' },
  timeoutMs: 20_000,
  ...rest,
  credentials: { 'ca.crt': authority, ...rest.credentials },
});
const fetch = async (source: GitSource, cache = nextCache()) => fetchTree(source, await remoteHead(source), cache);
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('https', () => {
  it('is trusted by the secret’s ca.crt, and by nothing else', async () => {
    wanted = undefined;
    const tree = await fetch(over());
    expect(tree).toMatchObject({ revision: `main@sha1:${first}`, subject: 'first' });
    expect([...tree.files.keys()].sort()).toEqual(['a.yaml', 'docs/x.md']);
    await expect(remoteHead({ ...over(), credentials: {} })).rejects.toMatchObject({
      reason: 'GitOperationFailed',
      message: expect.stringContaining('certificate') as string,
    });
  });

  it('takes a user’s password and a bearer token', async () => {
    wanted = basic('me:secret:with colon');
    const user = { username: 'me', password: 'secret:with colon' };
    expect((await fetch(over({ credentials: user }))).revision).toBe(`main@sha1:${first}`);
    wanted = 'Bearer abc.def';
    expect((await fetch(over({ credentials: { bearerToken: 'abc.def' } }))).revision).toBe(`main@sha1:${first}`);
  });

  it('says clearly that a password is wrong, or missing', async () => {
    wanted = basic('me:right');
    await expect(remoteHead(over({ credentials: { username: 'me', password: 'wrong' } }))).rejects.toMatchObject({
      reason: 'AuthenticationFailed',
      message: `failed to checkout and determine revision: unable to clone '${origin}/repo.git': authentication failed: the server refused the credentials of the secret`,
    });
    await expect(remoteHead(over())).rejects.toMatchObject({
      reason: 'AuthenticationFailed',
      message: expect.stringMatching(/authentication required: give spec\.secretRef$/) as string,
    });
    wanted = undefined;
  });

  it('names a repository that is not there, and gives up on one that is silent', async () => {
    await expect(remoteHead(over({ url: `${origin}/gone.git` }))).rejects.toMatchObject({
      reason: 'GitOperationFailed',
      message: expect.stringContaining(`unable to clone '${origin}/gone.git': `) as string,
    });
    await expect(remoteHead(over({ url: `${origin}/silent.git`, timeoutMs: 700 }))).rejects.toMatchObject({
      reason: 'GitOperationFailed',
      message: expect.stringMatching(/no answer within 0\.7 s$/) as string,
    });
  });

  it('ends with the loop', async () => {
    const stop = new AbortController();
    const attempt = remoteHead(over({ url: `${origin}/silent.git`, signal: stop.signal }));
    setTimeout(() => stop.abort(), 100);
    await expect(attempt).rejects.toThrow();
  });
});

describe('ssh', () => {
  it('runs ssh with the secret’s key and known hosts, and never asks', async () => {
    const bin = join(folder.path, 'bin');
    const log = join(folder.path, 'ssh.log');
    mkdirSync(bin);
    // In ssh's place: says how it was called, and runs what it was to run on the other side.
    const script = `#!/bin/sh\necho "$@" >> ${log}\ncat "$2" >> ${log}\nfor last; do :; done\nexec sh -c "$last"\n`;
    writeFileSync(join(bin, 'ssh'), script);
    chmodSync(join(bin, 'ssh'), 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${bin}:${path}`;
    try {
      const credentials = { identity: 'KEY', known_hosts: 'host ssh-ed25519 AAAA' };
      const url = `ssh://git@host${repository.path}`;
      expect((await fetch({ url, ref: { branch: 'main' }, timeoutMs: 20_000, credentials })).files.has('a.yaml')).toBe(
        true,
      );
    } finally {
      process.env['PATH'] = path;
    }
    const called = readFileSync(log, 'utf8');
    expect(called).toContain('-o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes');
    expect(called).toMatch(/UserKnownHostsFile=\S+\/known_hosts .*git@host git-upload-pack/);
    expect(called).toContain('KEY\n');
  });

  it('needs both parts of the secret', async () => {
    const source = { url: 'ssh://git@host/x.git', timeoutMs: 1000, credentials: { identity: 'KEY' } };
    await expect(remoteHead(source)).rejects.toMatchObject({
      reason: 'AuthenticationFailed',
      message: "an ssh url needs spec.secretRef with 'identity' and 'known_hosts'",
    });
  });
});

describe('references', () => {
  const local = (ref: GitSource['ref'], ignore?: string): GitSource => ({
    url: repository.url,
    timeoutMs: 20_000,
    ...(ref ? { ref } : {}),
    ...(ignore === undefined ? {} : { ignore }),
  });
  const revision = async (ref: GitSource['ref']) => (await fetch(local(ref))).revision;

  it('may be a branch, a tag, a name, a commit, or a range of versions', async () => {
    repository.git('tag', 'v1.0.0');
    const second = repository.push({ 'b.yaml': 'kind: B\n' });
    repository.git('tag', '-a', '-m', 'annotated', 'v1.1.0');
    repository.git('tag', 'v2.0.0-rc.1');
    repository.git('push', '-q', 'origin', '--tags', 'HEAD:refs/heads/feature/x', 'HEAD:refs/pull/7/head');
    expect(await revision({ branch: 'feature/x' })).toBe(`feature/x@sha1:${second}`);
    expect(await revision({ tag: 'v1.0.0' })).toBe(`v1.0.0@sha1:${first}`);
    expect(await revision({ tag: 'v1.1.0' })).toBe(`v1.1.0@sha1:${second}`);
    expect(await revision({ name: 'refs/pull/7/head' })).toBe(`refs/pull/7/head@sha1:${second}`);
    expect(await revision({ commit: first })).toBe(`sha1:${first}`);
    expect(await revision({ branch: 'main', commit: first })).toBe(`main@sha1:${first}`);
    expect(await revision({ semver: '>=1.0.0 <2.0.0', tag: 'gone' })).toBe(`v1.1.0@sha1:${second}`);
    expect(await revision({ semver: '>=1.0.0-0' })).toBe(`v2.0.0-rc.1@sha1:${second}`);
    await expect(revision({ semver: '~3' })).rejects.toThrow('no match found for semver: ~3');
    await expect(revision({ semver: 'newest' })).rejects.toMatchObject({ reason: 'InvalidReference' });
    // As Flux has it, whatever the repository's own default is.
    await expect(revision(undefined)).rejects.toThrow("unable to resolve 'refs/heads/master'");
  });

  it('follow a push by force, and a repository that was made again', async () => {
    const cache = nextCache();
    await fetch(local({ branch: 'main' }), cache);
    repository.git('checkout', '-q', '--orphan', 'other');
    repository.git('commit', '-q', '-m', 'rewritten');
    repository.git('push', '-q', '-f', 'origin', 'other:main');
    const rewritten = repository.git('rev-parse', 'HEAD');
    expect((await fetch(local({ branch: 'main' }), cache)).revision).toBe(`main@sha1:${rewritten}`);
    renameSync(repository.path, `${repository.path}.gone`);
    await expect(fetch(local({ branch: 'main' }), cache)).rejects.toThrow('unable to clone');
    repository.git('init', '-q', '--bare', '-b', 'main', repository.path);
    repository.git('push', '-q', 'origin', 'other:main');
    expect((await fetch(local({ branch: 'main' }), cache)).revision).toBe(`main@sha1:${rewritten}`);
  });

  it('survive a cache that is broken', async () => {
    const cache = nextCache();
    await fetch(local({ branch: 'main' }), cache);
    rmSync(join(cache, 'objects'), { recursive: true });
    expect((await fetch(local({ branch: 'main' }), cache)).files.has('a.yaml')).toBe(true);
    expect(existsSync(join(cache, 'objects'))).toBe(true);
  });

  it('leave out what is ignored, and nothing that a checkout would have', async () => {
    repository.git('checkout', '-q', '-B', 'ignoring');
    writeFileSync(join(folder.path, 'x'), '');
    const files = {
      '.gitattributes': 'kept.yaml export-ignore\n',
      'kept.yaml': 'kind: K\n',
      'app/.sourceignore': '*.yaml\n!keep.yaml\n',
      'app/drop.yaml': 'x',
      'app/keep.yaml': 'x',
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(repository.git('rev-parse', '--show-toplevel'), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    repository.git('add', '-A', '-f');
    repository.git('commit', '-q', '-m', 'ignoring');
    repository.git('push', '-q', 'origin', 'HEAD:ignoring');
    const names = async (ignore?: string) =>
      [...(await fetch(local({ branch: 'ignoring' }, ignore))).files.keys()].sort();
    expect(await names()).toEqual(['a.yaml', 'app/.sourceignore', 'app/keep.yaml', 'b.yaml', 'docs/x.md', 'kept.yaml']);
    expect(await names('/docs\nb.yaml\n')).toEqual([
      'a.yaml',
      'app/.sourceignore',
      'app/keep.yaml',
      'kept.yaml',
      'logo.png',
    ]);
  });
});
