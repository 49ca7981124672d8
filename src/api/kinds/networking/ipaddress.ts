// IPAddress: that a service holds an address. Upstream: pkg/registry/networking/ipaddress/strategy.go.
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { strictAddressErrors } from '../shared/addresses.ts';
import { IMMUTABLE, dnsSubdomain } from '../shared/field-rules.ts';
import { type GoFields, goPointer } from '../shared/go-structs.ts';
import { segment } from '../shared/references.ts';

const group = 'networking.k8s.io';
const PARENT: GoFields = { Group: '', Resource: '', Namespace: '', Name: '' };

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
  served: [{ group, version: 'v1' }, oldVersion(group, 'v1beta1', 'IPAddress', '1.34', '1.37')],
  generation: false,
  nameRule: strictAddressErrors,
  validate({ spec }, errors) {
    const ref = spec?.parentRef;
    if (!ref) return errors.required('spec.parentRef');
    if (ref.group) dnsSubdomain(errors, 'spec.parentRef.group', ref.group);
    segment(errors, 'spec.parentRef.resource', ref.resource);
    segment(errors, 'spec.parentRef.name', ref.name);
    if (ref.namespace) segment(errors, 'spec.parentRef.namespace', ref.namespace);
  },
  validateUpdate({ spec }, old, errors) {
    if (semanticEqual(spec?.parentRef, old.spec?.parentRef)) return;
    errors.invalid('spec.parentRef', goPointer(spec?.parentRef, PARENT), IMMUTABLE);
  },
  columns: [column('ParentRef', 'string', texts['IPAddressSpec.parentRef']!, parent), ageColumn],
});
