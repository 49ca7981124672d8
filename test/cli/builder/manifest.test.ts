// Streams of JSON and YAML documents, where kubectl 1.34 takes more than 1.32 (whose words the corpus has).
import { expect, it } from 'vitest';
import { manifestObjects } from '../../../src/cli/builder/manifest.ts';

const a = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}';
const b = a.replace('"a"', '"b"');
const c = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n';

async function read(text: string): Promise<string> {
  const said: string[] = [];
  try {
    for await (const { metadata } of manifestObjects(text, 'STDIN', (e) => said.push(e.message))) {
      said.push(metadata.name!);
    }
  } catch (error) {
    said.push((error as Error).message);
  }
  return said.join('; ');
}

it.each([
  [`${a}${b}`, 'a; b'],
  [`${a}\n---\n${b}\n`, 'a; b'],
  [`${a}---\n${c}---\n${b}`, 'a; c; b'],
  [`${a}\n# more to come\n`, 'a'],
  [`${a}\n---\n`, 'a'],
  ['{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}', 'a'],
  [`${a} null ${b}`, 'a; b'],
  [
    `${a} 5 ${b}`,
    `a; unable to decode "STDIN": json: cannot unmarshal number into Go value of type unstructured.detector; b`,
  ],
  [`${a} xyz`, `a; error parsing STDIN: json: offset 64: invalid character 'x' looking for beginning of value`],
  ['{"a":1', 'error parsing STDIN: unexpected EOF'],
])('%j', async (text, said) => {
  expect(await read(text)).toBe(said);
});
