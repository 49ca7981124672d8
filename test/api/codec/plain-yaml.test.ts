// The quick reader agrees with the whole one on everything that it does not leave to it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlainYaml } from '../../../src/api/codec/plain-yaml.ts';
import { resolvePlain } from '../../../src/api/codec/yaml-scalars.ts';
import { parseYaml } from '../../../src/api/codec/yaml.ts';

const WRITTEN = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTi0tLS0tCg==
    insecure-skip-tls-verify: true
    server: https://10.0.0.1:6443
  name: one
contexts:
  # set in by two, as other programs write it
  - context:
      cluster: one
      user: "quoted"
    name: 'single'
current-context: ""
kind: Config
preferences: {}
users:
- name: quoted
  user:
    exec:
      args:
      - --flag
      - value
      - "-"
      command: /usr/bin/get-token
      env: null
      interactiveMode: IfAvailable
    token: 0123
    empty:
`;

const LEFT = [
  'a: |\n  b\n',
  'a: {b: c}\n',
  'a: [b]\n',
  'a: &x b\n',
  'a: b\n  c\n',
  'a: "b\\n"\n',
  'a: b # c\n',
  'a: b: c\n',
  '\ta: b\n',
  'a: b\n---\nc: d\n',
  'a: b\na: c\n',
  'yes: no\n',
  '? a\n: b\n',
  'a: é\n',
  '- - \n',
  'a:\n - b\n  - c\n',
  '',
];

/** With a resolver of its own the parser takes no short cut. */
const whole = (text: string): unknown => parseYaml(text, { resolve: resolvePlain });

describe('plain YAML', () => {
  it('reads what kubectl and other programs write', () => {
    expect(parsePlainYaml(WRITTEN)).toEqual(whole(WRITTEN));
  });

  it('means the same by every scalar', () => {
    for (const word of [
      '1',
      '1.5',
      'yes',
      'Off',
      '~',
      'null',
      '0x1F',
      '012',
      '1e3',
      '.inf',
      '-1',
      'a b',
      'a:b',
      '/x',
      '1_000',
    ]) {
      const text = `a: ${word}\n`;
      const value = parsePlainYaml(text);
      if (value !== undefined) expect(value, word).toEqual(whole(text));
    }
  });

  it.each(LEFT)('leaves %j to the real parser', (text) => {
    expect(parsePlainYaml(text)).toBeUndefined();
  });

  it('agrees on the files of the corpus', () => {
    const folder = join(import.meta.dirname, '../../cli/corpus');
    let plain = 0;
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.yaml')) continue;
      for (const text of readFileSync(join(folder, file), 'utf8').split(/^---.*\n/m)) {
        const value = parsePlainYaml(text);
        if (value === undefined) continue;
        plain++;
        expect(value, file).toEqual(whole(text));
      }
    }
    expect(plain).toBeGreaterThan(10);
  });
});
