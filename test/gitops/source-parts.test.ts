import { describe, expect, it } from 'vitest';
import { withoutIgnored } from '../../src/gitops/source/ignore.ts';
import { compareVersions, newestTag, parseRange, parseVersion } from '../../src/gitops/source/semver.ts';
import { digestOf, reuseUnchanged } from '../../src/gitops/source/tree.ts';

describe('versions', () => {
  it('come in the order of semver.org', () => {
    const order = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.2', '2']; // prettier-ignore
    const versions = order.map((text) => parseVersion(text)!);
    for (let i = 1; i < versions.length; i++) expect(compareVersions(versions[i - 1]!, versions[i]!)).toBeLessThan(0);
    expect(parseVersion('release-1')).toBeUndefined();
    expect(parseVersion('v1.2.3+build')).toEqual({ numbers: [1, 2, 3], pre: [] });
  });

  // As Masterminds/semver v3 decides them.
  const ranges: [range: string, inside: string[], outside: string[]][] = [
    ['1.2.3', ['1.2.3', 'v1.2.3'], ['1.2.4', '1.2.3-rc.1']],
    ['1.2.x', ['1.2.0', '1.2.9'], ['1.3.0', '1.1.9']],
    ['1', ['1.0.0', '1.9.9'], ['2.0.0', '0.9.0']],
    ['*', ['0.0.1', '9.9.9'], ['1.0.0-rc.1']],
    ['>=1.0.0 <2.0.0', ['1.0.0', '1.9.9'], ['2.0.0', '0.9.9']],
    ['>=1.0.0, <2.0.0', ['1.5.0'], ['2.0.0']],
    ['> 1.2', ['1.3.0'], ['1.2.9']],
    ['<= 1.2', ['1.2.9', '1.0.0'], ['1.3.0']],
    ['!=1.2.x', ['1.3.0'], ['1.2.5']],
    ['~1.2.3', ['1.2.3', '1.2.9'], ['1.3.0', '1.2.2']],
    ['~1.2', ['1.2.0', '1.2.9'], ['1.3.0']],
    ['~1', ['1.0.0', '1.9.0'], ['2.0.0']],
    ['^1.2.3', ['1.2.3', '1.9.0'], ['2.0.0', '1.2.2']],
    ['^0.2.3', ['0.2.3', '0.2.9'], ['0.3.0']],
    ['^0.0.3', ['0.0.3'], ['0.0.4']],
    ['^0', ['0.0.1', '0.9.0'], ['1.0.0']],
    ['1.2 - 1.4.5', ['1.2.0', '1.4.5'], ['1.4.6']],
    ['~1.2 || >=3', ['1.2.5', '3.0.0'], ['1.3.0', '2.9.9']],
    ['>=1.0.0-0', ['1.0.0-rc.1', '1.0.0'], ['0.9.0']],
  ];
  it.each(ranges)('are in the range %s or not', (range, inside, outside) => {
    const test = parseRange(range);
    for (const text of inside) expect(test(parseVersion(text)!), text).toBe(true);
    for (const text of outside) expect(test(parseVersion(text)!), text).toBe(false);
  });

  it('are chosen from tags; what is no range is refused', () => {
    expect(newestTag(['v1.0.0', 'v1.10.0', 'v1.9.0', 'latest', 'v2.0.0'], '1.x')).toBe('v1.10.0');
    expect(newestTag(['v1.0.0'], '>1')).toBeUndefined();
    for (const bad of ['newest', '>=', '1.0 and 2', ''])
      expect(() => parseRange(bad), bad).toThrow('improper constraint');
  });
});

describe('what is ignored', () => {
  const left = (paths: string[], ignore?: string, more: Record<string, string> = {}) => {
    const all = new Map([...paths.map((p) => [p, ''] as const), ...Object.entries(more)]);
    const files = new Map([...all].map(([path, text]) => [path, Buffer.from(text)]));
    return [...withoutIgnored(files, ignore).keys()].filter((p) => !p.endsWith('.sourceignore'));
  };
  it('is Flux’s list without spec.ignore', () => {
    const paths = [
      'a.yaml',
      'x/b.png',
      '.github/workflows/c.yaml',
      '.gitmodules',
      'deep/er/.sops.yaml',
      'x.tar.gz',
      '.travis.yml',
    ];
    expect(left(paths)).toEqual(['a.yaml']);
    expect(left(paths, '')).toEqual([
      'a.yaml',
      'x/b.png',
      '.github/workflows/c.yaml',
      'deep/er/.sops.yaml',
      'x.tar.gz',
      '.travis.yml',
    ]);
  });
  it('follows gitignore’s rules', () => {
    const paths = ['a/x.md', 'b/x.md', 'x.md', 'a/deep/x.md', 'a/y.txt'];
    expect(left(paths, '/x.md')).toEqual(['a/x.md', 'b/x.md', 'a/deep/x.md', 'a/y.txt']);
    expect(left(paths, 'x.md')).toEqual(['a/y.txt']);
    expect(left(paths, 'a/')).toEqual(['b/x.md', 'x.md']);
    expect(left(paths, 'a/**/x.md')).toEqual(['b/x.md', 'x.md', 'a/y.txt']);
    expect(left(paths, '/*\n!/a')).toEqual(['a/x.md', 'a/deep/x.md', 'a/y.txt']);
    expect(left(paths, '*.md\n!b/x.md')).toEqual(['b/x.md', 'a/y.txt']);
    expect(left(paths, '[!a].md\n# comment\n?.txt')).toEqual([]);
    // What a folder loses, no pattern brings back.
    expect(left(paths, 'a/\n!a/y.txt')).toEqual(['b/x.md', 'x.md']);
  });
  it('is said by .sourceignore for its own folder', () => {
    const paths = ['a/x.md', 'b/x.md'];
    expect(left(paths, '', { 'a/.sourceignore': 'x.md\n' })).toEqual(['b/x.md']);
  });
});

it('files that have not changed keep their bytes’ identity', () => {
  const before = new Map([['a', Buffer.from('1')], ['b', Buffer.from('2')]]); // prettier-ignore
  const after = reuseUnchanged(new Map([['a', Buffer.from('1')], ['b', Buffer.from('3')]]), before); // prettier-ignore
  expect(after.get('a')).toBe(before.get('a'));
  expect(after.get('b')).toEqual(Buffer.from('3'));
  expect(digestOf(after)).not.toBe(digestOf(before));
});
