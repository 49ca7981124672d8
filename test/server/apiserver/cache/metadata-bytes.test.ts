// Metadata found in bytes must be the metadata that a parser finds, whatever strings stand in it.
import { expect, it } from 'vitest';
import type { Unstructured } from '../../../../src/api/types.ts';
import { encodeStored } from '../../../../src/server/apiserver/cache/encoding.ts';
import { Entry } from '../../../../src/server/apiserver/cache/entry.ts';
import { metadataRange, parseWithoutManaged } from '../../../../src/server/apiserver/cache/metadata-bytes.ts';

const managedFields = [{ manager: 'a"}]}', fieldsV1: { 'f:spec': { 'k:{"mountPath":"/a}]},\\"}': { '.': {} } } } }];

it.each([
  [{ name: 'a', uid: 'u' }],
  [{ name: 'a', uid: 'u', labels: { managedFields: 'x' }, managedFields }],
  [{ name: 'a', uid: 'u', managedFields, annotations: { 'a"b\\': '{"metadata":{},"managedFields":[' } }],
  [
    {
      name: 'ü€😀',
      uid: 'u',
      annotations: { x: ',"managedFields":[]' },
      finalizers: ['"managedFields"'],
      managedFields: [],
    },
  ],
])('%j', (metadata) => {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata, spec: { metadata: { managedFields: 1 } } };
  const bytes = Buffer.from(JSON.stringify(object) + '\n');
  const range = metadataRange(bytes)!;
  expect(JSON.parse(bytes.toString('utf8', range.start, range.end))).toEqual(metadata);
  const { managedFields: _, ...rest } = metadata as { managedFields?: unknown };
  expect(parseWithoutManaged(bytes, range)).toEqual({ ...object, metadata: rest });
});

it('does not guess about bytes of another order', () => {
  expect(metadataRange(Buffer.from('{"spec":{"metadata":{}},"metadata":{"name":"a"}}'))).toBeUndefined();
  expect(metadataRange(Buffer.from('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"'))).toBeUndefined();
});

it('an entry is selected by what a glance at it shows, and keeps the whole object', () => {
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'a', uid: 'u', labels: { app: 'x' }, managedFields: [{ manager: 'm' }], finalizers: ['f'] },
    spec: { nodeName: 'n' },
  } as unknown as Unstructured;
  for (const stored of [encodeStored(object), Buffer.from(JSON.stringify({ spec: object['spec'], ...object }))]) {
    const entry = new Entry('a', stored, 7, 7);
    expect(entry.labels).toEqual({ app: 'x' });
    expect(entry.fields(({ spec }) => spec as Record<string, string>)).toEqual({ nodeName: 'n' });
    expect(entry.glance()).toMatchObject({
      metadata: { resourceVersion: '7', finalizers: ['f'] },
      spec: { nodeName: 'n' },
    });
    expect(entry.held()).toBeUndefined();
    expect(entry.object().metadata.managedFields).toEqual([{ manager: 'm' }]);
    expect(entry.glance()).toBe(entry.object());
  }
});
