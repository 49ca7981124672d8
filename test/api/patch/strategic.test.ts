// Strategic merge: each directive, the order of merged lists, and what `kubectl apply` computes.
import { describe, expect, it } from 'vitest';
import {
  createThreeWayMergePatch,
  createTwoWayMergePatch,
  strategicMergePatch,
} from '../../../src/api/patch/strategic.ts';
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';
import type { Schema } from '../../../src/api/schema/schema.ts';

const deployment = builtinSchemas.forKind('apps', 'v1', 'Deployment')!;
const pod = builtinSchemas.forKind('', 'v1', 'Pod')!;

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
const apply = (original: object, patch: object, schema: Schema = pod): unknown =>
  strategicMergePatch(freeze(original), freeze(patch), schema, builtinSchemas);

const containers = (...names: string[]): object => ({
  spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) },
});

describe('strategicMergePatch', () => {
  it('merges containers by name and keeps what it does not name', () => {
    const patch = { spec: { containers: [{ name: 'b', image: 'b:2' }] } };
    expect(apply(containers('a', 'b'), patch)).toEqual({
      spec: {
        containers: [
          { name: 'a', image: 'a:1' },
          { name: 'b', image: 'b:2' },
        ],
      },
    });
  });

  it('shares what did not change with the original', () => {
    const original = freeze({ metadata: { labels: { a: '1' } }, spec: { nodeName: 'n' } });
    const result = strategicMergePatch(original, { spec: { nodeName: 'm' } }, pod, builtinSchemas);
    expect(result['metadata']).toBe(original.metadata);
  });

  it('puts new items in front of those that only the server has, as upstream does', () => {
    const patch = { spec: { containers: [{ name: 'c', image: 'c:1' }] } };
    const result = apply(containers('a', 'b'), patch) as { spec: { containers: { name: string }[] } };
    expect(result.spec.containers.map((c) => c.name)).toEqual(['c', 'a', 'b']);
  });

  it('orders by $setElementOrder', () => {
    const patch = {
      spec: {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
        containers: [{ name: 'c', image: 'c:1' }],
      },
    };
    const result = apply(containers('a', 'b'), patch) as { spec: { containers: { name: string }[] } };
    expect(result.spec.containers.map((c) => c.name)).toEqual(['b', 'c', 'a']);
  });

  it('deletes an item, a map and a field', () => {
    expect(apply(containers('a', 'b'), { spec: { containers: [{ name: 'a', $patch: 'delete' }] } })).toEqual(
      containers('b'),
    );
    expect(apply({ metadata: { labels: { a: '1' } } }, { metadata: { labels: { $patch: 'delete' } } })).toEqual({
      metadata: { labels: {} },
    });
    expect(apply({ metadata: { labels: { a: '1', b: '2' } } }, { metadata: { labels: { a: null } } })).toEqual({
      metadata: { labels: { b: '2' } },
    });
  });

  it('replaces a map and a list', () => {
    const labels = { metadata: { labels: { a: '1' } } };
    expect(apply(labels, { metadata: { labels: { $patch: 'replace', b: '2' } } })).toEqual({
      metadata: { labels: { b: '2' } },
    });
    const patch = { spec: { containers: [{ $patch: 'replace' }, { name: 'c', image: 'c:1' }] } };
    expect(apply(containers('a', 'b'), patch)).toEqual(containers('c'));
  });

  it('clears the other keys of a union with $retainKeys', () => {
    const original = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(apply(original, patch, deployment)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    const bad = { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } };
    expect(() => apply(original, bad, deployment)).toThrow('invalid patch format of retainKeys');
  });

  it('adds to and deletes from lists of primitives', () => {
    const original = { metadata: { finalizers: ['a', 'b'] } };
    expect(apply(original, { metadata: { finalizers: ['c'] } })).toEqual({ metadata: { finalizers: ['c', 'a', 'b'] } });
    expect(apply(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });

  it('replaces atomic lists', () => {
    const original = { spec: { containers: [{ name: 'a', args: ['1', '2'] }] } };
    expect(apply(original, { spec: { containers: [{ name: 'a', args: ['3'] }] } })).toEqual({
      spec: { containers: [{ name: 'a', args: ['3'] }] },
    });
  });

  it('says what is wrong with a patch', () => {
    expect(() => apply(containers('a'), { spec: { containers: [{ image: 'x' }] } })).toThrow(
      'map: map[image:x] does not contain declared merge key: name',
    );
    expect(() => apply({}, { metadata: { $patch: 'burn' } })).not.toThrow();
    expect(() => apply({ metadata: {} }, { metadata: { $patch: 'burn' } })).toThrow(
      'unknown patch type: burn in map: map[$patch:burn]',
    );
  });
});

describe('createTwoWayMergePatch and createThreeWayMergePatch', () => {
  const dep = (spec: object): object => ({ spec: { template: { spec } } });

  it('makes a patch with keys, order and deletions', () => {
    const before = dep({
      containers: [
        { name: 'a', image: '1' },
        { name: 'b', image: '1' },
      ],
    });
    const after = dep({ containers: [{ name: 'b', image: '2' }] });
    expect(createTwoWayMergePatch(before, after, deployment, builtinSchemas)).toEqual(
      dep({
        '$setElementOrder/containers': [{ name: 'b' }],
        containers: [
          { name: 'b', image: '2' },
          { $patch: 'delete', name: 'a' },
        ],
      }),
    );
  });

  it('keeps what others set and removes what was applied before', () => {
    const original = { spec: { replicas: 1, minReadySeconds: 5 } };
    const modified = { spec: { replicas: 2 } };
    const current = { spec: { replicas: 1, minReadySeconds: 5, paused: true } };
    expect(createThreeWayMergePatch(original, modified, current, deployment, builtinSchemas)).toEqual({
      spec: { replicas: 2, minReadySeconds: null },
    });
  });

  it('is empty when nothing is to do', () => {
    const same = freeze(dep({ containers: [{ name: 'a', image: '1' }] }));
    expect(createThreeWayMergePatch(same, same, same, deployment, builtinSchemas)).toEqual({});
  });

  it('refuses to overwrite a field that changed meanwhile', () => {
    const make = (replicas: number): object => ({ spec: { replicas } });
    expect(() => createThreeWayMergePatch(make(1), make(2), make(3), deployment, builtinSchemas, false)).toThrow(
      'conflicts with changes made from original to current',
    );
  });
});
