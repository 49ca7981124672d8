// ServiceCIDR: a range of service addresses. Upstream: pkg/registry/networking/servicecidr/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { parseNetwork, strictNetworkErrors } from '../shared/addresses.ts';
import { IMMUTABLE, push } from '../shared/field-rules.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'networking.k8s.io';

interface ServiceCidr extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: object;
}

function validateSpec(spec: NonNullable<ServiceCidr['spec']>, errors: FieldErrors): void {
  const list = spec.cidrs ?? [];
  if (!list.length) return errors.required('spec.cidrs', 'at least one CIDR required');
  if (list.length > 2) return errors.invalid('spec.cidrs', spec, 'may only hold up to 2 values');
  list.forEach((value, i) => push(errors, `spec.cidrs[${i}]`, value, strictNetworkErrors(value)));
  const [one, other] = list.map((value) => parseNetwork(value)?.address.bits);
  if (list.length === 2 && one && one === other) {
    const families = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.invalid('spec.cidrs', list, families);
  }
}

export default defineKind<ServiceCidr>({
  group,
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [{ group, version: 'v1' }, oldVersion(group, 'v1beta1', 'ServiceCIDR', '1.34', '1.37')],
  subresources: { status },
  statusKeeps: KEPT_BY_STATUS,
  generation: false,
  prepareCreate(draft) {
    draft.status = {};
  },
  validateCreate: ({ spec }, errors) => validateSpec(spec ?? {}, errors),
  validateUpdate(range, old, errors) {
    const [now, before] = [range.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
    // A second family may be added, and nothing else changes.
    const added = before.length === 1 && now.length === 2;
    if (now.length !== before.length && !added) return errors.invalid('spec.cidrs', now, IMMUTABLE);
    before.forEach((value, i) => {
      if (now[i] !== value) errors.invalid(`spec.cidrs[${i}]`, now[i], IMMUTABLE);
    });
    if (added) validateSpec(range.spec!, errors);
  },
  columns: [
    column('CIDRs', 'string', texts['ServiceCIDRSpec.cidrs']!, (r) => r.spec?.cidrs?.join(',') ?? ''),
    ageColumn,
  ],
});
