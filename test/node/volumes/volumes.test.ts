// Volumes on a real file system, without root: payloads, atomic updates, sub-paths, host paths, tokens.
import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod, Volume } from 'kubernetes-types/core/v1.js';
import { afterAll, describe, expect, test } from 'vitest';
import { type Payload, writePayload } from '../../../src/node/volumes/atomic-writer.ts';
import { prepareHostPath } from '../../../src/node/volumes/host-path.ts';
import { VolumeManager } from '../../../src/node/volumes/manager.ts';
import { type VolumeSources, payloadOf } from '../../../src/node/volumes/payload.ts';
import { PodDirectories } from '../../../src/node/volumes/pod-directory.ts';
import { resolveSubPath } from '../../../src/node/volumes/sub-path.ts';
import { TokenCache } from '../../../src/node/volumes/tokens.ts';
import { VolumeFolders } from '../../../src/node/volumes/volume-folders.ts';

const root = mkdtempSync(join(tmpdir(), 'sampan-volumes-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let count = 0;
const fresh = async () => {
  const folder = join(root, String(++count));
  await mkdir(folder);
  return folder;
};

const base64 = (text: string) => Buffer.from(text).toString('base64');
const sources: VolumeSources = {
  configMap: async (_namespace, name) =>
    name === 'config' ? { data: { a: '1', b: '2' }, binaryData: { bin: base64('\u0001') } } : undefined,
  secret: async (_namespace, name) => (name === 'secret' ? { data: { key: base64('hidden') } } : undefined),
  token: async (_pod, projection) => `token for ${projection.audience ?? 'the server'}`,
  podField: (pod, path) => (path === 'metadata.name' ? (pod.metadata?.name ?? '') : path),
  resourceField: (_pod, ref) => ref.resource,
};
const noClaims = { claim: async () => undefined, volume: async () => undefined, node: () => undefined };
const pod = (spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u' },
  spec: { containers: [], ...spec },
});
const files = async (volume: Omit<Volume, 'name'>, given = pod()) => {
  const payload = await payloadOf(given, { name: 'v', ...volume }, sources);
  return Object.fromEntries(
    [...(payload ?? [])].map(([path, file]) => [path, [Buffer.from(file.data).toString(), file.mode.toString(8)]]),
  );
};

describe('payloads', () => {
  test('of config maps and secrets, whole or by item', async () => {
    expect(await files({ configMap: { name: 'config' } })).toEqual({
      a: ['1', '644'],
      b: ['2', '644'],
      bin: ['\u0001', '644'],
    });
    const items = [{ key: 'b', path: 'x/y', mode: 0o600 }];
    expect(await files({ configMap: { name: 'config', items, defaultMode: 0o400 } })).toEqual({ 'x/y': ['2', '600'] });
    expect(await files({ secret: { secretName: 'secret', defaultMode: 0o400 } })).toEqual({ key: ['hidden', '400'] });
  });
  test('what is missing is an error, unless it is optional', async () => {
    await expect(files({ configMap: { name: 'no' } })).rejects.toThrow('configmap "no" not found');
    await expect(files({ secret: { secretName: 'no' } })).rejects.toThrow('secret "no" not found');
    const items = [{ key: 'gone', path: 'x' }];
    await expect(files({ configMap: { name: 'config', items } })).rejects.toThrow(
      'references non-existent config key: gone',
    );
    expect(await files({ configMap: { name: 'config', items, optional: true } })).toEqual({});
    expect(await files({ secret: { secretName: 'no', optional: true } })).toEqual({});
  });
  test('of projected volumes are put together', async () => {
    const projected = {
      defaultMode: 0o440,
      sources: [
        { configMap: { name: 'config', items: [{ key: 'a', path: 'a' }] } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { serviceAccountToken: { path: 'token', audience: 'vault' } },
      ],
    };
    expect(await files({ projected })).toEqual({
      a: ['1', '440'],
      name: ['p', '440'],
      token: ['token for vault', '440'],
    });
    const grouped = pod({ securityContext: { fsGroup: 5 } });
    expect((await files({ projected }, grouped))['token']).toEqual(['token for vault', '600']);
  });
  test('cannot leave their volume', async () => {
    const items = [{ key: 'a', path: '../../etc/passwd' }];
    await expect(files({ configMap: { name: 'config', items } })).rejects.toThrow('invalid path: ../../etc/passwd');
  });
});

describe('the atomic writer', () => {
  const payload = (of: Record<string, string>): Payload =>
    new Map(Object.entries(of).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o644 }]));
  test('swaps one link; files that stay keep their place, others go', async () => {
    const volume = await fresh();
    expect(await writePayload(volume, payload({ a: '1', 'deep/b': '2' }), undefined)).toBe(true);
    expect(await readFile(join(volume, 'deep/b'), 'utf8')).toBe('2');
    expect(await readlink(join(volume, 'a'))).toBe('..data/a');
    const before = await readlink(join(volume, '..data'));
    expect(await writePayload(volume, payload({ a: '1', 'deep/b': '2' }), undefined)).toBe(false);
    expect(await readlink(join(volume, '..data'))).toBe(before);
    expect(await writePayload(volume, payload({ a: 'new', c: '3' }), undefined)).toBe(true);
    expect(await readFile(join(volume, 'a'), 'utf8')).toBe('new');
    expect((await readdir(volume)).filter((name) => !/^\.\.\d/.test(name)).sort()).toEqual(['..data', 'a', 'c']);
    expect(await readdir(volume)).toHaveLength(4);
    expect(before).not.toBe(await readlink(join(volume, '..data')));
  });
  test('mends what was left half done', async () => {
    const volume = await fresh();
    await symlink('nowhere', join(volume, '..data'));
    await mkdir(join(volume, '..2020_old'));
    await symlink('x', join(volume, '..data_tmp'));
    await writePayload(volume, payload({ a: '1' }), undefined);
    expect(await readFile(join(volume, 'a'), 'utf8')).toBe('1');
    expect(await readdir(volume)).toHaveLength(3);
  });
  test('never shows a mixture', async () => {
    const volume = await fresh();
    await writePayload(volume, payload({ a: '0', b: '0' }), undefined);
    let stop = false;
    const torn: string[] = [];
    const reader = (async () => {
      while (!stop) {
        const folder = await readlink(join(volume, '..data'));
        const both = await Promise.all(
          ['a', 'b'].map((f) => readFile(join(volume, folder, f), 'utf8').catch(() => 'gone')),
        );
        if (both[0] !== both[1] && !both.includes('gone')) torn.push(both.join());
      }
    })();
    for (let i = 1; i <= 30; i++) await writePayload(volume, payload({ a: String(i), b: String(i) }), undefined);
    stop = true;
    await reader;
    expect(torn).toEqual([]);
  });
});

