// Decoding what Docker sends and reading image names: pure functions.
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { defaultPullPolicy, parseImageReference, withDefaultTag } from '../../../src/node/docker/image-reference.ts';
import { readJsonLines } from '../../../src/node/docker/json-lines.ts';
import { FrameDecoder } from '../../../src/node/docker/log-stream.ts';
import { credentialsFor } from '../../../src/node/docker/registry-auth.ts';

const frame = (stream: number, text: string): Buffer => {
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

test('frames survive any cut', () => {
  const bytes = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, ''), frame(1, 'more')]);
  for (let size = 1; size <= bytes.length; size++) {
    const decoder = new FrameDecoder();
    const text = { stdout: '', stderr: '' };
    for (let at = 0; at < bytes.length; at += size) {
      for (const { stream, data } of decoder.push(bytes.subarray(at, at + size))) text[stream] += data.toString();
    }
    expect(text).toEqual({ stdout: 'outmore', stderr: 'err' });
  }
});

test('JSON lines survive cuts within a character', async () => {
  const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}');
  const read = async (size: number) => {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const values: unknown[] = [];
    for await (const value of readJsonLines(Readable.from(chunks))) values.push(value);
    return values;
  };
  for (const size of [1, 2, 3, 100]) expect(await read(size)).toEqual([{ a: 'é' }, { b: 2 }]);
});

describe('image names', () => {
  test.each([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['me/app:1.2', { registry: 'docker.io', repository: 'me/app', tag: '1.2' }],
    ['localhost/app', { registry: 'localhost', repository: 'app' }],
    ['registry.example:5000/a/b/c:x', { registry: 'registry.example:5000', repository: 'a/b/c', tag: 'x' }],
    [
      `app@sha256:${'a'.repeat(64)}`,
      { registry: 'docker.io', repository: 'library/app', digest: `sha256:${'a'.repeat(64)}` },
    ],
  ])('%s', (name, parts) => expect(parseImageReference(name)).toEqual(parts));
  test.each(['', 'Bad Name', 'UPPER', 'a:', 'a@sha256:short', 'a//b'])('%j is none', (name) => {
    expect(() => parseImageReference(name)).toThrow(/^couldn't parse image name .*: invalid reference format/);
  });
  test('an untagged one is the latest, which is always pulled', () => {
    expect(withDefaultTag('registry.example:5000/app')).toBe('registry.example:5000/app:latest');
    expect(withDefaultTag('app:1')).toBe('app:1');
    expect(['app', 'app:latest', 'app:1', `app@sha256:${'a'.repeat(64)}`].map(defaultPullPolicy)).toEqual([
      'Always',
      'Always',
      'IfNotPresent',
      'IfNotPresent',
    ]);
  });
});

describe('registry credentials', () => {
  const secret = (auths: object) => ({
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  const users = (image: string, auths: object) => credentialsFor(image, [secret(auths)]).map((a) => a.username);
  test('match the registry, and the most specific path first', () => {
    const auths = {
      'registry.example': { username: 'all' },
      'registry.example/team': { username: 'team' },
      'registry.example/team2': { username: 'other' },
      'https://index.docker.io/v1/': { auth: Buffer.from('hub:pa:ss').toString('base64') },
      '*.wild.example': { username: 'wild' },
    };
    expect(users('registry.example/team/app:1', auths)).toEqual(['team', 'all']);
    expect(users('registry.example/app', auths)).toEqual(['all']);
    expect(users('registry.example:5000/app', auths)).toEqual([]);
    expect(users('a.wild.example/app', auths)).toEqual(['wild']);
    expect(users('a.b.wild.example/app', auths)).toEqual([]);
    expect(credentialsFor('nginx', [secret(auths)])).toEqual([
      { username: 'hub', password: 'pa:ss', serveraddress: 'https://index.docker.io/v1/' },
    ]);
  });
  test('that cannot be read are no credentials', () => {
    expect(credentialsFor('nginx', [{ data: { '.dockerconfigjson': '!!' } }, {}])).toEqual([]);
  });
});
