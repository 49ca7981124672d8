// What the API server's benchmarks send: a pod of 1.6 KB, which is 4.7 KB with defaults and managedFields, and a
// deployment of half a kilobyte.

const container = (image: string): object => ({
  name: 'web',
  image,
  imagePullPolicy: 'IfNotPresent',
  command: ['/app/server'],
  args: ['--listen=:8080', '--log-level=info'],
  ports: [
    { name: 'http', containerPort: 8080, protocol: 'TCP' },
    { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
  ],
  env: [
    { name: 'LOG_FORMAT', value: 'json' },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
  ],
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
  livenessProbe: { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 5, periodSeconds: 10 },
  readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5 },
  volumeMounts: [
    { name: 'config', mountPath: '/etc/web', readOnly: true },
    { name: 'cache', mountPath: '/var/cache/web' },
  ],
});

/** Of a hundred pods one has a given `bucket`. */
export const pod = (namespace: string, name: string, i: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: {
        app: 'web',
        tier: 'frontend',
        'pod-template-hash': '5d8b9c7f6d',
        bucket: `b${i % 100}`,
        'app.kubernetes.io/managed-by': 'bench',
      },
      annotations: {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '8080',
        'example.com/config-hash': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
    },
    spec: {
      automountServiceAccountToken: false,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: { runAsUser: 1000, fsGroup: 2000 },
      containers: [container('registry.example.com/team/web:1.42.7')],
      volumes: [
        { name: 'config', configMap: { name: 'web-config' } },
        { name: 'cache', emptyDir: {} },
      ],
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'web', effect: 'NoSchedule' }],
    },
  });

export const deployment = (namespace: string, name: string, revision: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { 'example.com/revision': revision } },
        spec: {
          containers: [
            {
              name: 'web',
              image: 'registry.example.com/team/web:1',
              ports: [{ containerPort: 8080, protocol: 'TCP' }],
              resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
            },
          ],
        },
      },
    },
  });
