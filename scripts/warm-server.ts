// An API server of one table, for the run after which V8's compiled functions are kept: what `get pods` needs is compiled
// then. It knows discovery and pods, and nothing else.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const discovery = (items: unknown[]) => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items,
});
const pods = {
  resource: 'pods',
  singularResource: 'pod',
  shortNames: ['po'],
  scope: 'Namespaced',
  responseKind: { group: '', version: 'v1', kind: 'Pod' },
  verbs: ['get', 'list', 'watch'],
};
const column = (name: string, priority = 0) => ({ name, type: 'string', format: '', description: '', priority });
const row = (name: string) => ({
  cells: [name, '1/1', 'Running', 0, '5m', '10.0.0.1'],
  object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name, namespace: 'default' } },
});
const table = {
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { resourceVersion: '1' },
  columnDefinitions: [
    column('Name'),
    column('Ready'),
    column('Status'),
    column('Restarts'),
    column('Age'),
    column('IP', 1),
  ],
  rows: [row('a'), row('b')],
};

/** The kubeconfig of a server that runs until it is closed. */
export async function warmServer(): Promise<{ kubeconfig: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const items = path === '/api' ? [{ metadata: {}, versions: [{ version: 'v1', resources: [pods] }] }] : [];
    const isDiscovery = path === '/api' || path === '/apis';
    const type = isDiscovery
      ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
      : 'application/json';
    response.writeHead(200, { 'content-type': type });
    response.end(JSON.stringify(isDiscovery ? discovery(items) : table));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = `apiVersion: v1
kind: Config
current-context: warm
clusters:
- cluster:
    server: http://127.0.0.1:${port}
  name: warm
contexts:
- context:
    cluster: warm
    namespace: default
    user: warm
  name: warm
users:
- name: warm
  user:
    token: warm
`;
  return { kubeconfig, close: () => server.close() };
}
