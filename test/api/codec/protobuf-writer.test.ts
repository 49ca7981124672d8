// Every built-in kind goes to protobuf and back without loss; and what must not break the writer.
import { describe, expect, it } from 'vitest';
import { stringifyJson } from '../../../src/api/codec/json.ts';
import { protobufFields } from '../../../src/api/codec/protobuf-fields.gen.ts';
import { messageNamed } from '../../../src/api/codec/protobuf-messages.ts';
import { decodeProtobuf } from '../../../src/api/codec/protobuf.ts';
import { encodeProtobuf } from '../../../src/api/codec/protobuf-envelope.ts';
import { ProtobufWriter } from '../../../src/api/codec/protobuf-writer.ts';
import builtinKinds from '../../../src/api/kinds/index.gen.ts';
import { apiVersionOf } from '../../../src/api/types.ts';

const SCALARS: Readonly<Record<string, unknown>> = {
  s: 'text "quoted" <ü>\n',
  b: true,
  i: 3,
  d: 1.5,
  y: Buffer.from([0, 255, 1]).toString('base64'),
  Q: '500m',
  I: 'http',
  T: '2026-01-02T03:04:05Z',
  M: '2026-01-02T03:04:05.000006Z',
  F: { 'f:spec': { 'k:{"name":"a"}': {} } },
  R: { any: ['thing', 1] },
  X: ['a', 'b'],
  D: '30s',
};

/** An object with every field of a message set, a few levels deep. */
function sample(name: string, depth = 0): unknown {
  const object: Record<string, unknown> = {};
  const { byNumber, oneOf } = messageNamed(name);
  if (oneOf) return depth < 7 ? sample(byNumber.get(oneOf.schema)!.item, depth) : oneOf.bool ? true : undefined;
  for (const field of byNumber.values()) {
    const value = SCALARS[field.item] ?? (depth < 7 ? sample(field.item, depth + 1) : undefined);
    if (value === undefined || field.item.startsWith('[')) continue;
    if (field.name === '^') Object.assign(object, value);
    else object[field.name] = field.list ? [value, value] : field.map ? { 'a/b': value, __proto: value } : value;
  }
  return object;
}

const roundTrip = (object: unknown): unknown => decodeProtobuf(encodeProtobuf(Buffer.from(stringifyJson(object)))!);

describe('encodeProtobuf', () => {
  const kinds = builtinKinds.map(({ kind, storage }) => ({ kind, apiVersion: apiVersionOf(storage) }));

  it.each(kinds)('brings $apiVersion $kind there and back', ({ apiVersion, kind }) => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]!.split('.')[0]! : 'core';
    const name = `${group}/${apiVersion.split('/').at(-1)!}.${kind}`;
    if (protobufFields[name] === undefined) {
      // What is not of Kubernetes' own API groups has no protobuf form, and says so.
      expect(encodeProtobuf(Buffer.from(stringifyJson({ apiVersion, kind })))).toBeUndefined();
      return;
    }
    const object = { apiVersion, kind, ...(sample(name) as object) };
    expect(roundTrip(object)).toEqual(object);
  });

  it('names only messages of packages that the table has', () => {
    const packages = new Set(Object.keys(protobufFields).map((name) => name.slice(0, name.indexOf('.'))));
    const foreign = Object.keys(protobufFields).flatMap((name) =>
      [...messageNamed(name).byNumber.values()]
        .filter(({ item }) => item.includes('.') && !packages.has(item.slice(0, item.indexOf('.'))))
        .map(({ item }) => item),
    );
    // The alpha fields of jobs that no server of this version serves.
    expect(foreign.filter((item) => !item.startsWith('v1alpha3.'))).toEqual([]);
  });

  it('writes the bytes that Go writes', () => {
    const bytes = encodeProtobuf(
      Buffer.from('{"kind":"Status","apiVersion":"v1","metadata":{},"message":"m","code":404}'),
    )!;
    const raw = '0a00' + '1a016d' + '309403';
    const type = '0a027631' + '1206537461747573';
    expect(bytes.toString('hex')).toBe(`6b387300` + `0a0c${type}` + `1208${raw}` + '1a002200');
  });

  it('shows the parts of schemas that may also be something else as what they are', () => {
    const schema = {
      type: 'object',
      default: { a: [1, null] },
      enum: [null, 'a', 1.5],
      additionalProperties: false,
      additionalItems: true,
      items: [{ type: 'string' }, {}],
      dependencies: { a: ['b', 'c'], d: { required: ['e'] } },
      properties: { $ref: { $ref: '#/x', items: {}, additionalProperties: {} } },
    };
    const definition = (version: string) => ({
      apiVersion: `apiextensions.k8s.io/${version}`,
      kind: 'CustomResourceDefinition',
      spec: { versions: [{ name: 'v1', served: true, schema: { openAPIV3Schema: schema } }] },
    });
    for (const version of ['v1', 'v1beta1']) expect(roundTrip(definition(version))).toEqual(definition(version));
  });

  it('keeps zeros in lists and maps, large and negative numbers, and numbers as quantities and ports', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { labels: { empty: '' }, generation: 9_007_199_254_740_993n },
      spec: {
        priority: -5,
        containers: [{ name: 'c', args: ['', 'x'], readinessProbe: { tcpSocket: { port: 80 } } }],
        overhead: { cpu: 2 },
      },
    };
    const expected = structuredClone(pod) as { spec: { overhead: object } };
    expected.spec.overhead = { cpu: '2' };
    expect(roundTrip(pod)).toEqual(expected);
  });

  it('leaves out nulls and unknown fields, and reads text that is not compact', () => {
    const text =
      '{"kind":"ConfigMap","apiVersion":"v1", "metadata" : {"name": "x", "labels": null},\n "other": [{"a": "}"}], "data": { "k": null } }';
    expect(decodeProtobuf(encodeProtobuf(Buffer.from(text))!)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { k: '' },
    });
  });

  it('grows lengths from one byte to three', () => {
    for (const size of [100, 127, 128, 16_383, 16_384, 300_000]) {
      const map = { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v'.repeat(size) } };
      expect(roundTrip(map)).toEqual(map);
    }
  });

  it('writes alike objects one after the other as it writes each alone', () => {
    const name = 'core/v1.Pod';
    const pods = Array.from({ length: 60 }, (_, i) => {
      const pod = sample(name) as Record<string, Record<string, unknown>>;
      // Values that stay, come back, grow and are left out, at the top and deep within.
      if (i % 2 === 0) pod['metadata']!['labels'] = { app: 'x'.repeat(50), pod: `${i % 4}` };
      if (i % 3 === 0) delete pod['spec']!['containers'];
      if (i % 5 === 0) pod['spec']!['tolerations'] = Array.from({ length: i }, (_, k) => ({ key: `k${k}` }));
      if (i % 7 === 0) pod['status'] = { message: 'y'.repeat(20_000) };
      return Buffer.from(stringifyJson(pod));
    });
    const alike = new ProtobufWriter(1024, true);
    for (const pod of pods) {
      const alone = new ProtobufWriter(1024);
      alone.nested(2, pod, name);
      alike.nested(2, pod, name);
      expect(alike.take().equals(alone.take())).toBe(true);
    }
  });

  it('has none for Tables and custom resources', () => {
    expect(encodeProtobuf(Buffer.from('{"kind":"Table","apiVersion":"meta.k8s.io/v1"}'))).toBeUndefined();
    expect(encodeProtobuf(Buffer.from('{"apiVersion":"apps.example.com/v1","kind":"Deployment"}'))).toBeUndefined();
  });
});
