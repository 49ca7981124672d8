// An entry's object, whole and without its managedFields: what is in memory of the one serves the other.
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../../../src/api/types.ts';
import { encodeStored } from '../../../../src/server/apiserver/cache/encoding.ts';
import { Entry } from '../../../../src/server/apiserver/cache/entry.ts';

const owners = [{ manager: 'me', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }];
const object = (managed: boolean): Unstructured => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'a',
    namespace: 'b',
    uid: 'u-1',
    annotations: { text: ',"managedFields":[{' },
    ...(managed ? { managedFields: owners as never } : {}),
  },
  data: { key: 'value' },
});
const entryOf = (managed = true, revision = 7): Entry =>
  new Entry('b/a', encodeStored(object(managed)), revision, revision);
const without = ({ metadata: { managedFields: _, ...metadata }, ...rest }: Unstructured): Unstructured => ({
  ...rest,
  metadata,
});

describe('an entry', () => {
  it('is whole from its bytes, and from what is held of it', () => {
    const entry = entryOf();
    const fromBytes = entryOf().object();
    expect(fromBytes.metadata.managedFields).toEqual(owners);
    const bare = entry.bare();
    expect(bare).toEqual(without(fromBytes));
    expect(entry.object()).toEqual(fromBytes);
    expect(JSON.stringify(entry.object())).toBe(JSON.stringify(fromBytes));
    expect(entry.object()['data']).toBe(bare['data']);
  });

  it('is bare from the object that was written', () => {
    const entry = entryOf();
    const written = object(true);
    entry.adopt(written);
    expect(entry.bare()).toEqual({ ...without(written), metadata: without(written).metadata });
    expect(entry.bare()['data']).toBe(written['data']);
    expect(entry.bare().metadata.resourceVersion).toBe('7');
  });

  it('has one object when nobody owns its fields', () => {
    const entry = entryOf(false);
    expect(entry.bare()).toEqual(entryOf(false).object());
    expect(entry.object()).toBe(entry.bare());
  });

  it.each(['bare', 'object'] as const)('takes over what is held of the state before: %s', (held) => {
    const [before, last] = [entryOf(), entryOf(true, 9)];
    const shown = before[held]();
    last.adoptFrom(before);
    expect(last.held()?.['data']).toBe(shown['data']);
    expect(last.object()).toEqual(entryOf(true, 9).object());
  });
});
