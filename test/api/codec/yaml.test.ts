// YAML read and printed as kubectl does. The goldens are what kubectl 1.32 printed for the same JSON
// (`kubectl label --local -f x.json golden=y -o yaml`); UPDATE=1 with a kubectl records them again.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseYaml, splitYamlDocuments, stringifyYaml } from '../../../src/api/codec/yaml.ts';

const folder = join(import.meta.dirname, '../../golden/yaml');
const names = readdirSync(folder).filter((f) => f.endsWith('.json'));

interface Labelled {
  metadata: { labels?: Record<string, string>; creationTimestamp?: null };
}

function golden(name: string): string {
  const target = join(folder, name.replace(/\.json$/, '.yaml'));
  if (process.env['UPDATE']) {
    const args = ['label', '--local', '-f', join(folder, name), 'golden=y', '-o', 'yaml'];
    writeFileSync(target, execFileSync(process.env['KUBECTL'] ?? 'kubectl', args));
  }
  return readFileSync(target, 'utf8');
}

describe('stringifyYaml', () => {
  it.each(names)('prints %s byte for byte as kubectl', (name) => {
    const object = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Labelled;
    object.metadata.labels = { ...object.metadata.labels, golden: 'y' };
    expect(stringifyYaml(object)).toBe(golden(name));
  });

  it.each(names)('reads back what it printed: %s', (name) => {
    const object: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    expect(parseYaml(stringifyYaml(object))).toEqual(object);
  });

  it('prints scalars and empty containers', () => {
    expect(stringifyYaml({})).toBe('{}\n');
    expect(stringifyYaml([])).toBe('[]\n');
    expect(stringifyYaml({ a: null, b: [[], [1, [2]], {}], c: 1.5, d: 1e21, e: 9007199254740993n })).toBe(
      'a: null\nb:\n- []\n- - 1\n  - - 2\n- {}\nc: 1.5\nd: 1e+21\ne: 9007199254740993\n',
    );
  });
});

describe('parseYaml', () => {
  it('reads scalars by YAML 1.1 as go-yaml does', () => {
    const text =
      'a: 0644\nb: on\nc: y\nd: 1_000\ne: 0x1F\nf: 1:20\ng: 2001-01-01\nh: ~\ni: .5\nj: "0644"\nk: 0o17\nl: No\n';
    expect(parseYaml(text)).toEqual({
      a: 420,
      b: true,
      c: true,
      d: 1000,
      e: 31,
      f: '1:20',
      g: '2001-01-01',
      h: null,
      i: 0.5,
      j: '0644',
      k: 15,
      l: false,
    });
  });

  it('keeps integers that a double cannot hold', () => {
    expect(parseYaml('a: 9007199254740993')).toEqual({ a: 9007199254740993n });
  });

  it('makes strings of keys', () => {
    expect(parseYaml('1: a\ntrue: b\n"x": c\n')).toEqual({ '1': 'a', true: 'b', x: 'c' });
  });

  it('follows anchors and merges', () => {
    expect(parseYaml('a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\n')).toEqual({ a: { k: 1, l: 2 }, b: { k: 1, l: 3 } });
  });

  it('refuses to repeat aliases without end', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(() => parseYaml(lines.join('\n'))).toThrow('yaml: document contains excessive aliasing');
    expect(() => parseYaml('a: &a [*a]')).toThrow("yaml: anchor 'a' value contains itself");
  });

  it('tells of duplicate keys only when asked', () => {
    const found: string[] = [];
    expect(parseYaml('a: 1\nb: 2\na: 3\n', { onDuplicate: (m) => found.push(m) })).toEqual({ a: 3, b: 2 });
    expect(found).toEqual(['line 3: key "a" already set in map']);
  });

  // Each text is what kubectl 1.32 says of the same document.
  it.each([
    ['a: 1\nb: c: d\n', 'yaml: line 2: mapping values are not allowed in this context'],
    ['a: b: c\n', 'yaml: mapping values are not allowed in this context'],
    ['a:\n\tb: c\n', 'yaml: line 2: found character that cannot start any token'],
    ['a: [', 'yaml: line 1: did not find expected node content'],
    ['a: [1,\n', 'yaml: line 1: did not find expected node content'],
    ['a: {b: 1', "yaml: line 1: did not find expected ',' or '}'"],
    ['a: 1\nb: [c\n', "yaml: line 2: did not find expected ',' or ']'"],
    ['a: 1\nb: "c\n', 'yaml: line 3: found unexpected end of stream'],
    ['k:\n  a: b\n c: d\n', 'yaml: line 2: did not find expected key'],
    ['k:\n  - a\n  b: c\n', "yaml: line 2: did not find expected '-' indicator"],
    ['k:\n  a: *x\n', "yaml: unknown anchor 'x' referenced"],
    ['k:\n  a: @x\n', 'yaml: line 2: found character that cannot start any token'],
    ['k:\n  a: |\n  b\n', "yaml: line 4: could not find expected ':'"],
    ['spec:\n  p: 600\n  replicas:-1\n  r: 10\n  s:\n    a: d\n', "yaml: line 4: could not find expected ':'"],
    ['x: 1\nreplicas:-1\n\ns: 1\n', "yaml: line 4: could not find expected ':'"],
    ['spec:\n  replicas:-1\n  s:\n    a: d\n', 'yaml: line 3: mapping values are not allowed in this context'],
    ['k:\n  ~: e\n', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "e"'],
  ])('words the error of %j', (text, message) => {
    expect(() => parseYaml(text)).toThrow(new Error(message));
  });
});

describe('documents', () => {
  it('are cut where kubectl cuts them', () => {
    const text = '# head\n---\na: 1\n--- # next\nb: |\n  ---\n  x\n---\n---\n# only a comment\n';
    expect(splitYamlDocuments(text).map((d) => d.line)).toEqual([2, 4]);
    expect(
      splitYamlDocuments(text)
        .map((part) => parseYaml(part.text))
        .filter((v) => v !== null),
    ).toEqual([{ a: 1 }, { b: '---\nx\n' }]);
  });
});
