// Metadata found in bytes must be the metadata that a parser finds, whatever strings stand in it.
import { expect, it } from 'vitest';
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
