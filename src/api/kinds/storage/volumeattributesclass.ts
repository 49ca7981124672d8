// VolumeAttributesClass. Upstream: pkg/registry/storage/volumeattributesclass/strategy.go.
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { ageColumn, column, nameColumn } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { parameters, provisioner } from '../shared/storage-parameters.ts';

const group = 'storage.k8s.io';

interface AttributesClass extends KubeObject {
  driverName?: string;
  parameters?: Record<string, string>;
}
const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

export default defineKind<AttributesClass>({
  group,
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  short: ['vac'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'VolumeAttributesClass', '1.34', '1.37', 'storage.k8s.io/v1 VolumeAttributesClass'),
  ],
  generation: false,
  validate(object, errors) {
    provisioner(errors, 'driverName', object.driverName);
    parameters(errors, 'parameters', object.parameters);
    if (!Object.keys(object.parameters ?? {}).length) {
      errors.required('parameters', 'must contain at least one key/value pair');
    }
  },
  validateUpdate(object, old, errors) {
    if (object.driverName !== old.driverName) {
      errors.forbidden('driverName', 'updates to driverName are forbidden.');
    }
    if (!semanticEqual(object.parameters, old.parameters)) {
      errors.forbidden('parameters', 'updates to parameters are forbidden.');
    }
  },
  columns: [
    {
      ...nameColumn,
      value: ({ metadata }) =>
        `${metadata?.name ?? ''}${metadata?.annotations?.[IS_DEFAULT] === 'true' ? ' (default)' : ''}`,
    },
    column('DriverName', 'string', texts['VolumeAttributesClass.driverName']!, (c) => c.driverName ?? ''),
    ageColumn,
  ],
});
