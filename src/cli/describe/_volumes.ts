// A pod's volumes. Upstream: kubectl/pkg/describe describeVolumes and its print*VolumeSource.
import type { PersistentVolumeClaimSpec, Volume } from 'kubernetes-types/core/v1.js';
import { accessModesText } from '../../api/kinds/shared/storage-rules.ts';
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

export function sourceLines(doc: Document, volume: Volume): void {
  const rows = sourceRows(volume);
  if (rows) for (const [label, value] of rows) doc.field(2, label, value);
  else doc.line(1, '<unknown>');
}

/** What describes a volume's source; undefined for one that is not known. */
function sourceRows(volume: Volume): Row[] | undefined {
  const { hostPath, emptyDir, secret, configMap, projected, persistentVolumeClaim, downwardAPI, nfs, csi } = volume;
  if (volume.ephemeral) return ephemeralRows(volume.ephemeral.volumeClaimTemplate?.spec);
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

/** Upstream: printEphemeralVolumeSource, of a claim that is bound to nothing yet. */
function ephemeralRows(spec: PersistentVolumeClaimSpec | undefined): Row[] {
  return [
    ['Type', 'EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)'],
    ['StorageClass', spec?.storageClassName ?? '<none>'],
    ['Volume', spec?.volumeName ?? ''],
    ['Labels', '<none>'],
    ['Annotations', '<none>'],
    ['Capacity', spec?.resources?.requests?.['storage'] ?? ''],
    ['Access Modes', accessModesText(spec?.accessModes)],
    ['VolumeMode', spec?.volumeMode ?? 'Filesystem'],
  ];
}

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
