// managedFields leave the text of a list where they are the items' own, and nothing else does.
import { expect, it } from 'vitest';
import { withoutItemsManagedFields } from '../../src/cli/builder/lean-list.ts';

const managed = [
  { manager: 'a ] } "managedFields":[ \\\\', fieldsV1: { 'f:x': { 'k:{"name":"]"}': {} }, l: [[], [{}]] } },
];
const own = { metadata: { name: 't', managedFields: managed }, managedFields: [1], items: [{ managedFields: [2] }] };

const items: Record<string, object> = {
  last: { metadata: { name: 'a', labels: { x: '"metadata":{' }, managedFields: managed }, spec: own },
  first: { apiVersion: 'v1', kind: 'metadata', metadata: { managedFields: managed, name: 'a' } },
  'in the middle': { spec: own, metadata: { name: 'é\\', managedFields: managed, labels: { a: '\\"' } } },
  alone: { metadata: { managedFields: managed }, data: { '\\': '"\\\\"', x: 'managedFields' } },
  empty: { metadata: { name: 'a', managedFields: [] } },
  'not a list': { metadata: { name: 'a', managedFields: { a: [1] } } },
  absent: { metadata: { name: 'a' }, managedFields: [3], spec: { template: own } },
  nothing: {},
};

function without(item: object): object {
  const { metadata } = item as { metadata?: { managedFields?: unknown } };
  if (!metadata || !Array.isArray(metadata.managedFields)) return item;
  const { managedFields: _, ...rest } = metadata;
  return { ...item, metadata: rest };
}
const listOf = (some: object[]): object => ({
  kind: 'List',
  metadata: { resourceVersion: '1' },
  items: some,
  managedFields: [4],
});

it.each(Object.keys(items))('%s', (name) => {
  const some = [items[name]!, items['absent']!, items[name]!];
  expect(JSON.parse(withoutItemsManagedFields(JSON.stringify(listOf(some))))).toEqual(listOf(some.map(without)));
});

it('keeps what is no list, and what ends too early', () => {
  for (const text of ['', '{}', '[]', '{"kind":"Pod"}', '{"items":{}}', '{"items":[]}', '{"items":null}']) {
    expect(withoutItemsManagedFields(text)).toBe(text);
  }
  const text = JSON.stringify(listOf(Object.values(items)));
  for (let length = 0; length < text.length - 40; length += 5) {
    expect(withoutItemsManagedFields(text.slice(0, length))).toBe(text.slice(0, length));
  }
});
