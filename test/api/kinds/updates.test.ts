// Which kinds must be read before they are written, and which a write may create. Upstream: AllowUnconditionalUpdate
// and AllowCreateOnUpdate of each strategy.
import { expect, it } from 'vitest';
import kinds from '../../../src/api/kinds/index.gen.ts';
import type { AnyKind } from '../../../src/api/kind.ts';

const outsideCore = (kinds as readonly AnyKind[]).filter(
  (kind) => kind.group !== '' && !kind.group.startsWith('apiext'),
);
const named = (choose: (kind: AnyKind) => boolean | undefined) =>
  outsideCore
    .filter(choose)
    .map((kind) => kind.kind)
    .sort();

it('an update without a resource version is refused to some', () => {
  expect(named((kind) => kind.unconditionalUpdate === false)).toEqual([
    'APIService',
    'CSIDriver',
    'CSINode',
    'CSIStorageCapacity',
    'Lease',
    'MutatingWebhookConfiguration',
    'PodDisruptionBudget',
    'RuntimeClass',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'ValidatingWebhookConfiguration',
    'VolumeAttachment',
  ]);
});

it('an update creates some', () => {
  expect(named((kind) => kind.createOnUpdate)).toEqual([
    'ClusterRole',
    'ClusterRoleBinding',
    'Lease',
    'Role',
    'RoleBinding',
  ]);
});
