// ResourceClaim: devices that pods ask for. Upstream: pkg/registry/resource/resourceclaim/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { type ClaimSpec, defaultClaimSpec, dropDevices, validateClaimSpec } from '../shared/device-requests.ts';
import { type ClaimStatus, deviceId, validateClaimStatus } from '../shared/device-status.ts';
import { DEVICE_STATUS_GATES, dropper } from '../shared/feature-gates.ts';
import { immutable } from '../shared/field-rules.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'resource.k8s.io';
const dropStatus = dropper(DEVICE_STATUS_GATES);

interface ResourceClaim extends KubeObject {
  spec?: ClaimSpec;
  status?: ClaimStatus;
}

/** What was said of devices goes with their allocation. Upstream: dropDeallocatedStatusDevices. */
function dropDeallocated(now: ClaimStatus | undefined, old: ClaimStatus | undefined): void {
  const before = old?.allocation?.devices?.results;
  if (!now?.devices || !before?.length) return;
  const gone = new Set(before.map(deviceId));
  for (const result of now.allocation?.devices?.results ?? []) gone.delete(deviceId(result));
  now.devices = now.devices.filter((device) => !gone.has(deviceId(device)));
  if (!now.devices.length) delete now.devices;
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
    dropDevices(draft.spec);
  },
  prepareUpdate: (draft, old) => dropDevices(draft.spec, old.spec),
  statusKeeps: KEPT_BY_STATUS,
  prepareStatus(draft, old) {
    dropDeallocated(draft.status, old.status);
    dropStatus(draft.status, old.status);
  },
  validateCreate: (claim, errors) => validateClaimSpec(errors, 'spec', claim.spec),
  validateUpdate(claim, old, errors) {
    immutable(errors, 'spec', claim.spec, old.spec);
    validateClaimSpec(errors, 'spec', claim.spec, true);
  },
  validateStatus({ metadata, spec, status: now = {} }, old, errors) {
    validateClaimStatus(errors, now, old.status ?? {}, spec?.devices ?? {}, Boolean(metadata?.deletionTimestamp));
  },
  columns: [
    column('State', 'string', 'A summary of the current state (allocated, pending, reserved, etc.).', state),
    ageColumn,
  ],
});
