// --sort-by where servers differ: nulls of fields that are not set. Rows of upstream's sorter_test.go and isLess.
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../../src/api/types.ts';
import { sortObjects } from '../../../src/cli/print/sort.ts';

const sorted = (values: unknown[]): unknown[] => {
  const objects = values.map((value) => (value === undefined ? {} : { at: value }) as unknown as Unstructured);
  sortObjects(objects, '.at');
  return objects.map((object) => object['at']);
};

describe('--sort-by', () => {
  it.each([
    [
      ['1970-01-01T00:05:00Z', null],
      [null, '1970-01-01T00:05:00Z'],
    ],
    [
      [null, null, 'a'],
      [null, null, 'a'],
    ],
    [
      ['b', null, 'a', undefined],
      [undefined, null, 'a', 'b'],
    ],
    [
      [null, null],
      [null, null],
    ],
    [
      [2n ** 60n, 7, 2n ** 59n],
      [7, 2n ** 59n, 2n ** 60n],
    ],
    [
      ['10Gi', '1Ti', '500Mi'],
      ['500Mi', '10Gi', '1Ti'],
    ],
  ])('%o', (values, expected) => {
    expect(sorted(values)).toEqual(expected);
  });
  it('ends the command for what has no order', () => {
    expect(() => sorted([{}, {}])).toThrow('unsortable type: map[string]interface {}');
    expect(() => sorted(['a', 1])).toThrow('unsortable interface: interface');
  });
});
