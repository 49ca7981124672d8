// Equal sets of fields are one, and stay what they say.
import { expect, it } from 'vitest';
import { encodeOwners, identityOf, type Owner, type Owners } from '../../../src/api/patch/managed-fields.ts';
import { pooled } from '../../../src/api/patch/set-pool.ts';
import type { FieldNode } from '../../../src/api/patch/field-set.ts';

const status = (address: string): FieldNode => ({
  'f:status': {
    'f:conditions': { '.': {}, 'k:{"type":"Ready"}': { '.': {}, 'f:status': {} } },
    'f:podIPs': { '.': {}, [`k:{"ip":"${address}"}`]: { '.': {}, 'f:ip': {} } },
  },
});

it('shares what sets have in common, and changes none', () => {
  const [one, two] = [pooled(status('10.0.0.1')), pooled(status('10.0.0.2'))];
  expect(one).toEqual(status('10.0.0.1'));
  expect(Object.keys(two['f:status']!)).toEqual(['f:conditions', 'f:podIPs']);
  expect(two['f:status']!['f:conditions']).toBe(one['f:status']!['f:conditions']);
  expect(two['f:status']!['f:podIPs']).not.toEqual(one['f:status']!['f:podIPs']);
  expect(pooled(one)).toBe(one);
});

it('goes on when more was seen than there is room for', () => {
  const first = pooled(status('10.0.0.1'));
  for (let i = 0; i < 60_000; i++) pooled({ 'f:data': { [`f:key-${i}`]: { '.': {}, [`f:value-${i}`]: {} } } });
  const again = pooled(status('10.0.0.1'));
  expect(again).toEqual(first);
});

it('is what entries are made of', () => {
  const owner = (set: FieldNode): Owners => {
    const made: Owner = { manager: 'm', operation: 'Update', apiVersion: 'v1', set };
    return new Map([[identityOf(made), made]]);
  };
  const [one, two] = ['10.0.0.1', '10.0.0.2'].map((address) => encodeOwners(owner(status(address)))![0]!.fieldsV1);
  const conditions = (fields: unknown): unknown => (fields as FieldNode)['f:status']!['f:conditions'];
  expect(conditions(one)).toBe(conditions(two));
});
