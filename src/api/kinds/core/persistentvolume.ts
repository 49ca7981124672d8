// PersistentVolume. Upstream: pkg/registry/core/persistentvolume/strategy.go, ValidatePersistentVolume.
import type * as core from 'kubernetes-types/core/v1.js';
import { differences, semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { immutable } from '../shared/field-rules.ts';
import { type GoFields, NODE_SELECTOR, goPointer, pointerTo } from '../shared/go-structs.ts';
import { DEPRECATED_VOLUMES, nodeSelectorTermWarnings } from '../shared/pod-warnings.ts';
import type { ResourceList } from '../shared/resource-list.ts';
import { accessModesText, fractionalBytes, storageClassOf } from '../shared/storage-rules.ts';
import { ORDER, type SourceName, defaultVolumeSpec, validateVolumeSpec } from '../shared/volume-spec.ts';
import { status } from '../shared/workloads.ts';

type Volume = Omit<core.PersistentVolume, 'status'> & {
  status?: { phase?: string; reason?: string; message?: string; lastPhaseTransitionTime?: string };
};
type Spec = core.PersistentVolumeSpec;

const sourceOf = (spec: Spec = {}): Partial<Record<SourceName, unknown>> =>
  Object.fromEntries(ORDER.filter((name) => spec[name] != null).map((name) => [name, spec[name]]));

const STABLE_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** Equal, but for labels of the beta that became stable. Upstream: validatePvNodeAffinity. */
function sameAffinity(now: core.VolumeNodeAffinity | undefined, old: core.VolumeNodeAffinity): boolean {
  if (semanticEqual(now, old)) return true;
  const renamed = structuredClone(old);
  renamed.required?.nodeSelectorTerms?.forEach((term, i) => {
    for (const list of ['matchExpressions', 'matchFields'] as const) {
      term[list]?.forEach((r, j) => {
        const key = now?.required?.nodeSelectorTerms?.[i]?.[list]?.[j]?.key;
        if (key !== undefined && STABLE_LABELS[r.key] === key) r.key = key;
      });
    }
  });
  return semanticEqual(now, renamed);
}

const NODE_AFFINITY: GoFields = { Required: pointerTo(NODE_SELECTOR) };

function validateUpdate(volume: Volume, old: Volume, errors: FieldErrors): void {
  const [now, before] = [volume.spec ?? {}, old.spec ?? {}];
  const source = sourceOf(now);
  if (before.csi && !before.csi.controllerExpandSecretRef && now.csi?.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _added, ...rest } = now.csi;
    source.csi = rest;
  }
  if (!semanticEqual(source, sourceOf(before))) {
    const changes = differences(sourceOf(before), source).join('\n');
    const why = `spec.persistentvolumesource is immutable after creation\n${changes}\n`;
    errors.forbidden('spec.persistentvolumesource', why);
  }
  immutable(errors, 'volumeMode', now.volumeMode, before.volumeMode);
  if (before.nodeAffinity && !sameAffinity(now.nodeAffinity, before.nodeAffinity)) {
    const why = 'field is immutable, except for updating from beta label to GA';
    errors.invalid('nodeAffinity', goPointer(now.nodeAffinity, NODE_AFFINITY), why);
  }
  if (before.volumeAttributesClassName != null && now.volumeAttributesClassName == null) {
    errors.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
  }
}

/** Upstream: pkg/api/persistentvolume.GetWarningsForPersistentVolume. */
function warnings({ metadata, spec }: Volume): string[] {
  const out: string[] = [];
  if (!spec) return out;
  const beta = 'volume.beta.kubernetes.io/storage-class';
  if (metadata?.annotations?.[beta] !== undefined) {
    out.push(`metadata.annotations[${beta}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  const mount = 'volume.beta.kubernetes.io/mount-options';
  if (metadata?.annotations?.[mount] !== undefined) {
    out.push(`metadata.annotations[${mount}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    out.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, i) => {
    const path = `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`;
    out.push(...nodeSelectorTermWarnings(path, term, false));
  });
  for (const name of ORDER) {
    const why = DEPRECATED_VOLUMES[name];
    if (spec[name] != null && why && name !== 'flexVolume') {
      out.push(`spec.${name === 'storageos' ? 'storageOS' : name}: ${why}`);
    }
  }
  out.push(...fractionalBytes('spec.capacity[storage]', (spec.capacity as ResourceList | undefined)?.['storage']));
  return out;
}

function claim({ spec }: Volume): string {
  const ref = spec?.claimRef;
  return ref ? `${ref.namespace ?? ''}/${ref.name ?? ''}` : '';
}

interface PhaseStatus {
  phase?: string;
  lastPhaseTransitionTime?: string;
}

export default defineKind<Volume>({
  group: '',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  short: ['pv'],
  scope: 'Cluster',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: { status },
  generation: false,
  defaults(draft) {
    (draft.status ??= {}).phase ||= 'Pending';
    const { spec } = draft;
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    defaultVolumeSpec(spec);
  },
  prepareStatus(draft, old, now) {
    const [status, before] = [draft.status as PhaseStatus | undefined, old.status as PhaseStatus | undefined];
    if (!status || status.phase === before?.phase) return;
    const at = status.lastPhaseTransitionTime;
    if (at === undefined || at === before?.lastPhaseTransitionTime) status.lastPhaseTransitionTime = now;
  },
  prepareCreate(draft) {
    const since = draft.metadata?.creationTimestamp as string | undefined;
    draft.status = { phase: 'Pending', ...(since ? { lastPhaseTransitionTime: since } : {}) };
  },
  validate: ({ metadata, spec }, errors) => validateVolumeSpec(errors, 'spec', spec ?? {}, metadata?.name ?? ''),
  validateUpdate,
  warnings,
  columns: [
    column('Capacity', 'string', texts['PersistentVolumeSpec.capacity']!, (v) =>
      String((v.spec?.capacity as ResourceList)?.['storage'] ?? '0'),
    ),
    column('Access Modes', 'string', texts['PersistentVolumeSpec.accessModes']!, (v) =>
      accessModesText(v.spec?.accessModes),
    ),
    column(
      'Reclaim Policy',
      'string',
      texts['PersistentVolumeSpec.persistentVolumeReclaimPolicy']!,
      (v) => v.spec?.persistentVolumeReclaimPolicy ?? '',
    ),
    column('Status', 'string', texts['PersistentVolumeStatus.phase']!, (v) =>
      v.metadata?.deletionTimestamp ? 'Terminating' : (v.status?.phase ?? ''),
    ),
    column('Claim', 'string', texts['PersistentVolumeSpec.claimRef']!, claim),
    column('StorageClass', 'string', 'StorageClass of the pv', storageClassOf),
    column(
      'VolumeAttributesClass',
      'string',
      'VolumeAttributesClass of the pv',
      (v) => v.spec?.volumeAttributesClassName ?? '<unset>',
    ),
    column('Reason', 'string', texts['PersistentVolumeStatus.reason']!, (v) => v.status?.reason ?? ''),
    ageColumn,
    wide('VolumeMode', 'string', texts['PersistentVolumeSpec.volumeMode']!, (v) => v.spec?.volumeMode ?? '<unset>'),
  ],
});
