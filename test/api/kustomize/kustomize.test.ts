import { describe, expect, it } from 'vitest';
import { KustomizeError, type KustomizeFiles, kustomize } from '../../../src/api/kustomize/kustomize.ts';

const memory = (files: Record<string, string>): KustomizeFiles => ({
  read: (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
  isDirectory: (path) => Object.keys(files).some((f) => path === '.' || f.startsWith(`${path}/`)),
  list: () => [],
});

describe('kustomize', () => {
  it('names the file and the line of broken YAML', () => {
    const build = () =>
      kustomize(memory({ 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'kind: Pod\n  a: b: c\n' }), '.');
    expect(build).toThrow(KustomizeError);
    expect(build).toThrow(/'a\.yaml': MalformedYAMLError: yaml: line 2: mapping values are not allowed/);
  });

  it('refuses fields that kustomize does not have', () => {
    expect(() => kustomize(memory({ 'kustomization.yaml': 'resource: []' }), '.')).toThrow(
      'invalid Kustomization: json: unknown field "resource"',
    );
  });

  it('refuses cycles and files that are not there', () => {
    expect(() =>
      kustomize(
        memory({ 'a/kustomization.yaml': 'resources: [../b]', 'b/kustomization.yaml': 'resources: [../a]' }),
        'a',
      ),
    ).toThrow(/cycle detected/);
    expect(() => kustomize(memory({ 'kustomization.yaml': 'resources: [gone.yaml]' }), '.')).toThrow(
      /lstat gone.yaml: no such file or directory/,
    );
  });
});
