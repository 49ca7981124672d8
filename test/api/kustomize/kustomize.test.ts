import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringifyYaml } from '../../../src/api/codec/yaml.ts';
import { KustomizeError, type KustomizeFiles, kustomize } from '../../../src/api/kustomize/kustomize.ts';

const golden = resolve(import.meta.dirname, '../../golden/kustomize');

function folderFiles(root: string): KustomizeFiles {
  const stat = (path: string) => statSync(join(root, path), { throwIfNoEntry: false });
  return {
    read: (path) => (stat(path)?.isFile() ? readFileSync(join(root, path)) : undefined),
    isDirectory: (path) => stat(path)?.isDirectory() ?? false,
    list: (path) => readdirSync(join(root, path)).sort(),
  };
}
const memory = (files: Record<string, string>): KustomizeFiles => ({
  read: (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
  isDirectory: (path) => Object.keys(files).some((f) => path === '.' || f.startsWith(`${path}/`)),
  list: () => [],
});

describe('kustomize', () => {
  // Each folder has an expected.yaml that `kubectl kustomize <folder>` of 1.32 printed.
  it.each(readdirSync(golden))('builds %s as kubectl does', (name) => {
    const [folder = '', entry = '.'] = [
      join(golden, name),
      statSync(join(golden, name, 'overlay'), { throwIfNoEntry: false }) ? 'overlay' : '.',
    ];
    const text = kustomize(folderFiles(folder), entry).map((b) => stringifyYaml(b.object));
    expect(text.join('---\n')).toBe(readFileSync(join(folder, 'expected.yaml'), 'utf8'));
  });

  it('names the file and the line of broken YAML', () => {
    const build = () =>
      kustomize(memory({ 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': 'kind: Pod\n  a: b: c\n' }), '.');
    expect(build).toThrow(KustomizeError);
    expect(build).toThrow(/^a\.yaml: yaml: line 2: mapping values are not allowed/);
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
      /'gone.yaml' doesn't exist/,
    );
  });
});
