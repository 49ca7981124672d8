// Images pulled from a registry on this machine: the pull policy, credentials, digests, one pull for many pods.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CoreEvents, Pods, Secrets } from '../../../src/api/resources.ts';
import type { Client } from '../../../src/client/rest.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { type TestNode, podGone, podOn, podUntil, startTestNode } from '../support/docker.ts';
import { type TestRegistry, startRegistry } from '../support/registry.ts';

const NODE = 'sampan-test-images';
const key = (name: string) => ({ name, namespace: 'default' });
const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];

let server: TestServer;
let client: Client;
let node: TestNode;
let registry: TestRegistry;
const images: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
  registry = await startRegistry('pass:word');
  node = await startTestNode({ name: NODE, client, podCidr: '10.245.73.0/24' });
});
afterAll(async () => {
  for (const image of images) await node.docker.removeImage(image).catch(() => undefined);
  await node?.destroy();
  await registry?.close();
  await server?.close();
});

const image = (name: string) => {
  images.push(`${registry.host}/${name}`);
  return `${registry.host}/${name}`;
};
const events = async (name: string) =>
  (await client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.name === name)
    .map((e) => `${e.type} ${e.reason} ${e.message}`);

test('a private image is pulled with the secret of its pod, once for all that want it', async () => {
  const wanted = image('sampan-test/private:1');
  const config = { auths: { [registry.host]: { username: 'user', password: 'pass:word' } } };
  await client.create(Secrets, {
    metadata: key('pull'),
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
  });
  const containers = [{ name: 'c', image: wanted, command }];
  await client.create(
    Pods,
    podOn(NODE, 'locked-out', { containers: [{ name: 'c', image: image('sampan-test/other:1'), command }] }),
  );
  for (const name of ['one', 'two']) {
    await client.create(Pods, podOn(NODE, name, { containers, imagePullSecrets: [{ name: 'pull' }] }));
  }
  const one = await podUntil(client, 'one', isReady);
  await podUntil(client, 'two', isReady);
  expect(one.status?.containerStatuses?.[0]).toMatchObject({
    image: wanted,
    imageID: expect.stringMatching(
      new RegExp(`^docker-pullable://${registry.host}/sampan-test/private@sha256:[0-9a-f]{64}$`),
    ) as string,
  });
  // Whichever pod came first pulled; the other waited for it, or came after it and found the image.
  const both = [await events('one'), await events('two')];
  const told = both.find(([first]) => first?.startsWith('Normal Pulling')) ?? [];
  expect(told[0]).toBe(`Normal Pulling Pulling image "${wanted}"`);
  expect(told[1]).toMatch(
    /^Normal Pulled Successfully pulled image "\S+" in \S+ \(\S+ including waiting\)\. Image size: \d+ bytes\.$/,
  );
  expect(registry.asked.filter((line) => line.startsWith('GET /v2/sampan-test/private/blobs/'))).toHaveLength(2);

  const out = await podUntil(
    client,
    'locked-out',
    (p) => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  );
  expect(out.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain('no basic auth credentials');
  expect(await events('locked-out')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Warning Failed Failed to pull image ".*": .*no basic auth credentials/),
      'Warning Failed Error: ErrImagePull',
      expect.stringMatching(/^Normal BackOff Back-off pulling image "/),
      'Warning Failed Error: ImagePullBackOff',
    ]) as string[],
  );
  // A pod that waits for its image ends at once.
  for (const name of ['one', 'two', 'locked-out']) await client.delete(Pods, key(name));
  for (const name of ['one', 'two', 'locked-out']) await podGone(client, name);
});
