// A pod's volumes. Upstream: kubectl/pkg/describe describeVolumes and its print*VolumeSource.
import type { Volume } from 'kubernetes-types/core/v1.js';
import { diskRows } from './_disk-sources.ts';
import type { Document } from './_document.ts';

type Row = readonly [label: string, value: unknown];

export function volumeLines(doc: Document, volumes: readonly Volume[] | undefined, space = ''): void {
  if (!volumes || volumes.length === 0) return doc.line(0, `${space}Volumes:\t<none>`);
  doc.line(0, `${space}Volumes:`);
  for (const volume of volumes) {
    doc.line(1, `${space === '' ? '' : ' '}${volume.name}:`);
    sourceLines(doc, volume);
    for (const item of volume.downwardAPI?.items ?? []) {
      doc.line(3, `${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource} -> ${item.path}`);
    }
  }
}

export function sourceLines(doc: Document, volume: Volume, isPersistent = false): void {
  const rows = sourceRows(volume) ?? diskRows(volume, isPersistent);
  // Upstream has forgotten a colon.
  if (rows)
    for (const [label, value] of rows)
      doc.line(2, `${label}${label === 'ISCSIInterface' ? '' : ':'}\t${String(value)}`);
  else doc.line(1, '<unknown>');
  if (volume.csi) attributeLines(doc, volume.csi.volumeAttributes);
}

/** Upstream: printCSIPersistentVolumeAttributesMultiline, whose parts are indented each. */
export function attributeLines(doc: Document, attributes: Record<string, string> | undefined): void {
  const keys = Object.keys(attributes ?? {}).sort();
  if (keys.length === 0) return doc.line(2, 'VolumeAttributes:\t<none>');
  keys.forEach((key, i) => {
    const text = `${key}=${attributes![key]}`;
    const shown = text.length > MAX_ATTRIBUTE ? `${text.slice(0, MAX_ATTRIBUTE)}...` : text;
    doc.line(2, `${i === 0 ? 'VolumeAttributes:\t' : '    \t'}    ${shown}`);
  });
}

const MAX_ATTRIBUTE = 140;

/** What describes a volume's source; undefined for one that is not known. */
function sourceRows(volume: Volume): Row[] | undefined {
  const { hostPath, emptyDir, secret, configMap, projected, persistentVolumeClaim, downwardAPI, nfs, csi } = volume;
  if (volume.ephemeral) return ephemeralRows(volume.ephemeral.volumeClaimTemplate);
  if (hostPath) {
    return [
      ['Type', 'HostPath (bare host directory volume)'],
      ['Path', hostPath.path],
      ['HostPathType', hostPath.type ?? '<none>'],
    ];
  }
  if (emptyDir) {
    return [
      ['Type', "EmptyDir (a temporary directory that shares a pod's lifetime)"],
      ['Medium', emptyDir.medium ?? ''],
      ['SizeLimit', emptyDir.sizeLimit && emptyDir.sizeLimit !== '0' ? emptyDir.sizeLimit : '<unset>'],
    ];
  }
  if (secret) {
    return [
      ['Type', 'Secret (a volume populated by a Secret)'],
      ['SecretName', secret.secretName ?? ''],
      ['Optional', secret.optional ?? false],
    ];
  }
  if (configMap) {
    return [
      ['Type', 'ConfigMap (a volume populated by a ConfigMap)'],
      ['Name', configMap.name ?? ''],
      ['Optional', configMap.optional ?? false],
    ];
  }
  if (projected) return projectedRows(projected);
  if (persistentVolumeClaim) {
    return [
      ['Type', 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)'],
      ['ClaimName', persistentVolumeClaim.claimName],
      ['ReadOnly', persistentVolumeClaim.readOnly ?? false],
    ];
  }
  if (nfs) {
    return [
      ['Type', 'NFS (an NFS mount that lasts the lifetime of a pod)'],
      ['Server', nfs.server],
      ['Path', nfs.path],
      ['ReadOnly', nfs.readOnly ?? false],
    ];
  }
  if (csi) {
    return [
      ['Type', 'CSI (a Container Storage Interface (CSI) volume source)'],
      ['Driver', csi.driver],
      ['FSType', csi.fsType ?? ''],
      ['ReadOnly', csi.readOnly ?? false],
    ];
  }
  if (downwardAPI) {
    return [['Type', 'DownwardAPI (a volume populated by information about the pod)\n    Items:']];
  }
  return undefined;
}

type ClaimTemplate = NonNullable<NonNullable<Volume['ephemeral']>['volumeClaimTemplate']>;

/** Upstream: printEphemeralVolumeSource, printPersistentVolumeClaim of what is no claim yet. */
function ephemeralRows(template: ClaimTemplate | undefined): Row[] {
  const type = 'EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)';
  if (!template) return [['Type', type]];
  const { metadata, spec } = template;
  const { dataSource } = spec;
  return [
    ['Type', type],
    ['StorageClass', spec.storageClassName ?? ''],
    ['Volume', spec.volumeName ?? ''],
    ['Labels', nested(Object.entries(metadata?.labels ?? {}).map(([key, value]) => `${key}=${value}`))],
    ['Annotations', nested(Object.entries(metadata?.annotations ?? {}).map(([key, value]) => `${key}: ${value}`))],
    ['Capacity', ''],
    ['Access Modes', ''],
    ['VolumeMode', spec.volumeMode ?? 'Filesystem'],
    ...(dataSource ? dataSourceRows(dataSource) : []),
  ];
}

function dataSourceRows({ apiGroup, kind, name }: NonNullable<ClaimTemplate['spec']['dataSource']>): Row[] {
  const group: Row[] = apiGroup == null ? [] : [['  APIGroup', apiGroup]];
  return [['DataSource', ''], ...group, ['  Kind', kind], ['  Name', name]];
}

/** Upstream's nested writer indents each part of a line again. */
const nested = (lines: string[]): string => `    ${lines.sort().join('\n    \t    ') || '<none>'}`;

/** `%v` of a *bool. */
const optionalText = (value: boolean | undefined): string => (value === undefined ? '<nil>' : String(value));

function projectedRows(projected: NonNullable<Volume['projected']>): Row[] {
  const rows: Row[] = [['Type', 'Projected (a volume that contains injected data from multiple sources)']];
  for (const { secret, downwardAPI, configMap, serviceAccountToken } of projected.sources ?? []) {
    if (secret) rows.push(['SecretName', secret.name ?? ''], ['SecretOptionalName', optionalText(secret.optional)]);
    else if (downwardAPI) rows.push(['DownwardAPI', 'true']);
    else if (configMap) {
      rows.push(['ConfigMapName', configMap.name ?? ''], ['ConfigMapOptional', optionalText(configMap.optional)]);
    } else if (serviceAccountToken) {
      rows.push(['TokenExpirationSeconds', serviceAccountToken.expirationSeconds ?? 3600]);
    }
  }
  return rows;
}
