// VolumeAttachment. Upstream: pkg/registry/storage/volumeattachment/strategy.go.
import type { VolumeAttachment } from 'kubernetes-types/storage/v1.js';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { byteLength, dns1123SubdomainErrors, rangeMessage } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { csiDriverName } from '../shared/csi-names.ts';
import { texts } from '../shared/column-texts.ts';
import { oldVersion } from '../shared/deprecations.ts';
import { ATTACHMENT_GATES, dropper } from '../shared/feature-gates.ts';
import { IMMUTABLE, push } from '../shared/field-rules.ts';
import { type GoFields, goStruct, structOf } from '../shared/go-structs.ts';
import { defaultVolumeSpec, validateVolumeSpec } from '../shared/volume-spec.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

const group = 'storage.k8s.io';
const drop = dropper(ATTACHMENT_GATES);

/** A volume spec in it is shown as the document has it. */
const SPEC: GoFields = {
  Attacher: '',
  Source: structOf({ PersistentVolumeName: null, InlineVolumeSpec: null }),
  NodeName: '',
};

const MAX_METADATA = 256 * 1024;
const MAX_MESSAGE = 1024;
const MAX_INT32 = 2147483647;

function validateSpec(errors: FieldErrors, spec: Partial<VolumeAttachment['spec']> | undefined): void {
  if (!spec?.attacher) errors.required('spec.attacher');
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = spec?.source ?? {};
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (!inline && name == null) errors.required('spec.source', one);
  else if (inline && name != null) errors.forbidden('spec.source', one);
  else if (name === '') {
    errors.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
  } else if (inline) validateVolumeSpec(errors, 'spec.source.inlineVolumeSpec', inline, undefined);
  const node = spec?.nodeName ?? '';
  push(errors, 'spec.nodeName', node, dns1123SubdomainErrors(node));
}

function validateState(errors: FieldErrors, s: Partial<NonNullable<VolumeAttachment['status']>> | undefined): void {
  let bytes = 0;
  for (const key in s?.attachmentMetadata) bytes += byteLength(key) + byteLength(s.attachmentMetadata[key] ?? '');
  if (bytes > MAX_METADATA) errors.tooLong('status.attachmentMetadata', MAX_METADATA);
  for (const field of ['attachError', 'detachError'] as const) {
    const error = s?.[field] as { message?: string; errorCode?: number } | undefined;
    // Upstream names the other limit here.
    if (byteLength(error?.message ?? '') > MAX_MESSAGE) errors.tooLong(`status.${field}.message`, MAX_METADATA);
    const code = error?.errorCode;
    if (code != null && code < 0) errors.invalid(`status.${field}.errorCode`, code, rangeMessage(0, MAX_INT32));
  }
}

export default defineKind<VolumeAttachment>({
  group,
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    oldVersion(group, 'v1beta1', 'VolumeAttachment', '1.19', '1.22', 'storage.k8s.io/v1 VolumeAttachment'),
    oldVersion(group, 'v1alpha1', 'VolumeAttachment', '1.21', '1.24', 'storage.k8s.io/v1 VolumeAttachment'),
  ],
  subresources: { status },
  generation: false,
  defaults(draft) {
    const inline = draft.spec?.source?.inlineVolumeSpec;
    if (inline) defaultVolumeSpec(inline);
  },
  prepareCreate(draft) {
    (draft as { status?: object }).status = { attached: false };
  },
  statusKeeps: KEPT_BY_STATUS,
  prepareStatus: (draft, old) => drop(draft.status, old.status),
  unconditionalUpdate: false,
  validate: ({ spec, status: s }, errors) => {
    validateSpec(errors, spec);
    validateState(errors, s);
  },
  validateCreate({ spec }, errors) {
    // The checks that version 1 added.
    csiDriverName(errors, 'spec.attacher', spec?.attacher);
    const name = spec?.source?.persistentVolumeName;
    if (name != null) push(errors, 'spec.source.persistentVolumeName', name, dns1123SubdomainErrors(name));
  },
  validateUpdate({ spec }, old, errors) {
    if (!semanticEqual(spec, old.spec)) errors.invalid('spec', goStruct(spec, SPEC), IMMUTABLE);
  },
  validateStatus: ({ status: s }, _old, errors) => validateState(errors, s),
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
