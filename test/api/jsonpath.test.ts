// The whole dialect against what kubectl 1.32 printed. UPDATE=1 asks the kubectl of $KUBECTL or the PATH again.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseJsonPath, relaxedJsonPath } from '../../src/api/jsonpath.ts';

const GOLDEN = join(import.meta.dirname, '../golden/jsonpath/kubectl.json');

const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { a: 'b', 'x.io/y': 'z' }, annotations: { 'it"s': '<&>' } },
  spec: {
    hostNetwork: true,
    priority: 1000000,
    containers: [
      { name: 'one', image: 'i1', ports: [{ containerPort: 80, name: 'http' }, { containerPort: 443 }] },
      { name: 'two', image: 'i2', ports: [{ containerPort: 8080 }], args: ['a', 'b c'] },
      { name: 'three', image: 'i3', stdin: true },
    ],
    volumes: [],
    nothing: null,
    ratio: 1.5,
  },
};

const templates = [
  'text only',
  '{}',
  '{.}',
  '{$}',
  '{@}',
  '{.metadata.name}',
  '{$.metadata.name}',
  '{ .metadata.name }',
  '{.metadata.labels}',
  '{.metadata.labels.x\\.io/y}',
  "{.metadata.labels['x\\.io/y']}",
  "{.metadata['name']}",
  "{.metadata['name','nope']}",
  "{['metadata']['name']}",
  '{.metadata.annotations}',
  '{.spec.hostNetwork}{"\\n"}{.spec.priority}{"\\t"}{.spec.ratio}',
  '{.spec.nothing}',
  '{.spec.nothing.more}',
  '{.spec.missing}',
  '{.spec.missing.more}',
  '{.spec.volumes}',
  '{.spec.volumes[0]}',
  '{.spec.volumes[*].name}',
  '{.spec.containers[0].name}',
  '{.spec.containers[-1].name}',
  '{.spec.containers[-1:].name}',
  '{.spec.containers[9].name}',
  '{.spec.containers[-9].name}',
  '{.spec.containers[0:2].name}',
  '{.spec.containers[:2].name}',
  '{.spec.containers[1:].name}',
  '{.spec.containers[::2].name}',
  '{.spec.containers[0:3:2].name}',
  '{.spec.containers[2:1].name}',
  '{.spec.containers[1:1].name}',
  '{.spec.containers[0:3:0].name}',
  '{.spec.containers[0,2].name}',
  '{.spec.containers[0, 1].name}',
  '{.spec.containers[*].name}',
  "{.spec.containers[*]['name','image']}",
  '{.spec.containers[*].ports[*].containerPort}',
  '{.spec.containers[0].ports[0]}',
  '{.spec.containers[0].ports[*]}',
  '{.spec.containers.name}',
  '{.metadata[0]}',
  '{.metadata.name[0]}',
  '{..containerPort}',
  '{..ports}',
  '{.spec..name}',
  '{..name}',
  '{....name}',
  '{.spec.containers[?(@.name=="two")].image}',
  "{.spec.containers[?(@.name=='two')].image}",
  '{.spec.containers[?(@.name!="two")].image}',
  '{.spec.containers[?(@.stdin==true)].name}',
  '{.spec.containers[?(@.stdin)].name}',
  '{.spec.containers[?(@.ports)].name}',
  '{.spec.containers[?(@.ports[0].containerPort>100)].name}',
  '{.spec.containers[?(@.ports[0].containerPort<=80)].name}',
  '{.spec.containers[*].ports[?(@.containerPort>=443)].containerPort}',
  '{.spec.containers[?(@.ports[*].containerPort>1)].name}',
  '{.spec.containers[?(@.name==1)].name}',
  '{.spec.containers[?(@.name>"one")].name}',
  '{.spec.containers[?(@.name=~"o")].name}',
  '{.spec.containers[?(@.name==@.image)].name}',
  '{.metadata[?(@.a=="b")]}',
  '{.spec.volumes[?(@.name=="x")]}',
  '{range .spec.containers[*]}{.name}{","}{end}',
  '{range .spec.containers[*]}{.name}={.image}{"\\n"}{end}after',
  '{range .spec.containers[*]}[{.name}: {range .ports[*]}{.containerPort} {end}]{end}',
  '{range .spec.volumes[*]}{.name}{end}after',
  '{range .spec.missing[*]}{.name}{end}after',
  '{range .spec.containers[?(@.ports)]}{.name};{end}',
  '{range .spec.containers[*]}{.args}{end}',
  '{range .spec.containers[0:2]}{.name} {end}{range .spec.containers[2:]}{.name}{end}',
  '{range .spec.containers[*]}{.name}',
  '{end}',
  '{.metadata.name}{end}',
  '{.metadata.*}',
  '{.metadata.labels.*}',
  '{.spec.containers[*].*}',
  "{'single'}",
  "{'it\\'s'}",
  '{"a\\u0041\\x42\\103"}',
  '{"bad\\q"}',
  '{"unterminated}',
  '{.metadata.name',
  '{.metadata[}',
  '{.metadata[a]}',
  '{.spec.containers[1',
  '{.spec.containers[?(@.name=="x"}',
  '{.spec.containers[?(@.name=="x")}',
  '{!}',
  '{foo}',
  '{true}',
  '{3}',
  '{-3.5}',
  '{1.2.3}',
  '{.spec.priority} {.spec.containers[0].stdin}',
  'a{.kind}b{.apiVersion}c',
  '{.kind}}',
  '}{.kind}',
  "{.spec.containers[?(@.name=='tw)o')].name}",
  '{.metadata.labels}{.spec.containers[0].ports}',
];

