// IPAddress: that a service holds an address. Upstream: pkg/registry/networking/ipaddress/strategy.go.
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable, ipFamily } from '../shared/field-rules.ts';

const group = 'networking.k8s.io';

interface IpAddress extends KubeObject {
  spec?: { parentRef?: { group?: string; resource?: string; namespace?: string; name?: string } };
}

function parent({ spec }: IpAddress): string {
  const ref = spec?.parentRef;
  if (!ref) return '<none>';
  const resource = (ref.group ? `${ref.resource}.${ref.group}` : (ref.resource ?? '')).toLowerCase();
  return [resource, ...(ref.namespace ? [ref.namespace] : []), ref.name].join('/');
}

export default defineKind<IpAddress>({
  group,
  kind: 'IPAddress',
  plural: 'ipaddresses',
  short: ['ip'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    { group, version: 'v1beta1' },
  ],
  generation: false,
  nameRule: (name) => (ipFamily(name) ? [] : ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
  validate({ spec }, errors) {
    const ref = spec?.parentRef;
    if (!ref) return errors.required('spec.parentRef');
    if (!ref.resource) errors.required('spec.parentRef.resource');
    if (!ref.name) errors.required('spec.parentRef.name');
  },
  validateUpdate: (address, old, errors) =>
    immutable(errors, 'spec.parentRef', address.spec?.parentRef, old.spec?.parentRef),
  columns: [column('ParentRef', 'string', texts['IPAddressSpec.parentRef']!, parent), ageColumn],
});
