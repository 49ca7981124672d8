// managedFields leave the text of a Table, and nothing else does.
import { expect, it } from 'vitest';
import { withoutManagedFields } from '../../src/cli/builder/lean-table.ts';

const managed = [
  {
    manager: 'a ] } "managedFields":[ \\',
    fieldsV1: { 'f:spec': { 'k:{"name":"x]"}': { '.': {} } }, 'f:list': [[], [{}]] },
  },
  { manager: 'b', fieldsV1: {} },
];
const table = (...metadata: object[]): object => ({
  kind: 'Table',
  rows: metadata.map((m, i) => ({ cells: [`n${i}`, '"managedFields":[1]', 'é'], object: { metadata: m } })),
});

it.each([
  ['last', { name: 'a', managedFields: managed }],
  ['first', { managedFields: managed, name: 'a' }],
  ['in the middle', { name: 'a', managedFields: managed, labels: { x: 'y' } }],
  ['alone', { managedFields: managed }],
  ['empty', { name: 'a', managedFields: [], labels: {} }],
  ['absent', { name: 'a', annotations: { managedFields: '[', x: '"managedFields":[' } }],
])('%s', (_, metadata) => {
  const text = JSON.stringify(table(metadata, { name: 'between' }, metadata));
  const { managedFields: _managed, ...rest } = metadata as { managedFields?: unknown };
  expect(JSON.parse(withoutManagedFields(text))).toEqual(table(rest, { name: 'between' }, rest));
});

it('leaves a text that ends too early as it is, for the parser to tell', () => {
  const text = JSON.stringify(table({ name: 'a', managedFields: managed }));
  for (let length = 0; length < text.length - 30; length += 7) {
    expect(() => JSON.parse(withoutManagedFields(text.slice(0, length)))).toThrow();
  }
});
