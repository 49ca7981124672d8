// Which users and which commands the node takes for its own; what it does with them is in the docker test.
import { describe, expect, it } from 'vitest';
import { fileTaskOf } from '../../../src/node/server/container-files.ts';
import { execUser } from '../../../src/node/server/exec-user.ts';

const pod = (nonRoot?: boolean, ofPod?: boolean) => ({
  metadata: { name: 'p' },
  spec: {
    ...(ofPod === undefined ? {} : { securityContext: { runAsNonRoot: ofPod } }),
    containers: [{ name: 'c', ...(nonRoot === undefined ? {} : { securityContext: { runAsNonRoot: nonRoot } }) }],
  },
});

describe('the user of an exec', () => {
  it('is handed to Docker as it is asked for', () => {
    expect(execUser('0', pod(), 'c')).toBe('0');
    expect(execUser('007:adm', pod(), 'c')).toBe('7:adm');
    expect(() => execUser('a b', pod(), 'c')).toThrow('invalid user "a b"');
  });
  it('is not root where the pod or the container says so', () => {
    const refused = 'container "c" of pod "p" has runAsNonRoot: nothing is run in it as user 0';
    for (const user of ['0', '00', '0:7']) expect(() => execUser(user, pod(true), 'c')).toThrow(refused);
    expect(() => execUser('0', pod(undefined, true), 'c')).toThrow(refused);
    expect(() => execUser('root', pod(true), 'c')).toThrow('cannot verify user is non-root (root), give its uid');
    expect(execUser('5:0', pod(true), 'c')).toBe('5:0');
    // A container's own word wins.
    expect(execUser('0', pod(false, true), 'c')).toBe('0');
  });
});

describe('what the node does itself', () => {
  it('is what cp runs, and nothing else', () => {
    const task = (line: string) => fileTaskOf(line.split(' '));
    expect(task('tar cf - /a/b')).toEqual({ kind: 'read', path: '/a/b' });
    expect(task('tar -xmf -')).toEqual({ kind: 'write', folder: '.', keepModes: true });
    expect(task('tar -xmf - -C /a')).toEqual({ kind: 'write', folder: '/a', keepModes: true });
    expect(task('tar --no-same-permissions --no-same-owner -xmf - -C /a')).toEqual({
      kind: 'write',
      folder: '/a',
      keepModes: false,
    });
    expect(task('test -d /a')).toEqual({ kind: 'isFolder', path: '/a' });
    for (const other of ['tar cf - /a /b', 'tar xf - -C /a', 'tar -xmf - -C', 'test -e /a', 'sh']) {
      expect(task(other), other).toBeUndefined();
    }
  });
});
