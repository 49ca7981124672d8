// What the workload kinds of apps share: the scale subresource, revision limits, warnings about templates, and the
// old versions in which they are still served.
import type { ServedVersion, Subresource } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import type { KubeObject, Unstructured } from '../../types.ts';
import { deprecated, selectorFromTemplate } from './deprecations.ts';
import type { PodTemplate } from './pod-types.ts';
import { podWarnings } from './pod-warnings.ts';

export const scale: Subresource = {
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};
/** For kinds whose status is written without a word about metadata. */
export const KEPT_BY_STATUS = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;
export const status: Subresource = { verbs: ['get', 'patch', 'update'] };

interface Workload extends KubeObject {
  spec?: { template?: PodTemplate };
}

/** Upstream: pod.GetWarningsForPodTemplate. On updates only when the specification changed. */
export function workloadWarnings(object: Workload, old: Workload | undefined): string[] {
  if (old && object.metadata?.generation === old.metadata?.generation) return [];
  return podWarnings('spec.template', object.spec?.template);
}

const NAME_WARNING =
  'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';

/** For kinds whose pods are named after them though their own names may have dots; `extra` is said before the template's. */
export function namedWorkloadWarnings(
  object: Workload,
  old: Workload | undefined,
  extra: () => string[] = () => [],
): string[] {
  if (old && object.metadata?.generation === old.metadata?.generation) return [];
  return [...nameWarnings(object, old), ...extra(), ...workloadWarnings(object, undefined)];
}

export function nameWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const bad = old ? [] : dns1123LabelErrors(object.metadata?.name ?? '');
  return bad.length ? [`${NAME_WARNING}: [${bad.join(' ')}]`] : [];
}

type Defaults = (draft: Unstructured) => void;

/** Upstream: Convert_v1beta1_Deployment_To_apps_Deployment. The controller takes it away when it has done it. */
function annotateRollback({ metadata }: Unstructured, asked: { revision?: number } | undefined): void {
  if (!asked || !metadata) return;
  const annotations = { ...metadata.annotations, 'deprecated.deployment.rollback.to': String(asked.revision ?? 0) };
  Object.assign(metadata, { annotations });
}

/** The versions that are gone upstream: extensions/v1beta1, apps/v1beta1, apps/v1beta2, each with its own defaults. */
export function oldVersions(
  kind: string,
  versions: readonly { group: string; version: string; since: string; defaults?: Defaults }[],
): ServedVersion[] {
  return versions.map(({ group, version, since, defaults }) => ({
    group,
    version,
    deprecated: deprecated({ group, version }, kind, since, '1.16', `apps/v1 ${kind}`),
    defaults(draft: Unstructured): void {
      if (version === 'v1beta1') selectorFromTemplate(draft as never);
      defaults?.(draft);
    },
    convert: {
      toStorage(draft: Unstructured): void {
        // Fields that only the old versions had: a request to roll back, and a counter of the DaemonSet controller.
        const spec = draft['spec'] as Record<string, unknown> | undefined;
        if (kind === 'Deployment' && version === 'v1beta1')
          annotateRollback(draft, spec?.['rollbackTo'] as { revision?: number } | undefined);
        delete spec?.['rollbackTo'];
        delete spec?.['templateGeneration'];
      },
      fromStorage(): void {},
    },
  }));
}
