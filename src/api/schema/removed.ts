// Schemas of API versions that upstream has removed and that are converted, as what differs from the present ones.
// Versions that need no conversion need no entry: they are read by the stored version's schema.
// Upstream: k8s.io/api of the releases before 1.16, 1.22, 1.25, 1.26 and 1.29.
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

const STRING: Schema = { type: 'string' };
const INT32: Schema = { type: 'integer', format: 'int32' };
const QUANTITY: Schema = { ref: 'io.k8s.apimachinery.pkg.api.resource.Quantity' };
const SELECTOR: Schema = { ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector' };
const STRINGS: Schema = { type: 'array', items: STRING, listType: 'atomic' };

/** What an old version has more, or other, and what it has not, in the fields within fields (and items of lists). */
interface Difference {
  fields?: Record<string, Schema>;
  without?: readonly string[];
  within?: Record<string, Difference>;
}

interface OldVersion {
  /** The definition of the present kind. */
  present: string;
  differs?: Difference;
}

const CRDS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const crdColumns: Schema = {
  type: 'array',
  listType: 'atomic',
  items: {
    type: 'object',
    properties: {
      name: STRING,
      type: STRING,
      format: STRING,
      description: STRING,
      priority: INT32,
      JSONPath: STRING,
    },
  },
};
const crd: Difference = {
  within: {
    spec: {
      fields: {
        version: STRING,
        validation: { ref: `${CRDS}.CustomResourceValidation` },
        subresources: { ref: `${CRDS}.CustomResourceSubresources` },
        additionalPrinterColumns: crdColumns,
      },
      within: {
        versions: { fields: { additionalPrinterColumns: crdColumns } },
        conversion: {
          fields: { webhookClientConfig: { ref: `${CRDS}.WebhookClientConfig` }, conversionReviewVersions: STRINGS },
          without: ['webhook'],
        },
      },
    },
  },
};

/** `prefix` is `target` in specs and `current` in statuses; an object's and an external metric's value is a field more. */
const metricSource = (prefix: 'target' | 'current'): Difference => {
  const average = { [`${prefix}AverageValue`]: QUANTITY };
  const resource = { [`${prefix}AverageUtilization`]: INT32, ...average };
  const value = { [`${prefix}Value`]: QUANTITY };
  const without = ['metric', 'target', 'current', 'describedObject'];
  const object: Schema = { ref: 'io.k8s.api.autoscaling.v2.CrossVersionObjectReference' };
  const metric = { metricName: STRING };
  return {
    within: {
      object: {
        fields: { ...metric, ...value, target: object, selector: SELECTOR, averageValue: QUANTITY },
        without: without.filter((field) => field !== 'target'),
      },
      pods: { fields: { ...metric, ...average, selector: SELECTOR }, without },
      resource: { fields: resource, without },
      containerResource: { fields: resource, without },
      external: { fields: { ...metric, ...value, ...average, metricSelector: SELECTOR }, without },
    },
  };
};

const ingress: Difference = {
  within: {
    spec: {
      fields: { backend: oldIngressBackend, rules: { type: 'array', items: oldIngressRule, listType: 'atomic' } },
      without: ['defaultBackend'],
    },
  },
};
const rollbackTo: Schema = { type: 'object', properties: { revision: INT64 } };
const deployment: Difference = { within: { spec: { fields: { rollbackTo } } } };
const daemonSet: Difference = { within: { spec: { fields: { templateGeneration: INT64 } } } };
const asNow: Difference = { within: { spec: {} } };
const level: Difference = {
  within: {
    spec: {
      within: { limited: { fields: { assuredConcurrencyShares: INT32 }, without: ['nominalConcurrencyShares'] } },
    },
  },
};
const subjects: Difference = { within: { subjects: { fields: { apiVersion: STRING }, without: ['apiGroup'] } } };

const app = (kind: string, differs: Difference): OldVersion => ({ present: `io.k8s.api.apps.v1.${kind}`, differs });
const flow: OldVersion = { present: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration', differs: level };
const oldIngress: OldVersion = { present: 'io.k8s.api.networking.v1.Ingress', differs: ingress };
const revision: OldVersion = { present: 'io.k8s.api.apps.v1.ControllerRevision' };

const removed: Record<string, OldVersion> = {
  'extensions/v1beta1/Deployment': app('Deployment', deployment),
  'extensions/v1beta1/DaemonSet': app('DaemonSet', daemonSet),
  'extensions/v1beta1/ReplicaSet': app('ReplicaSet', asNow),
  'extensions/v1beta1/Ingress': oldIngress,
  'apps/v1beta1/Deployment': app('Deployment', deployment),
  'apps/v1beta1/StatefulSet': app('StatefulSet', asNow),
  'apps/v1beta1/ControllerRevision': revision,
  'apps/v1beta2/Deployment': app('Deployment', deployment),
  'apps/v1beta2/DaemonSet': app('DaemonSet', daemonSet),
  'apps/v1beta2/ReplicaSet': app('ReplicaSet', asNow),
  'apps/v1beta2/StatefulSet': app('StatefulSet', asNow),
  'apps/v1beta2/ControllerRevision': revision,
  'networking.k8s.io/v1beta1/Ingress': oldIngress,
  'apiextensions.k8s.io/v1beta1/CustomResourceDefinition': {
    present: `${CRDS}.CustomResourceDefinition`,
    differs: crd,
  },
  'autoscaling/v2beta1/HorizontalPodAutoscaler': {
    present: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
    differs: {
      within: {
        spec: { without: ['behavior'], within: { metrics: metricSource('target') } },
        status: { within: { currentMetrics: metricSource('current') } },
      },
    },
  },
  'events.k8s.io/v1beta1/Event': { present: 'io.k8s.api.events.v1.Event' },
  'discovery.k8s.io/v1beta1/EndpointSlice': {
    present: 'io.k8s.api.discovery.v1.EndpointSlice',
    differs: {
      within: {
        endpoints: {
          fields: { topology: { type: 'object', additionalProperties: STRING } },
          without: ['deprecatedTopology', 'zone'],
        },
      },
    },
  },
  'flowcontrol.apiserver.k8s.io/v1beta2/PriorityLevelConfiguration': flow,
  'flowcontrol.apiserver.k8s.io/v1beta1/PriorityLevelConfiguration': flow,
  'flowcontrol.apiserver.k8s.io/v1alpha1/PriorityLevelConfiguration': flow,
  'policy/v1beta1/PodDisruptionBudget': { present: 'io.k8s.api.policy.v1.PodDisruptionBudget' },
  'rbac.authorization.k8s.io/v1alpha1/ClusterRoleBinding': {
    present: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
    differs: subjects,
  },
  'rbac.authorization.k8s.io/v1alpha1/RoleBinding': { present: 'io.k8s.api.rbac.v1.RoleBinding', differs: subjects },
};

const made = new Map<OldVersion, Schema>();

/** The schema of a kind at a removed version; undefined for all others. */
export function removedKindSchema(
  group: string,
  version: string,
  kind: string,
  definition: Definitions,
): Schema | undefined {
  const key = `${group}/${version}/${kind}`;
  const old = Object.hasOwn(removed, key) ? removed[key]! : undefined;
  if (!old) return undefined;
  let schema = made.get(old);
  if (!schema) made.set(old, (schema = apply(definition(old.present)!, old.differs, definition)));
  return schema;
}

/** What is required was less then, and validation of the stored version says it anyway. */
function apply(schema: Schema, difference: Difference | undefined, definition: Definitions): Schema {
  if (!difference) return schema;
  const { ref, ...own } = schema;
  const whole: Schema = ref ? { ...definition(ref), ...own } : schema;
  if (whole.items) return { ...whole, items: apply(whole.items, difference, definition) };
  const properties = { ...whole.properties, ...difference.fields };
  for (const field of difference.without ?? []) delete properties[field];
  for (const [field, inner] of Object.entries(difference.within ?? {})) {
    properties[field] = apply(properties[field]!, inner, definition);
  }
  const { required: _required, ...open } = whole;
  return { ...open, properties };
}
