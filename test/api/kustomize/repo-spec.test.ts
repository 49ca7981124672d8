// The cases of upstream's repospec_test.go (kustomize 5.5).
import { describe, expect, it } from 'vitest';
import { parseRepoSpec } from '../../../src/api/kustomize/repo-spec.ts';

describe('what is no repository', () => {
  it.each([
    '/tmp',
    'iauhsdiuashduas',
    'htxxxtp://github.com/',
    'ssh://git.example.com',
    'git::___',
    'https://host?ref=group/version/minor_version',
    'https://github.com/org/repo.git//path/../../exits/repo',
    'github.com!org/repo.git//path',
    'gh:org/repo',
    'https://github.com/thisisa404.yaml',
    'file:////tmp//path/to/whatever',
    'git@scp://github.com/org/repo.git//path',
    'git@ssh://github.com/org/repo.git//path',
    '../base',
    'file.yaml',
  ])('%s', (text) => {
    expect(parseRepoSpec(text)).toBeUndefined();
  });
});

describe('what is one', () => {
  it.each([
    [
      'https://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo/somedir?ref=testbranch',
      'https://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo',
      'somedir',
      'testbranch',
    ],
    [
      'https://fabrikops2.visualstudio.com/someorg/somerepo?ref=master',
      'https://fabrikops2.visualstudio.com/someorg/somerepo',
      '',
      'master',
    ],
    ['http://github.com/someorg/somerepo/somedir', 'https://github.com/someorg/somerepo', 'somedir', ''],
    ['git@github.com:someorg/somerepo/somedir', 'git@github.com:someorg/somerepo', 'somedir', ''],
    ['http://github.com/someorg/somerepo.git/somedir', 'https://github.com/someorg/somerepo.git', 'somedir', ''],
    [
      'git@gitlab2.sqtools.ru:infra/kubernetes/thanos-base.git?ref=v0.1.0',
      'git@gitlab2.sqtools.ru:infra/kubernetes/thanos-base.git',
      '',
      'v0.1.0',
    ],
    [
      'git@bitbucket.org/company/project.git//path?ref=branch',
      'git@bitbucket.org/company/project.git',
      'path',
      'branch',
    ],
    [
      'ssh://git@bitbucket.org/company/project.git//path?ref=branch',
      'ssh://git@bitbucket.org/company/project.git',
      'path',
      'branch',
    ],
    [
      'https://itfs.mycompany.com/collection/project/_git/somerepos/somedir?version=v1.0.0',
      'https://itfs.mycompany.com/collection/project/_git/somerepos',
      'somedir',
      'v1.0.0',
    ],
    [
      'git::https://itfs.mycompany.com/collection/project/_git/somerepos',
      'https://itfs.mycompany.com/collection/project/_git/somerepos',
      '',
      '',
    ],
    ['git@github.com/someorg/somerepo/somepath', 'git@github.com:someorg/somerepo', 'somepath', ''],
    [
      'https://github.com/kubernetes-sigs/kustomize//examples/multibases/dev/?ref=v1.0.6',
      'https://github.com/kubernetes-sigs/kustomize',
      'examples/multibases/dev/',
      'v1.0.6',
    ],
    ['file://a/b/c/someRepo.git/somepath?ref=someBranch', 'file://a/b/c/someRepo.git', 'somepath', 'someBranch'],
    ['file:///a/b/c/someRepo?ref=someBranch', 'file:///a/b/c/someRepo', '', 'someBranch'],
    [
      'ssh://git@github.com/kubernetes-sigs/kustomize//examples/multibases/dev?ref=v1.0.6',
      'git@github.com:kubernetes-sigs/kustomize',
      'examples/multibases/dev',
      'v1.0.6',
    ],
    ['file:///', 'file:///', '', ''],
    [
      'https://example.org/path/to/repo//examples/multibases/dev',
      'https://example.org/path/to/repo',
      'examples/multibases/dev',
      '',
    ],
    [
      'https://example.org/path/to/repo.git/examples/multibases/dev',
      'https://example.org/path/to/repo.git',
      'examples/multibases/dev',
      '',
    ],
    ['github.com/org/repo', 'https://github.com/org/repo', '', ''],
  ])('%s', (text, url, path, ref) => {
    expect(parseRepoSpec(text)).toMatchObject({ raw: text, url, path, ref });
  });
});

it.each([
  ['', 27_000, true, ''],
  ['version=master&ref=v1.0.0', 27_000, true, 'v1.0.0'],
  ['version=master&submodules=', 27_000, true, 'master'],
  ['submodules=maybe', 27_000, true, ''],
  ['submodules=false&timeout=1m1s', 61_000, false, ''],
  ['timeout=jiffy', 27_000, true, ''],
  ['timeout=0', 27_000, true, ''],
  ['timeout=0s', 27_000, true, ''],
  ['timeout=61', 61_000, true, ''],
])('the query %s', (query, timeoutMs, submodules, ref) => {
  expect(parseRepoSpec(`https://h/o/r?${query}`)).toMatchObject({ timeoutMs, submodules, ref });
});
