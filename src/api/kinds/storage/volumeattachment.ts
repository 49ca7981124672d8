// VolumeAttachment. Upstream: pkg/registry/storage/volumeattachment/strategy.go.
import type { VolumeAttachment } from 'kubernetes-types/storage/v1.js';
import { defineKind } from '../../kind.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { immutable } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'storage.k8s.io';

export default defineKind<VolumeAttachment>({
  group,
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'VolumeAttachment',
        '1.19',
        '1.22',
        'storage.k8s.io/v1 VolumeAttachment',
      ),
    },
  ],
  subresources: { status },
  generation: false,
  prepareCreate(draft) {
    (draft as { status?: object }).status = { attached: false };
  },
  validate({ spec }, errors) {
    if (!spec?.attacher) errors.required('spec.attacher');
    if (!spec?.nodeName) errors.required('spec.nodeName');
    const { inlineVolumeSpec, persistentVolumeName } = spec?.source ?? {};
    if (!inlineVolumeSpec && persistentVolumeName == null) {
      errors.required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    }
  },
  validateUpdate: (attachment, old, errors) => immutable(errors, 'spec', attachment.spec, old.spec),
  columns: [
    {
      ...column(
        'Attacher',
        'string',
        texts['VolumeAttachmentSpec.attacher']!,
        (a: VolumeAttachment) => a.spec?.attacher ?? '',
      ),
      format: 'name',
    },
    column(
      'PV',
      'string',
      texts['VolumeAttachmentSource.persistentVolumeName']!,
      (a) => a.spec?.source?.persistentVolumeName ?? '',
    ),
    column('Node', 'string', texts['VolumeAttachmentSpec.nodeName']!, (a) => a.spec?.nodeName ?? ''),
    column('Attached', 'boolean', texts['VolumeAttachmentStatus.attached']!, (a) => a.status?.attached ?? false),
    ageColumn,
  ],
});
