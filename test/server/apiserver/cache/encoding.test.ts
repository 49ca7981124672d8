// Objects as bytes under a revision: spliced in where it was not, and changed where it is.
import { describe, expect, it } from 'vitest';
import {
  encodeStored,
  restamp,
  spliceRevision,
  terminatingForm,
} from '../../../../src/server/apiserver/cache/encoding.ts';
import type { Unstructured } from '../../../../src/api/types.ts';

const object = (uid: string | undefined): Unstructured => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...(uid ? { uid } : {}), labels: { text: 'ö,"resourceVersion":"9"' } },
  data: { key: 'value' },
});

describe('a cached form', () => {
  it('under another revision is what would have been spliced then, however long the number', () => {
    const stored = encodeStored(object('u-1'));
    for (const to of [10, 99, 100_000])
      expect(restamp(spliceRevision(stored, 9), 9, to)).toEqual(spliceRevision(stored, to));
  });

  it('is not guessed at when its revision stands elsewhere', () => {
    expect(restamp(spliceRevision(encodeStored(object(undefined)), 9), 9, 10)).toBeUndefined();
    expect(restamp(spliceRevision(encodeStored(object('u-1')), 8), 9, 10)).toBeUndefined();
  });

  it.each([undefined, 4])('is printed as a new one would be when its deletion begins: generation %s', (generation) => {
    const before = object('u-1');
    const since = {
      ...before.metadata,
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...(generation ? { generation } : {}),
    };
    const begun = {
      generation: generation && generation + 1,
      deletionTimestamp: '2026-01-02T03:05:05Z',
      deletionGracePeriodSeconds: 30,
    };
    const cached = spliceRevision(encodeStored({ ...before, metadata: since }), 9);
    const value = terminatingForm(cached, begun);
    expect(value?.toString()).toBe(encodeStored({ ...before, metadata: { ...since, ...begun } }).toString());
    expect(terminatingForm(spliceRevision(value!, 10), begun)).toBeUndefined();
    expect(terminatingForm(cached, { ...begun, generation: generation ? undefined : 1 })).toBeUndefined();
    expect(terminatingForm(spliceRevision(encodeStored(before), 9), begun)).toBeUndefined();
  });
});
