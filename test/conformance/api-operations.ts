// A table of facts: resources of upstream's conformance list with a good object of each.
export interface Row {
  /** Upstream's testname. */
  testname: string;
  api: string;
  plural: string;
  kind: string;
  namespaced?: false;
  /** `$` is replaced by a suffix. */
  name?: string;
  /** Beside apiVersion, kind and metadata. */
  body: object;
  /** What a merge patch and then an update write to /status. */
  status?: [object, object];
}

const condition = (type: string) => ({
  type,
  status: 'True',
  reason: 'E2E',
  message: 'Set from an e2e test',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const conditions: [object, object] = [
  { conditions: [condition('StatusPatch')] },
  { conditions: [condition('StatusUpdate')] },
];
const template = {
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
};
const selector = { matchLabels: { app: 'x' } };
const clusterScoped = { namespaced: false } as const;

export const rows: Row[] = [
  {
    testname: 'Priority and Fairness FlowSchema API',
    api: 'flowcontrol.apiserver.k8s.io/v1',
    plural: 'flowschemas',
    kind: 'FlowSchema',
    ...clusterScoped,
    body: {
      spec: {
        matchingPrecedence: 10000,
        priorityLevelConfiguration: { name: 'global-default' },
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          },
        ],
      },
    },
    status: conditions,
  },
  {
    testname: 'Priority and Fairness PriorityLevelConfiguration API',
    api: 'flowcontrol.apiserver.k8s.io/v1',
    plural: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    ...clusterScoped,
    body: {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
    },
    status: conditions,
  },
  {
    testname: 'ValidatingAdmissionPolicy API',
    api: 'admissionregistration.k8s.io/v1',
    plural: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    ...clusterScoped,
    body: {
      spec: {
        validations: [{ expression: 'object.spec.replicas <= 100', message: 'no' }],
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
          ],
        },
      },
    },
    status: conditions,
  },
  {
    testname: 'ValidatingAdmissionPolicyBinding API',
    api: 'admissionregistration.k8s.io/v1',
    plural: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    ...clusterScoped,
    body: { spec: { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] } },
  },
  {
    testname: 'Mutating Admission webhook, create and update mutating webhook configuration with matchConditions',
    api: 'admissionregistration.k8s.io/v1',
    plural: 'mutatingwebhookconfigurations',
    kind: 'MutatingWebhookConfiguration',
    ...clusterScoped,
    body: { webhooks: [webhook()] },
  },
  {
    testname: 'Validating Admission webhook, create and update validating webhook configuration with matchConditions',
    api: 'admissionregistration.k8s.io/v1',
    plural: 'validatingwebhookconfigurations',
    kind: 'ValidatingWebhookConfiguration',
    ...clusterScoped,
    body: { webhooks: [webhook()] },
  },
  {
    testname: 'EndpointSlice API',
    api: 'discovery.k8s.io/v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    body: { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.2.3'] }], ports: [{ port: 80 }] },
  },
  {
    testname: 'Ingress API',
    api: 'networking.k8s.io/v1',
    plural: 'ingresses',
    kind: 'Ingress',
    body: {
      spec: { defaultBackend: { service: { name: 'default-backend', port: { number: 80 } } } },
    },
    status: [
      { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
      { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } },
    ],
  },
  {
    testname: 'IngressClass API',
    api: 'networking.k8s.io/v1',
    plural: 'ingressclasses',
    kind: 'IngressClass',
    ...clusterScoped,
    body: { spec: { controller: 'example.com/controller' } },
  },
  {
    testname: 'ServiceCIDR API',
    api: 'networking.k8s.io/v1',
    plural: 'servicecidrs',
    kind: 'ServiceCIDR',
    ...clusterScoped,
    body: { spec: { cidrs: ['10.9.0.0/24'] } },
    status: conditions,
  },
  {
    testname: 'NetworkPolicy API',
    api: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    body: { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } },
  },
  {
    testname: 'RuntimeClass API',
    api: 'node.k8s.io/v1',
    plural: 'runtimeclasses',
    kind: 'RuntimeClass',
    ...clusterScoped,
    body: { handler: 'runc' },
  },
  {
    testname: 'lease API should be available',
    api: 'coordination.k8s.io/v1',
    plural: 'leases',
    kind: 'Lease',
    body: {
      spec: {
        holderIdentity: 'holder',
        leaseDurationSeconds: 30,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:05.000000Z',
        leaseTransitions: 0,
      },
    },
  },
  {
    testname: 'PriorityClass endpoints',
    api: 'scheduling.k8s.io/v1',
    plural: 'priorityclasses',
    kind: 'PriorityClass',
    ...clusterScoped,
    body: { value: 1, description: 'e2e' },
  },
  {
    testname: 'PodTemplate, lifecycle',
    api: 'v1',
    plural: 'podtemplates',
    kind: 'PodTemplate',
    body: { template },
  },
  {
    testname: 'ControllerRevision, resource lifecycle',
    api: 'apps/v1',
    plural: 'controllerrevisions',
    kind: 'ControllerRevision',
    body: { revision: 3, data: { spec: { template } } },
  },
  {
    testname: 'ConfigMap lifecycle',
    api: 'v1',
    plural: 'configmaps',
    kind: 'ConfigMap',
    body: { data: { valueName: 'value' } },
  },
  {
    testname: 'Secrets, lifecycle',
    api: 'v1',
    plural: 'secrets',
    kind: 'Secret',
    body: { data: { key: 'dmFsdWU=' }, type: 'Opaque' },
  },
  {
    testname: 'ServiceAccount lifecycle test',
    api: 'v1',
    plural: 'serviceaccounts',
    kind: 'ServiceAccount',
    body: { automountServiceAccountToken: false },
  },
  {
    testname: 'Endpoint resource lifecycle',
    api: 'v1',
    plural: 'endpoints',
    kind: 'Endpoints',
    body: { subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }] },
  },
  {
    testname: 'LimitRange, resources',
    api: 'v1',
    plural: 'limitranges',
    kind: 'LimitRange',
    body: { spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '10Gi' } }] } },
  },
  {
    testname: 'ResourceQuota, manage lifecycle of a ResourceQuota',
    api: 'v1',
    plural: 'resourcequotas',
    kind: 'ResourceQuota',
    body: { spec: { hard: { 'requests.cpu': '10', 'count/widgets.example.com': '5' } } },
  },
  {
    testname: 'Deployment, status sub-resource',
    api: 'apps/v1',
    plural: 'deployments',
    kind: 'Deployment',
    body: { spec: { replicas: 0, paused: true, selector, template } },
    status: conditions,
  },
  {
    testname: 'ReplicaSet, list and delete a collection of ReplicaSets',
    api: 'apps/v1',
    plural: 'replicasets',
    kind: 'ReplicaSet',
    body: { spec: { replicas: 0, selector, template } },
    status: conditions,
  },
  {
    testname: 'StatefulSet, list, patch and delete a collection of StatefulSets',
    api: 'apps/v1',
    plural: 'statefulsets',
    kind: 'StatefulSet',
    body: { spec: { replicas: 0, serviceName: 'x', selector, template } },
    status: conditions,
  },
  {
    testname: 'DaemonSet, list and delete a collection of DaemonSets',
    api: 'apps/v1',
    plural: 'daemonsets',
    kind: 'DaemonSet',
    body: { spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { no: 'node' } } } } },
    status: conditions,
  },
  {
    testname: 'Replication Controller, lifecycle',
    api: 'v1',
    plural: 'replicationcontrollers',
    kind: 'ReplicationController',
    body: { spec: { replicas: 0, selector: { app: 'x' }, template } },
    status: conditions,
  },
  {
    testname: 'Jobs, manage lifecycle',
    api: 'batch/v1',
    plural: 'jobs',
    kind: 'Job',
    body: {
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: template.spec.containers } } },
    },
  },
  {
    testname: 'CronJob API Operations',
    api: 'batch/v1',
    plural: 'cronjobs',
    kind: 'CronJob',
    body: {
      spec: {
        suspend: true,
        schedule: '*/1 * * * *',
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'OnFailure', containers: template.spec.containers } } },
        },
      },
    },
    status: [{ lastScheduleTime: '2026-01-01T00:00:00Z' }, { lastScheduleTime: '2026-01-01T01:00:00Z' }],
  },
  {
    testname: 'PodDisruptionBudget: list and delete collection',
    api: 'policy/v1',
    plural: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    body: { spec: { minAvailable: 1, selector } },
    // As the disruption controller says it too, which would not let anything else stand.
    status: [
      { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 0 },
      { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 0 },
    ],
  },
  {
    testname: 'HorizontalPodAutoscaler API',
    api: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    body: {
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    },
    status: [
      { currentReplicas: 1, desiredReplicas: 2 },
      { currentReplicas: 2, desiredReplicas: 2 },
    ],
  },
  {
    testname: 'CSIDriver, lifecycle',
    api: 'storage.k8s.io/v1',
    plural: 'csidrivers',
    kind: 'CSIDriver',
    ...clusterScoped,
    body: { spec: { attachRequired: false } },
  },
  {
    testname: 'CSINode, lifecycle',
    api: 'storage.k8s.io/v1',
    plural: 'csinodes',
    kind: 'CSINode',
    ...clusterScoped,
    body: { spec: { drivers: [{ name: 'e2e.example.com', nodeID: 'n' }] } },
  },
  {
    testname: 'CSIStorageCapacity API',
    api: 'storage.k8s.io/v1',
    plural: 'csistoragecapacities',
    kind: 'CSIStorageCapacity',
    body: { storageClassName: 'x', nodeTopology: { matchLabels: { a: 'b' } } },
  },
  {
    testname: 'StorageClass, lifecycle',
    api: 'storage.k8s.io/v1',
    plural: 'storageclasses',
    kind: 'StorageClass',
    ...clusterScoped,
    body: { provisioner: 'e2e-fake-provisioner' },
  },
  {
    testname: 'VolumeAttributesClass, lifecycle',
    api: 'storage.k8s.io/v1',
    plural: 'volumeattributesclasses',
    kind: 'VolumeAttributesClass',
    ...clusterScoped,
    body: { driverName: 'e2e-fake-csi-driver', parameters: { iops: '3000' } },
  },
  {
    testname: 'VolumeAttachment, lifecycle',
    api: 'storage.k8s.io/v1',
    plural: 'volumeattachments',
    kind: 'VolumeAttachment',
    ...clusterScoped,
    body: { spec: { attacher: 'e2e-test.io', nodeName: 'n', source: { persistentVolumeName: 'pv' } } },
    status: [{ attached: true }, { attached: false }],
  },
  {
    testname: 'PersistentVolumes(Claims), lifecycle',
    api: 'v1',
    plural: 'persistentvolumes',
    kind: 'PersistentVolume',
    ...clusterScoped,
    body: {
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/tmp/x' },
        storageClassName: 'e',
      },
    },
    status: [
      { message: 'patched', reason: 'E2E' },
      { message: 'updated', reason: 'E2E' },
    ],
  },
  {
    testname: 'PersistentVolumes(Claims), apply changes to a pv/pvc status',
    api: 'v1',
    plural: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    body: {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'e' },
    },
    status: conditions,
  },
  {
    testname: 'Service, complete ServiceStatus lifecycle',
    api: 'v1',
    plural: 'services',
    kind: 'Service',
    body: { spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, targetPort: 80 }] } },
    status: [{ loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }, { conditions: [condition('StatusUpdate')] }],
  },
  {
    testname: 'Pods, completes the lifecycle of a Pod and the PodStatus',
    api: 'v1',
    plural: 'pods',
    kind: 'Pod',
    body: { spec: { ...template.spec, schedulerName: 'nobody' } },
    status: conditions,
  },
  {
    testname: 'Custom Resource Definition, list',
    api: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    ...clusterScoped,
    name: 'e2e$s.example.com',
    body: {
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'e2e$SUFFIXs', kind: 'E2E$SUFFIX' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  },
  {
    testname: 'Role API (sig-auth)',
    api: 'rbac.authorization.k8s.io/v1',
    plural: 'roles',
    kind: 'Role',
    body: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  },
  {
    testname: 'ClusterRole API (sig-auth)',
    api: 'rbac.authorization.k8s.io/v1',
    plural: 'clusterroles',
    kind: 'ClusterRole',
    ...clusterScoped,
    body: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  },
  {
    testname: 'RoleBinding API (sig-auth)',
    api: 'rbac.authorization.k8s.io/v1',
    plural: 'rolebindings',
    kind: 'RoleBinding',
    body: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'u' }],
    },
  },
  {
    testname: 'Event, manage lifecycle of an Event',
    api: 'v1',
    plural: 'events',
    kind: 'Event',
    body: {
      message: 'This is a test event',
      reason: 'Test',
      type: 'Normal',
      count: 1,
      involvedObject: { namespace: 'e2e-1' },
    },
  },
  {
    testname: 'Node, resource lifecycle',
    api: 'v1',
    plural: 'nodes',
    kind: 'Node',
    ...clusterScoped,
    body: {},
    status: conditions,
  },
  {
    testname: 'DRA, ResourceClaim API',
    api: 'resource.k8s.io/v1',
    plural: 'resourceclaims',
    kind: 'ResourceClaim',
    body: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
  },
];

function webhook(): object {
  return {
    name: 'e2e.example.com',
    clientConfig: { url: 'https://192.0.2.1/never' },
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    matchConditions: [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }],
    namespaceSelector: { matchLabels: { never: 'ever' } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  };
}
