// What pods and services said in annotations before there were fields for it: taken as the field where a manifest has
// the annotation and not the field. Upstream read these in the releases of their time and no longer does; what it still
// reads itself (storage classes, ingress classes, AppArmor) is with the kinds that it concerns.
import { builtinSchemas } from '../../schema/builtin.ts';
import { checkTypes } from '../../schema/check-types.ts';
import { pruneUnknown } from '../../schema/prune.ts';
import type { Schema } from '../../schema/schema.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

const CORE = 'io.k8s.api.core.v1';
const listOf = (ref: string): Schema => ({ type: 'array', items: { ref } });

/** Annotation → the field of a pod's spec that it became, and what it holds as JSON; else it is plain text. */
const POD_FIELDS: readonly (readonly [annotation: string, field: string, schema?: Schema])[] = [
  ['scheduler.alpha.kubernetes.io/affinity', 'affinity', { ref: `${CORE}.Affinity` }],
  ['scheduler.alpha.kubernetes.io/tolerations', 'tolerations', listOf(`${CORE}.Toleration`)],
  ['pod.beta.kubernetes.io/init-containers', 'initContainers', listOf(`${CORE}.Container`)],
  ['pod.alpha.kubernetes.io/init-containers', 'initContainers', listOf(`${CORE}.Container`)],
  ['pod.beta.kubernetes.io/hostname', 'hostname'],
  ['pod.beta.kubernetes.io/subdomain', 'subdomain'],
];

/** Before the defaults of the fields. */
export function honourPodAnnotations(annotations: Annotations, spec: object | undefined): void {
  if (!annotations || !spec) return;
  const fields = spec as Record<string, unknown>;
  for (const [annotation, field, schema] of POD_FIELDS) {
    const text = annotations[annotation];
    if (!text || (fields[field] ?? undefined) !== undefined) continue;
    const value = schema ? readJson(text, schema) : text;
    if (value !== undefined) fields[field] = value;
  }
}

/** Undefined when it is not what it should be: such an annotation never did anything. */
function readJson(text: string, schema: Schema): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const holder = { value };
  const holderSchema: Schema = { type: 'object', properties: { value: schema } };
  if (value === null || checkTypes(holder, holderSchema, builtinSchemas, 'annotation') !== undefined) return undefined;
  pruneUnknown(holder, holderSchema, builtinSchemas);
  return holder.value;
}

const TOLERATE_UNREADY = 'service.alpha.kubernetes.io/tolerate-unready-endpoints';

/** Upstream: service.Spec.PublishNotReadyAddresses, which took its place in 1.8. */
export function honourServiceAnnotations(annotations: Annotations, spec: { publishNotReadyAddresses?: boolean }): void {
  if (annotations?.[TOLERATE_UNREADY] === 'true') spec.publishNotReadyAddresses ??= true;
}
