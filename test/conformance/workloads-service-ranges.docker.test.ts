// Services with addresses of a range that a user made: pods and the host reach them, and the range stays while they are there.
// Upstream: test/e2e/network/service_cidrs.go, on two real nodes.
import { afterAll, beforeAll, expect } from 'vitest';
import { run } from '../support/cli.ts';
import { type Cluster, HOST_MOUNT, HOST_VOLUME, Space, WAIT, js, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('ranges');
  space = await Space.make(cluster.api, 'ranges');
  start();
});
afterAll(() => cluster?.close());

const RANGES = '/apis/networking.k8s.io/v1/servicecidrs';

scenario('Services are served on different Service CIDRs', async () => {
  const names = cluster.nodes.map((node) => node.metadata.name);
  const script = `require('http').createServer((q,r)=>r.end('here')).listen(8080,'0.0.0.0')`;
  const labels = { app: 'web' };
  await space.pod('web', { containers: [js(script)], volumes: [HOST_VOLUME], nodeName: names[0] }, { labels });
  await space.pod('client', {
    containers: [sh(WAIT, HOST_MOUNT)],
    volumes: [HOST_VOLUME],
    nodeName: names[1],
  });
  await cluster.api.post(RANGES, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'mine' },
    spec: { cidrs: ['10.97.12.0/24'] },
  });
  await patient(
    () => cluster.api.get(`${RANGES}/mine`),
    (range) => range['status']?.conditions?.[0]?.status === 'True',
  );
  await space.create('services', {
    metadata: { name: 'web' },
    spec: { selector: labels, clusterIP: '10.97.12.34', ports: [{ port: 80, targetPort: 8080 }] },
  });
  await Promise.all(['web', 'client'].map((name) => space.ready(name)));
  const url = 'http://10.97.12.34/';
  await patient(
    () => cluster.exec('ranges', 'client', `timeout 3 wget -qO- ${url} 2>/dev/null || true`).then((t) => t.trim()),
    (text) => text === 'here',
  );
  await patient(
    () => run('curl', ['-s', '-m', '3', url]).then(({ stdout }) => stdout),
    (text) => text === 'here',
  );

  await cluster.api.del(`${RANGES}/mine`);
  await patient(
    () => cluster.api.get(`${RANGES}/mine`),
    (range) => range['status'].conditions[0].reason === 'Terminating',
  );
  await cluster.api.del(space.path('services', 'web'));
  const namesOf = (path: string) => cluster.api.items(path).then((items) => items.map((item) => item.metadata.name));
  await patient(
    () => namesOf(RANGES),
    (left) => !left.includes('mine'),
  );
  expect(await namesOf('/apis/networking.k8s.io/v1/ipaddresses')).not.toContain('10.97.12.34');
});
