// A real API server inside of a test: what an operator's author needs downloaded binaries for elsewhere. The operator
// below is a plain @kubernetes/client-node program; it does not know that the server is in the same process.
import { AppsV1Api, CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, runSimulatedNodes, silentLogger, startServer, systemClock } from 'sampan';

let server: RunningServer;
const config = new KubeConfig();
const stop = new AbortController();
let nodes: Promise<void>;

beforeAll(async () => {
  server = await startServer({ listen: { host: '127.0.0.1', port: 0 } });
  config.loadFromString(server.kubeconfig!);
  nodes = runSimulatedNodes({
    client: server.client(),
    count: 2,
    clock: systemClock,
    log: silentLogger,
    signal: stop.signal,
  });
});
afterAll(async () => {
  stop.abort();
  await nodes;
  await server.close();
});

/** The operator under test: every ConfigMap labelled `site=true` gets a Deployment of its name. */
function startOperator(): { stop(): Promise<void> } {
  const [core, apps] = [config.makeApiClient(CoreV1Api), config.makeApiClient(AppsV1Api)];
  const list = () => core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'site=true' });
  const informer = makeInformer(config, '/api/v1/namespaces/default/configmaps', list, 'site=true');
  informer.on('add', (site) => {
    const name = site.metadata!.name!;
    const labels = { site: name };
    const spec = {
      replicas: Number(site.data?.['replicas'] ?? 1),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'example/site:1' }] } },
    };
    void apps.createNamespacedDeployment({ namespace: 'default', body: { metadata: { name }, spec } });
  });
  void informer.start();
  return { stop: () => informer.stop() };
}

it('makes a deployment of every site, and its pods become ready', async () => {
  const operator = startOperator();
  const core = config.makeApiClient(CoreV1Api);
  const body = { metadata: { name: 'blog', labels: { site: 'true' } }, data: { replicas: '2' } };
  await core.createNamespacedConfigMap({ namespace: 'default', body });
  const apps = config.makeApiClient(AppsV1Api);
  await expect
    .poll(
      async () =>
        (await apps.readNamespacedDeployment({ namespace: 'default', name: 'blog' }).catch(() => undefined))?.status
          ?.readyReplicas,
      { timeout: 15_000 },
    )
    .toBe(2);
  await operator.stop();
});
