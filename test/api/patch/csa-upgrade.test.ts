// The hand-over from client-side to server-side apply.
import { describe, expect, it } from 'vitest';
import { upgradeManagedFields } from '../../../src/api/patch/csa-upgrade.ts';
import type { ManagedFieldsEntry } from '../../../src/api/types.ts';

const entry = (
  manager: string,
  operation: 'Apply' | 'Update',
  fields: object,
  apiVersion = 'v1',
): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion,
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: fields as never,
});
const csa = entry('kubectl-client-side-apply', 'Update', { 'f:data': { 'f:a': {} } });
const from = ['kubectl-client-side-apply'];

describe('upgradeManagedFields', () => {
  it('turns the old entry into the new one', () => {
    expect(upgradeManagedFields([csa], from, 'kubectl')).toEqual([{ ...csa, manager: 'kubectl', operation: 'Apply' }]);
  });

  it('joins it with the new one where there is one', () => {
    const ssa = entry('kubectl', 'Apply', { 'f:data': { 'f:b': {} } });
    const other = entry('controller', 'Update', { 'f:data': { 'f:c': {} } });
    expect(upgradeManagedFields([ssa, csa, other], from, 'kubectl')).toEqual([
      { ...ssa, fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } },
      other,
    ]);
  });

  it('drops entries of other versions and leaves other subresources', () => {
    const old = entry('kubectl-client-side-apply', 'Update', { 'f:x': {} }, 'v0');
    const status = { ...csa, subresource: 'status' };
    const ssa = entry('kubectl', 'Apply', { 'f:y': {} });
    expect(upgradeManagedFields([ssa, old, status], from, 'kubectl')).toEqual([ssa, status]);
  });

  it('answers the same entries when there is nothing to do', () => {
    const entries = [entry('x', 'Update', {})];
    expect(upgradeManagedFields(entries, from, 'kubectl')).toBe(entries);
  });
});
