// ServiceCIDR: a range of service addresses. Upstream: pkg/registry/networking/servicecidr/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { parseNetwork, strictNetworkErrors } from '../shared/addresses.ts';
import { immutable, push } from '../shared/field-rules.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'networking.k8s.io';

interface ServiceCidr extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: object;
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
  validate({ spec }, errors) {
    const list = spec?.cidrs ?? [];
    if (!list.length) return errors.required('spec.cidrs', 'at least one CIDR required');
    if (list.length > 2) return errors.invalid('spec.cidrs', spec, 'may only hold up to 2 values');
    const [one, other] = list.map((value) => parseNetwork(value)?.address.bits);
    if (list.length === 2 && (!one || !other || one === other)) {
      const families = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
      return errors.invalid('spec.cidrs', spec, families);
    }
    list.forEach((value, i) => push(errors, `spec.cidrs[${i}]`, value, strictNetworkErrors(value)));
  },
  validateUpdate: (range, old, errors) => immutable(errors, 'spec.cidrs', range.spec?.cidrs, old.spec?.cidrs),
  columns: [
    column('CIDRs', 'string', texts['ServiceCIDRSpec.cidrs']!, (r) => r.spec?.cidrs?.join(',') ?? ''),
    ageColumn,
  ],
});
