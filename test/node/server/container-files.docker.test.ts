// Files of containers that have no tar, one of them nothing but a program that sleeps; and commands as other users.
import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import * as tar from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerClient } from '../../../src/node/docker/client.ts';
import { PAUSE_IMAGE, ensurePauseImage } from '../../../src/node/docker/pause-image.ts';
import { doFileTask, fileTaskOf } from '../../../src/node/server/container-files.ts';
import { execSession } from '../../../src/node/server/streams.ts';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from '../support/docker.ts';

const docker = new DockerClient();
const LABEL = 'sampan-test-files';
const never = new AbortController().signal;
let folder: string;
beforeAll(async () => {
  await Promise.all([ensurePauseImage(docker), ensureBusyboxImage(docker)]);
  folder = mkdtempSync(join(tmpdir(), 'files-'));
  for (const name of ['open', 'closed']) mkdirSync(join(folder, name), { mode: 0o777 });
  writeFileSync(join(folder, 'open/given'), 'from a volume');
});
afterAll(async () => {
  for (const { Id } of await docker.listContainers({ [LABEL]: '' })) await docker.removeContainer(Id);
  await docker.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, more: StartOptions = {}): Promise<string> {
  const { User, readOnly = false, image = PAUSE_IMAGE, passwd } = more;
  const id = await docker.createContainer(`${LABEL}-${name}`, {
    Image: image,
    Labels: { [LABEL]: '1' },
    ...(image === BUSYBOX_IMAGE ? { Entrypoint: ['sleep', '1000'] } : {}),
    ...(User === undefined ? {} : { User }),
    HostConfig: {
      NetworkMode: 'none',
      Binds: [`${folder}/open:/open`, `${folder}/closed:/closed:ro`],
      ReadonlyRootfs: readOnly,
    },
  } as never);
  if (passwd !== undefined) await docker.writeArchive(id, '/', archive({ 'etc/passwd': passwd }), never);
  await docker.startContainer(id);
  return id;
}
interface StartOptions {
  User?: string;
  readOnly?: boolean;
  image?: string;
  passwd?: string;
}

/** As the node's exec runs it: the program first, then the node itself. */
async function run(containerId: string, command: string[], { stdin, anyUser = false, user }: Options = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = stdout.toArray();
  const errors = stderr.toArray();
  const session = {
    ...(stdin ? { stdin } : {}),
    stdout,
    stderr,
    tty: false,
    resizes: (async function* () {})(),
    signal: never,
  };
  const task = fileTaskOf(command);
  const status = await execSession(docker, containerId, command, session, {
    ...(user === undefined ? {} : { user }),
    ...(task ? { instead: () => doFileTask({ docker, containerId, anyUser }, task, session) } : {}),
  });
  stdout.end();
  stderr.end();
  return {
    ok: status.status === 'Success',
    status,
    bytes: Buffer.concat((await output) as Buffer[]),
    errors: Buffer.concat((await errors) as Buffer[]).toString(),
  };
}
interface Options {
  stdin?: Readable;
  anyUser?: boolean;
  user?: string;
}

function archive(files: Record<string, string | Buffer>, mode = 0o640): Readable {
  const pack = tar.pack();
  for (const [name, text] of Object.entries(files)) pack.entry({ name, mode }, text as string);
  pack.finalize();
  return Readable.from(pack);
}

async function entries(bytes: Buffer): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const extract = tar.extract();
  extract.end(bytes);
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found[entry.header.name] = entry.header.type === 'file' ? Buffer.concat(chunks).toString() : entry.header.type!;
  }
  return found;
}