describe('sub-paths', () => {
  test('are made when missing and stay inside', async () => {
    const volume = await fresh();
    await chmod(volume, 0o3777);
    const resolved = (subPath: string) => resolveSubPath(volume, subPath, 'volumeMount "v" of container "c"');
    expect(await resolved('a/b')).toBe(join(volume, 'a/b'));
    expect((await stat(join(volume, 'a/b'))).mode & 0o7777).toBe(0o3777);
    await writeFile(join(volume, 'file'), '');
    expect(await resolved('file')).toBe(join(volume, 'file'));
    await symlink('a', join(volume, 'link'));
    expect(await resolved('link/b')).toBe(join(volume, 'a/b'));
  });

  test('that lead out are refused with words that tell nothing of the disk', async () => {
    const volume = await fresh();
    const refused = (subPath: string) =>
      resolveSubPath(volume, subPath, 'volumeMount "v" of container "c"').then(String, (e: Error) => e.message);
    await symlink('/etc', join(volume, 'out'));
    await symlink('/nowhere/at-all', join(volume, 'dangling'));
    expect(await refused('out/passwd')).toBe('failed to prepare subPath for volumeMount "v" of container "c"');
    expect(await refused('out/new')).toBe('failed to create subPath directory for volumeMount "v" of container "c"');
    expect(await refused('dangling')).toBe('failed to create subPath directory for volumeMount "v" of container "c"');
    expect(await refused('../x')).toBe("unable to provision SubPath `../x`: must not contain '..'");
    expect(await refused('/x')).toBe('error SubPath `/x` must not be an absolute path');
  });
});