/** Go walks maps in random order: here only the words are compared. */
const unordered = new Set([
  '{..name}',
  '{.spec..name}',
  '{..containerPort}',
  '{..ports}',
  '{.metadata.*}',
  '{.metadata.labels.*}',
  '{.spec.containers[*].*}',
]);
const words = (text: string): string[] => text.split(/[\s,]+/).sort();

interface Case {
  template: string;
  allowMissingKeys: boolean;
  output?: string;
  error?: string;
}

function ask(file: string, template: string, allowMissingKeys: boolean): Case {
  const args = ['label', '--local', '-f', file, 'a=b', '--overwrite', '-o', `jsonpath=${template}`];
  args.push(`--allow-missing-template-keys=${allowMissingKeys}`);
  try {
    const output = execFileSync(process.env['KUBECTL'] ?? 'kubectl', args, { encoding: 'utf8', stdio: 'pipe' });
    return { template, allowMissingKeys, output };
  } catch (failure) {
    const { stderr } = failure as { stderr: string };
    const bad = stderr.startsWith(`error: error parsing jsonpath ${template}, `);
    const error = bad
      ? stderr.slice(`error: error parsing jsonpath ${template}, `.length).trim()
      : (/Error executing template: ([\s\S]*?)\. Printing more/.exec(stderr)?.[1] ?? stderr);
    return { template, allowMissingKeys, error };
  }
}

function record(): void {
  const folder = mkdtempSync(join(tmpdir(), 'jsonpath-'));
  const file = join(folder, 'pod.json');
  writeFileSync(file, JSON.stringify(object));
  const cases = templates.flatMap((t) => [ask(file, t, true), ask(file, t, false)]);
  writeFileSync(GOLDEN, `${JSON.stringify(cases, null, 1)}\n`);
  rmSync(folder, { recursive: true });
}

if (process.env['UPDATE']) record();
const cases = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Case[];

describe('jsonpath prints what kubectl prints', () => {
  it('has an answer for every template', () =>
    expect(new Set(cases.map((c) => c.template))).toEqual(new Set(templates)));
  it.each(cases.map((c) => [c.template, c.allowMissingKeys, c] as const))(
    '%j, missing keys allowed: %s',
    (_, __, expected) => {
      let actual: { output?: string; error?: string };
      try {
        const { template, allowMissingKeys } = expected;
        actual = { output: parseJsonPath(template, { allowMissingKeys }).execute(object) };
      } catch (error) {
        actual = { error: (error as Error).message };
      }
      const { output, error } = expected;
      if (output !== undefined && unordered.has(expected.template)) {
        return expect(words(actual.output ?? '')).toEqual(words(output));
      }
      expect(actual).toEqual(output === undefined ? { error } : { output });
    },
  );
});

describe('beside kubectl', () => {
  it('makes an array of the results for jsonpath-as-json', () => {
    expect(parseJsonPath('{.spec.containers[0:2].name}', { outputJson: true }).execute(object)).toBe(
      '[\n    "one",\n    "two"\n]\n',
    );
    expect(parseJsonPath('{.x}', { outputJson: true, allowMissingKeys: true }).execute(object)).toBe('[]\n');
  });
  it.each([
    ['metadata.name', '{.metadata.name}'],
    ['.metadata.name', '{.metadata.name}'],
    ['{.metadata.name}', '{.metadata.name}'],
    ['{metadata.name}', '{.metadata.name}'],
  ])('reads the relaxed expression %s', (text, expected) => expect(relaxedJsonPath(text)).toBe(expected));
  it('refuses what is no expression', () =>
    expect(() => relaxedJsonPath('{a}{b}')).toThrow('unexpected path string, expected a'));
});