describe('a container without any program of its own', () => {
  it('takes files and gives them, in its image and in its volumes', async () => {
    const id = await start('bare');
    expect(await run(id, ['test', '-d', '/open'])).toMatchObject({ ok: true });
    expect(await run(id, ['test', '-d', '/open/given'])).toMatchObject({ ok: false });
    expect(await run(id, ['test', '-d', '/none'])).toMatchObject({ ok: false });

    const up = await run(id, ['tar', '-xmf', '-', '-C', '/open'], { stdin: archive({ made: 'in a volume' }) });
    expect(up).toMatchObject({ ok: true, errors: '' });
    expect(readFileSync(join(folder, 'open/made'), 'utf8')).toBe('in a volume');
    expect(statSync(join(folder, 'open/made')).mode & 0o777).toBe(0o640);
    const own = await run(id, ['tar', '-xmf', '-', '-C', '/'], { stdin: archive({ 'd/e': 'in the image' }) });
    expect(own).toMatchObject({ ok: true });

    const down = await run(id, ['tar', 'cf', '-', '/open']);
    expect(await entries(down.bytes)).toEqual({
      open: 'directory',
      'open/given': 'from a volume',
      'open/made': 'in a volume',
    });
    expect(await entries((await run(id, ['tar', 'cf', '-', '/d/e'])).bytes)).toEqual({ 'd/e': 'in the image' });
    expect(await entries((await run(id, ['tar', 'cf', '-', 'd/e'])).bytes)).toEqual({ 'd/e': 'in the image' });
  });
  it('streams what would not fit', async () => {
    const id = await start('large');
    const large = Buffer.alloc(24 * 1024 * 1024, 'sampan ');
    await run(id, ['tar', '-xmf', '-', '-C', '/'], { stdin: archive({ large }) });
    const { bytes } = await run(id, ['tar', 'cf', '-', '/large']);
    expect((await entries(bytes))['large']).toBe(large.toString());
  });
  it('says what is not there, and what may not be written', async () => {
    const id = await start('strict', { readOnly: true });
    const gone = await run(id, ['tar', 'cf', '-', '/none']);
    expect(gone.errors).toMatch(/^the node: .*(?:no such file|Could not find).*\/none/i);
    expect(gone.status.details?.causes?.[0]?.message).toBe('2');
    const mounted = await run(id, ['tar', '-xmf', '-', '-C', '/closed'], { stdin: archive({ a: '1' }) });
    expect(mounted.errors).toContain('marked read-only');
    const image = await run(id, ['tar', '-xmf', '-', '-C', '/'], { stdin: archive({ a: '1' }) });
    expect(image.errors).toContain('marked read-only');
    expect(await run(id, ['tar', '-xmf', '-', '-C', '/open'], { stdin: archive({ fine: '1' }) })).toMatchObject({
      ok: true,
    });
  });
  it('of a user who is not root is opened only to those who may be any user', async () => {
    const id = await start('plain', { User: '1234:5678' });
    expect((await run(id, ['tar', 'cf', '-', '/open'])).errors).toContain('needs the verb impersonate on pods/exec');
    const up = await run(id, ['tar', '-xmf', '-', '-C', '/open'], { stdin: archive({ theirs: 'x' }), anyUser: true });
    expect(up).toMatchObject({ ok: true });
    const { uid, gid } = statSync(join(folder, 'open/theirs'));
    expect([uid, gid]).toEqual([1234, 5678]);
  });
  it('gives files to the user whom its /etc/passwd names', async () => {
    const id = await start('named', { User: 'app', passwd: 'root:x:0:0::/:\napp:x:77:88::/:\n' });
    await run(id, ['tar', '-xmf', '-', '-C', '/open'], { stdin: archive({ named: 'x' }), anyUser: true });
    const { uid, gid } = statSync(join(folder, 'open/named'));
    expect([uid, gid]).toEqual([77, 88]);
  });
  it('does not follow links out of it', async () => {
    const id = await start('links');
    const pack = tar.pack();
    pack.entry({ name: 'out', type: 'symlink', linkname: '../../../../../etc' });
    pack.finalize();
    await run(id, ['tar', '-xmf', '-', '-C', '/'], { stdin: Readable.from(pack) });
    await run(id, ['tar', '-xmf', '-', '-C', '/out'], { stdin: archive({ 'sampan-test-escaped': 'x' }) });
    expect(() => statSync('/etc/sampan-test-escaped')).toThrow('ENOENT');
    expect((await run(id, ['tar', 'cf', '-', '/out/hostname'])).bytes.toString()).not.toContain(
      readFileSync('/etc/hostname', 'utf8').trim(),
    );
  });
});

describe('a container with programs', () => {
  it('runs what it has: the node does nothing', async () => {
    const id = await start('busy', { image: BUSYBOX_IMAGE });
    expect(await run(id, ['test', '-d', '/tmp'])).toMatchObject({ ok: true });
    expect(await run(id, ['test', '-d', '/none'])).toMatchObject({ ok: false, errors: '' });
    expect(await entries((await run(id, ['tar', 'cf', '-', '/open/given'])).bytes)).toEqual({
      'open/given': 'from a volume',
    });
  });
  it('runs them as the user that is asked for', async () => {
    const id = await start('users', { image: BUSYBOX_IMAGE, User: '1000' });
    const as = async (user?: string) =>
      (await run(id, ['id'], user === undefined ? {} : { user })).bytes.toString().trim();
    expect(await as()).toMatch(/^uid=1000 /);
    expect(await as('0')).toMatch(/^uid=0\b/);
    expect(await as('7:8')).toMatch(/^uid=7 gid=8\b/);
  });
});
