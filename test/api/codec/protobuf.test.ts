// Protobuf bodies of Go clients: bytes that kubectl 1.32 really sends, and what is not to be trusted.
import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from '../../../src/api/codec/protobuf.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Encodes fields by hand: numbers are varints, strings and lists of bytes are length-delimited. */
function message(...fields: [number, number | string | Buffer][]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
    }),
  );
}
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), message([1, message([1, apiVersion], [2, kind])], [2, raw], [3, ''], [4, ''])]);

describe('decodeProtobuf', () => {
  it('reads what kubectl auth can-i sends', () => {
    const bytes = hex(`6b38 7300 0a32 0a17 6175 7468 6f72 697a 6174 696f 6e2e 6b38 732e 696f 2f76 3112 1753 656c
      6653 7562 6a65 6374 4163 6365 7373 5265 7669 6577 123d 0a10 0a00 1200 1a00 2200 2a00 3200 3800 4200 121f 0a1d
      0a07 6465 6661 756c 7412 046c 6973 741a 0022 002a 0470 6f64 7332 003a 001a 0808 0012 001a 0020 001a 0022 00`);
    expect(decodeProtobuf(bytes)).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } },
      status: {},
    });
  });

  it('keeps zeros that mean something and drops those that Go writes for nothing', () => {
    const spec = message([1, 0], [5, 0], [7, 0]);
    const deployment = envelope('apps/v1', 'Deployment', message([2, spec]));
    expect(decodeProtobuf(deployment)).toMatchObject({ spec: { replicas: 0 } });
    expect(Object.keys(decodeProtobuf(deployment)['spec'] as object)).toEqual(['replicas']);
  });

  it('reads maps, lists, bytes, quantities, times, inline parts and int-or-strings', () => {
    const entry = (key: string, value: string | Buffer): Buffer => message([1, key], [2, value]);
    const meta = message(
      [1, 'x'],
      [8, message([1, 1_767_225_600])],
      [11, entry('a', 'b')],
      [11, entry('__proto__', 'c')],
    );
    const secret = decodeProtobuf(
      envelope('v1', 'Secret', message([1, meta], [2, entry('k', 'value')], [3, 'Opaque'])),
    );
    expect(secret).toMatchObject({
      metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' },
      data: { k: Buffer.from('value').toString('base64') },
      type: 'Opaque',
    });
    const { labels } = secret['metadata'] as { labels: Record<string, string> };
    expect(Object.entries(labels)).toEqual([
      ['a', 'b'],
      ['__proto__', 'c'],
    ]);
    const resources = message([1, entry('cpu', message([1, '500m']))]);
    const probe = message([1, message([2, message([1, '/'], [2, message([1, 1], [2, 0], [3, 'http'])])])], [4, 3]);
    const volume = message([1, 'v'], [2, message([2, message([1, ''])])]);
    const pod = message([1, volume], [2, message([1, 'c'], [8, resources], [10, probe])]);
    expect(decodeProtobuf(envelope('v1', 'Pod', message([2, pod])))).toMatchObject({
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: '500m' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 3 },
          },
        ],
      },
    });
  });

  it('reads negative and large integers', () => {
    const priority = message([2, -7]);
    expect(decodeProtobuf(envelope('scheduling.k8s.io/v1', 'PriorityClass', priority))).toMatchObject({ value: -7 });
  });

  it.each([
    ['no magic', Buffer.from('{}'), 'does not appear to be a protobuf message'],
    ['a kind that nobody knows', envelope('v1', 'Nonsense', Buffer.alloc(0)), 'no kind "Nonsense" is known'],
    ['a length beyond the end', envelope('v1', 'Pod', hex('0aff01')), 'unexpected EOF'],
    ['a varint without end', envelope('v1', 'Pod', hex('ffffffffffffffffffffff')), 'integer overflow'],
    ['a wire type that is none', envelope('v1', 'Pod', hex('0f')), 'wireType'],
  ])('refuses %s', (_, bytes, why) => {
    expect(() => decodeProtobuf(bytes)).toThrow(why);
  });
});
