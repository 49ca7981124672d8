// ResourceClaim: devices that pods ask for. Upstream: pkg/registry/resource/resourceclaim/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { type ClaimSpec, defaultClaimSpec, validateClaimSpec } from '../shared/device-requests.ts';
import { immutable } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'resource.k8s.io';

interface ResourceClaim extends KubeObject {
  spec?: ClaimSpec;
  status?: { allocation?: object; reservedFor?: unknown[] };
}

/** Upstream: resourceClaimState. */
function state({ metadata, status: s }: ResourceClaim): string {
  const deleted = Boolean(metadata?.deletionTimestamp);
  const states = deleted ? ['deleted'] : [];
  if (!s?.allocation) return deleted ? 'deleted' : 'pending';
  states.push('allocated');
  if (s.reservedFor?.length) states.push('reserved');
  return states.join(',');
}

export default defineKind<ResourceClaim>({
  group,
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }],
  subresources: { status },
  generation: false,
  defaults: (draft) => defaultClaimSpec((draft.spec ??= {})),
  prepareCreate(draft) {
    draft.status = {};
  },
  validateCreate: (claim, errors) => validateClaimSpec(errors, 'spec', claim.spec),
  validateUpdate: (claim, old, errors) => immutable(errors, 'spec', claim.spec, old.spec),
  columns: [
    column('State', 'string', 'A summary of the current state (allocated, pending, reserved, etc.).', state),
    ageColumn,
  ],
});
