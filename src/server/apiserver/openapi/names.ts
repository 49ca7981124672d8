// Names of definitions and operations. Upstream: apiserver pkg/endpoints/openapi (GetOperationIDAndTags, friendlyName),
// apiextensions-apiserver pkg/controller/openapi/builder.
import { definitionNameOf } from '../../../api/schema/builtin.ts';
import type { GroupVersionKind } from '../../../api/types.ts';

/** `stable.example.com`, `v1`, `CronTab` → `com.example.stable.v1.CronTab`; built-in kinds have upstream's names. */
export function definitionName({ group, version, kind }: GroupVersionKind): string {
  return definitionNameOf(group, version, kind) ?? customName({ group, version, kind });
}

export function customName({ group, version, kind }: GroupVersionKind): string {
  // A removed version of a built-in kind: `io.k8s.api.extensions.v1beta1.Deployment`.
  if (!group.includes('.')) return `io.k8s.api.${group}.${version}.${kind}`;
  const reversed = group.split('.').reverse().join('.');
  return [reversed, version, kind].filter((part) => part !== '').join('.');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `rbac.authorization.k8s.io`, `v1` → `RbacAuthorizationV1`; the core group is `CoreV1`. */
export function operationGroup(group: string, version: string): string {
  const parts = (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split(/[.-]/);
  return parts.map(capital).join('') + capital(version);
}

/** `apps_v1`: the tag of an operation. */
export function tagOf(group: string, version: string): string {
  const parts = (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split(/[.-]/);
  return `${parts[0]}${parts.slice(1).map(capital).join('')}_${version}`;
}
