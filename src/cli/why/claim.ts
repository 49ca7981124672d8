// Why a volume claim is not bound.
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export async function claimFindings(context: WhyContext, namespace: string, name: string): Promise<Finding[]> {
  const about = `persistentvolumeclaim/${name}`;
  const path = core(namespace, 'persistentvolumeclaims', name);
  const claim = await context.read<PersistentVolumeClaim>(path);
  if (!claim) {
    if (!(await context.isAbsent(path))) return [];
    const next = `get persistentvolumeclaims${inNamespace(context, namespace)}`;
    return [{ severity: 'error', about, reason: 'NotFound', message: 'the claim is not there', next }];
  }
  if (claim.status?.phase === 'Bound') return [];
  if (claim.status?.phase === 'Lost') {
    return [{ severity: 'error', about, reason: 'Lost', message: `its volume ${claim.spec?.volumeName} is gone` }];
  }
  const pending = (message: string, more: Partial<Finding> = {}): Finding[] => [
    { severity: 'error', about, reason: 'Pending', message, ...more },
  ];
  const className = claim.spec?.storageClassName;
  const classes = await context.read<{ items?: StorageClass[] }>('/apis/storage.k8s.io/v1/storageclasses');
  if (className === undefined) {
    const standard = classes?.items?.some((c) => c.metadata?.annotations?.[DEFAULT_CLASS] === 'true');
    if (classes && !standard) {
      return pending('it names no storage class, and the cluster has no default one', { next: 'get storageclasses' });
    }
  } else if (className !== '') {
    const found = classes?.items?.find((c) => c.metadata?.name === className);
    if (classes && !found) {
      return pending(`storage class ${JSON.stringify(className)} is not there`, { next: 'get storageclasses' });
    }
    if (found?.volumeBindingMode === 'WaitForFirstConsumer') {
      return [
        {
          severity: 'info',
          about,
          reason: 'Pending',
          message: 'its volume is made once a pod that uses it has a node',
        },
      ];
    }
  }
  const [event] = await context.warnings(claim as never);
  if (event) return pending(event.message ?? '', { reason: event.reason ?? 'Pending' });
  if (className === '')
    return pending('no volume fits it, and without a storage class none is made', { next: 'get persistentvolumes' });
  return pending('no volume is bound to it yet', {
    next: `describe persistentvolumeclaim ${name}${inNamespace(context, namespace)}`,
  });
}
