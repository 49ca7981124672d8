// Schemas of API versions that upstream has removed and whose shape is not the present one's: workloads with a field
// more, and the Ingress of old. Versions of the same shape need no entry: they are read by the stored version's schema.
// Upstream: k8s.io/api of the releases before 1.16 and 1.22 (extensions/v1beta1, apps/v1beta1, networking/v1beta1).
import type { Schema } from './schema.ts';

type Definitions = (name: string) => Schema | undefined;

const INT64: Schema = { type: 'integer', format: 'int64' };
const INT_OR_STRING: Schema = { ref: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString' };

const oldIngressBackend: Schema = {
  type: 'object',
  properties: {
    resource: { ref: 'io.k8s.api.core.v1.TypedLocalObjectReference' },
    serviceName: { type: 'string' },
    servicePort: INT_OR_STRING,
  },
};
const oldIngressPath: Schema = {
  type: 'object',
  properties: { backend: oldIngressBackend, path: { type: 'string' }, pathType: { type: 'string' } },
};
const oldIngressHttp: Schema = {
  type: 'object',
  properties: { paths: { type: 'array', items: oldIngressPath, listType: 'atomic' } },
};
const oldIngressRule: Schema = {
  type: 'object',
  properties: { host: { type: 'string' }, http: oldIngressHttp },
};

/** By present kind: the fields of the old spec that are more or other. */
const specs: Record<string, { base: string; fields: Record<string, Schema>; without?: string }> = {
  Deployment: {
    base: 'io.k8s.api.apps.v1',
    fields: { rollbackTo: { type: 'object', properties: { revision: INT64 } } },
  },
  DaemonSet: { base: 'io.k8s.api.apps.v1', fields: { templateGeneration: INT64 } },
  ReplicaSet: { base: 'io.k8s.api.apps.v1', fields: {} },
  StatefulSet: { base: 'io.k8s.api.apps.v1', fields: {} },
  Ingress: {
    base: 'io.k8s.api.networking.v1',
    fields: {
      backend: oldIngressBackend,
      rules: { type: 'array', items: oldIngressRule, listType: 'atomic' },
    },
    without: 'defaultBackend',
  },
};

const removed = new Set([
  ...['Deployment', 'DaemonSet', 'ReplicaSet', 'Ingress'].map((kind) => `extensions/v1beta1/${kind}`),
  ...['Deployment', 'StatefulSet'].map((kind) => `apps/v1beta1/${kind}`),
  ...['Deployment', 'DaemonSet', 'ReplicaSet', 'StatefulSet'].map((kind) => `apps/v1beta2/${kind}`),
  'networking.k8s.io/v1beta1/Ingress',
]);

const made = new Map<string, Schema>();

/** The schema of a kind at a removed version; undefined for all others. */
export function removedKindSchema(
  group: string,
  version: string,
  kind: string,
  definition: Definitions,
): Schema | undefined {
  const key = `${group}/${version}/${kind}`;
  if (!removed.has(key)) return undefined;
  let schema = made.get(kind);
  if (!schema) made.set(kind, (schema = make(kind, definition)));
  return schema;
}

function make(kind: string, definition: Definitions): Schema {
  const { base, fields, without } = specs[kind]!;
  const present = definition(`${base}.${kind}`)!;
  const spec = definition(`${base}.${kind}Spec`)!;
  const properties = { ...spec.properties, ...fields };
  if (without) delete properties[without];
  const { required: _required, ...open } = spec;
  // What is required was less then, and validation of the stored version says it anyway.
  return {
    ...present,
    properties: { ...present.properties, spec: { ...open, properties, zero: {} } },
  };
}