test('host paths are what their type says', async () => {
  const folder = await fresh();
  const file = join(folder, 'file');
  await prepareHostPath(file, 'FileOrCreate');
  expect((await stat(file)).isFile()).toBe(true);
  await prepareHostPath(join(folder, 'new'), 'DirectoryOrCreate');
  await prepareHostPath(join(folder, 'plain'), undefined);
  expect((await stat(join(folder, 'plain'))).isDirectory()).toBe(true);
  await expect(prepareHostPath(file, 'Directory')).rejects.toThrow(
    `hostPath type check failed: ${file} is not a directory`,
  );
  await expect(prepareHostPath(join(folder, 'no'), 'Socket')).rejects.toThrow('is not a socket file');
});

test('a pod’s volumes are made, refreshed and removed', async () => {
  const directories = new PodDirectories(await fresh());
  let text = 'one';
  const manager = new VolumeManager(directories, new VolumeFolders(join(root, 'kept')), {
    ...sources,
    ...noClaims,
    configMap: async () => ({ data: { a: text } }),
  });
  const given = pod({
    volumes: [
      { name: 'empty', emptyDir: {} },
      { name: 'config', configMap: { name: 'x' } },
    ],
  });
  const made = await manager.setUp(given);
  expect((await stat(made.get('empty')!.path)).mode & 0o777).toBe(0o777);
  const path = made.get('config')!.path;
  expect([made.get('config')!.readOnly, await readFile(join(path, 'a'), 'utf8')]).toEqual([true, 'one']);
  await writeFile(join(made.get('empty')!.path, 'kept'), 'x');
  text = 'two';
  await manager.setUp(given);
  expect(await readFile(join(path, 'a'), 'utf8')).toBe('two');
  expect(await readFile(join(made.get('empty')!.path, 'kept'), 'utf8')).toBe('x');
  const failure = await manager
    .setUp(pod({ volumes: [{ name: 'nfs', nfs: { server: 's', path: '/' } }] }))
    .catch((e: unknown) => e);
  expect(failure).toHaveProperty(
    'message',
    'MountVolume.SetUp failed for volume "nfs" : volumes of the type nfs are not supported by this node',
  );
  expect(await directories.list()).toEqual(['u']);
  await directories.remove('u');
  await directories.remove('u');
  expect(await directories.list()).toEqual([]);
});

describe('tokens', () => {
  test('are kept for most of their life, and an old one serves while no new one comes', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    let asked = 0;
    let down = false;
    const cache = new TokenCache(
      async (namespace, account, spec) => {
        if (down) throw new Error('no answer');
        expect([namespace, account, spec.boundObjectRef.uid]).toEqual(['ns', 'default', 'u']);
        return {
          token: `t${++asked}`,
          expirationTimestamp: new Date(now + spec.expirationSeconds * 1000).toISOString(),
        };
      },
      { now: () => now },
    );
    const get = () => cache.get(pod(), { path: 't', expirationSeconds: 1000 });
    expect([await get(), await get()]).toEqual(['t1', 't1']);
    expect(cache.refreshAtMs('u')).toBe(now + 800_000);
    now += 800_000;
    expect(await get()).toBe('t2');
    down = true;
    now += 900_000;
    expect(await get()).toBe('t2');
    now += 200_000;
    await expect(get()).rejects.toThrow('no answer');
    cache.forget('u');
    expect(cache.refreshAtMs('u')).toBeUndefined();
  });
});
