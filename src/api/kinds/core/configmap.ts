// ConfigMap. Upstream: pkg/registry/core/configmap/strategy.go, ValidateConfigMap.
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { byteLength, configMapKeyErrors } from '../../names.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { push } from '../shared/field-rules.ts';
import { MAX_SECRET_BYTES, base64Length, frozenData } from '../shared/secret-data.ts';

const count = (map: object | undefined): number => (map ? Object.keys(map).length : 0);

export default defineKind<ConfigMap>({
  group: '',
  kind: 'ConfigMap',
  plural: 'configmaps',
  short: ['cm'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  generation: false,
  validate(map, errors) {
    let bytes = 0;
    for (const key in map.data) {
      push(errors, `data[${key}]`, key, configMapKeyErrors(key));
      if (map.binaryData && Object.hasOwn(map.binaryData, key)) {
        errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
      }
      bytes += byteLength(map.data[key] ?? '');
    }
    for (const key in map.binaryData) {
      push(errors, `binaryData[${key}]`, key, configMapKeyErrors(key));
      bytes += base64Length(map.binaryData[key] ?? '');
    }
    if (bytes > MAX_SECRET_BYTES) errors.tooLong('[]', MAX_SECRET_BYTES);
  },
  updateErrorsFirst: true,
  validateUpdate(map, old, errors) {
    if (old.immutable) frozenData(errors, map, old, ['data', 'binaryData']);
  },
  columns: [column('Data', 'string', texts['ConfigMap.data']!, (m) => count(m.data) + count(m.binaryData)), ageColumn],
});
