// ServiceCIDR: a range of service addresses. Upstream: pkg/registry/networking/servicecidr/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { cidr, cidrFamily, immutable } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

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
  served: [
    { group, version: 'v1' },
    { group, version: 'v1beta1' },
  ],
  subresources: { status },
  generation: false,
  prepareCreate(draft) {
    draft.status = {};
  },
  validate({ spec }, errors) {
    const list = spec?.cidrs ?? [];
    if (!list.length) return errors.required('spec.cidrs', 'at least one CIDR required');
    list.forEach((value, i) => cidr(errors, `spec.cidrs[${i}]`, value));
    if (list.length > 2 || (list.length === 2 && cidrFamily(list[0]!) === cidrFamily(list[1]!))) {
      errors.invalid('spec.cidrs', list, 'may specify no more than one IP for each IP family');
    }
  },
  validateUpdate: (range, old, errors) => immutable(errors, 'spec.cidrs', range.spec?.cidrs, old.spec?.cidrs),
  columns: [
    column('CIDRs', 'string', texts['ServiceCIDRSpec.cidrs']!, (r) => r.spec?.cidrs?.join(',') ?? ''),
    ageColumn,
  ],
});
