// What a pod names and what is not there: ConfigMaps, Secrets, claims, service accounts.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';
import { claimFindings } from './claim.ts';

interface Reference {
  plural: string;
  kind: string;
  name: string;
  by: string;
}

/** Optional references are no reason for anything. */
export function referencesOf(pod: Pod): Reference[] {
  const found = new Map<string, Reference>();
  const add = (plural: string, kind: string, name: string | undefined, by: string, optional?: boolean): void => {
    if (name && !optional) found.set(`${plural}/${name}`, { plural, kind, name, by });
  };
  for (const volume of pod.spec?.volumes ?? []) {
    const by = `volume ${volume.name}`;
    add('configmaps', 'configmap', volume.configMap?.name, by, volume.configMap?.optional);
    add('secrets', 'secret', volume.secret?.secretName, by, volume.secret?.optional);
    for (const source of volume.projected?.sources ?? []) {
      add('configmaps', 'configmap', source.configMap?.name, by, source.configMap?.optional);
      add('secrets', 'secret', source.secret?.name, by, source.secret?.optional);
    }
  }
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    const by = `container ${container.name}`;
    for (const { valueFrom } of container.env ?? []) {
      const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
      add('configmaps', 'configmap', configMapKeyRef?.name, by, configMapKeyRef?.optional);
      add('secrets', 'secret', secretKeyRef?.name, by, secretKeyRef?.optional);
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmaps', 'configmap', configMapRef?.name, by, configMapRef?.optional);
      add('secrets', 'secret', secretRef?.name, by, secretRef?.optional);
    }
  }
  for (const secret of pod.spec?.imagePullSecrets ?? []) add('secrets', 'secret', secret.name, 'imagePullSecrets');
  return [...found.values()];
}

export async function referenceFindings(context: WhyContext, pod: Pod): Promise<Finding[]> {
  const { namespace = '', name } = pod.metadata ?? {};
  const missing = await Promise.all(
    referencesOf(pod).map(async ({ plural, kind, name: wanted, by }): Promise<Finding[]> => {
      if (!(await context.isAbsent(core(namespace, plural, wanted)))) return [];
      return [
        {
          severity: by === 'imagePullSecrets' ? 'warning' : 'error',
          about: `pod/${name}`,
          reason: 'NotFound',
          message: `${kind} ${JSON.stringify(wanted)}, which ${by} names, is not there`,
          next: `get ${plural}${inNamespace(context, namespace)}`,
        },
      ];
    }),
  );
  const claims = await Promise.all(
    (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
      claim ? [claimFindings(context, namespace, claim.claimName)] : [],
    ),
  );
  return [...missing.flat(), ...claims.flat()];
}
