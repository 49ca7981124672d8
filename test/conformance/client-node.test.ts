// An independent client against a whole server over TLS: @kubernetes/client-node with the administrator's kubeconfig.
import {
  ApiextensionsV1Api,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  VersionApi,
  Watch,
  makeInformer,
  setHeaderOptions,
  type KubernetesObject,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/server/server.ts';

let server: RunningServer;
const config = new KubeConfig();
const namespace = 'default';
beforeAll(async () => {
  server = await startServer({ store: 'memory', listen: { host: '127.0.0.1', port: 0 } });
  config.loadFromString(server.kubeconfig!);
});
afterAll(() => server.close());

const core = () => config.makeApiClient(CoreV1Api);
const status = (error: unknown): number => (error as { code: number }).code;

describe('@kubernetes/client-node', () => {
  it('asks for the version and for what it may do', async () => {
    expect((await config.makeApiClient(VersionApi).getCode()).major).toBe('1');
    const review = { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } };
    const answer = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body: review });
    expect(answer.status?.allowed).toBe(true);
  });

  it('creates, reads, replaces, patches in every form, lists in pages and deletes', async () => {
    const api = core();
    const body = { metadata: { name: 'one', labels: { suite: 'cn' } }, data: { a: '1' } };
    expect((await api.createNamespacedConfigMap({ namespace, body })).metadata?.uid).toBeDefined();
    expect(await api.createNamespacedConfigMap({ namespace, body }).catch(status)).toBe(409);
    const read = await api.readNamespacedConfigMap({ namespace, name: 'one' });
    expect(read.metadata?.creationTimestamp).toBeInstanceOf(Date);
    expect(
      (await api.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...read, data: { b: '2' } } })).data,
    ).toEqual({ b: '2' });
    const patches: [PatchStrategy, unknown, object][] = [
      [PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/c', value: '3' }], { b: '2', c: '3' }],
      [PatchStrategy.MergePatch, { data: { b: null } }, { c: '3' }],
      [PatchStrategy.StrategicMergePatch, { data: { d: '4' } }, { c: '3', d: '4' }],
    ];
    for (const [strategy, patch, data] of patches) {
      const options = setHeaderOptions('Content-Type', strategy);
      expect((await api.patchNamespacedConfigMap({ namespace, name: 'one', body: patch }, options)).data).toEqual(data);
    }
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { e: '5' } };
    const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
    const result = await api.patchNamespacedConfigMap(
      { namespace, name: 'one', body: applied, fieldManager: 'cn' },
      options,
    );
    expect(result.data).toEqual({ c: '3', d: '4', e: '5' });
    await api.createNamespacedConfigMap({ namespace, body: { ...body, metadata: { ...body.metadata, name: 'two' } } });
    const names: string[] = [];
    for (let token: string | undefined; ;) {
      const page = await api.listNamespacedConfigMap({
        namespace,
        labelSelector: 'suite=cn',
        limit: 1,
        ...(token ? { _continue: token } : {}),
      });
      names.push(...page.items.map((o) => o.metadata!.name!));
      token = page.metadata?._continue;
      if (!token) break;
    }
    expect(names).toEqual(['one', 'two']);
    expect((await api.deleteNamespacedConfigMap({ namespace, name: 'two' })).status).toBe('Success');
    await api.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'suite=cn' });
    expect(await api.readNamespacedConfigMap({ namespace, name: 'one' }).catch(status)).toBe(404);
  });

  it('watches', async () => {
    const seen: string[] = [];
    const { metadata } = await core().listNamespacedConfigMap({ namespace });
    await new Promise<void>((resolve, reject) => {
      const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true };
      void new Watch(config)
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          query,
          (phase: string, object: V1ConfigMap) => {
            if (object.metadata?.name === 'watched') seen.push(phase);
            if (phase === 'DELETED') resolve();
          },
          (error: unknown) => reject(error instanceof Error ? error : new Error('ended')),
        )
        .then(async () => {
          await core().createNamespacedConfigMap({ namespace, body: { metadata: { name: 'watched' } } });
          await core().patchNamespacedConfigMap({
            namespace,
            name: 'watched',
            body: [{ op: 'add', path: '/data', value: { a: 'b' } }],
          });
          await core().deleteNamespacedConfigMap({ namespace, name: 'watched' });
        })
        .catch(reject);
    });
    expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('keeps an informer that sees what was and what comes', async () => {
    const list = () => core().listNamespacedSecret({ namespace });
    await core().createNamespacedSecret({ namespace, body: { metadata: { name: 'before' }, stringData: { a: 'b' } } });
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, list);
    const events: string[] = [];
    const done = new Promise<void>((resolve) => informer.on('delete', () => resolve()));
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, (o) => void events.push(`${verb} ${o.metadata!.name}`));
    await informer.start();
    await core().createNamespacedSecret({ namespace, body: { metadata: { name: 'after' } } });
    await core().deleteNamespacedSecret({ namespace, name: 'before' });
    await done;
    expect(events).toEqual(expect.arrayContaining(['add before', 'add after', 'delete before']));
    expect(informer.get('after', namespace)?.metadata?.name).toBe('after');
    await informer.stop();
  });

  it('works with objects of any kind', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const key = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'any', namespace } };
    const labels = { app: 'any' };
    const spec = {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    };
    const made = await objects.create({ ...key, spec } as KubernetesObject);
    expect(made.metadata?.uid).toBeDefined();
    await objects.patch({ ...key, metadata: { ...key.metadata, annotations: { patched: 'yes' } } } as never);
    expect((await objects.read(key)).metadata?.annotations).toMatchObject({ patched: 'yes' });
    expect((await objects.list('apps/v1', 'Deployment', namespace)).items).toHaveLength(1);
    const apps = config.makeApiClient(AppsV1Api);
    expect((await apps.readNamespacedDeploymentScale({ namespace, name: 'any' })).spec?.replicas).toBe(1);
    await objects.delete(key, undefined, undefined, undefined, undefined, 'Background');
    expect(await objects.read(key).catch(status)).toBe(404);
  });

  it('defines a kind and uses it at once', async () => {
    const names = { plural: 'cns', kind: 'Cn' };
    const schema = {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
      },
    };
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        metadata: { name: 'cns.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names,
          versions: [{ name: 'v1', served: true, storage: true, schema }],
        },
      },
    });
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group: 'example.com', version: 'v1', plural: 'cns', namespace };
    const body = { apiVersion: 'example.com/v1', kind: 'Cn', metadata: { name: 'o' }, spec: { n: 1 } };
    await custom.createNamespacedCustomObject({ ...at, body });
    const listed = (await custom.listNamespacedCustomObject(at)) as { items: object[] };
    expect(listed.items).toMatchObject([{ spec: { n: 1 } }]);
    expect(
      await custom
        .createNamespacedCustomObject({ ...at, body: { ...body, metadata: { name: 'bad' }, spec: { n: 'x' } } })
        .catch(status),
    ).toBe(422);
    await custom.deleteNamespacedCustomObject({ ...at, name: 'o' });
  });

  it('exec into a pod that is on no node is refused with a reason', async () => {
    const { Exec } = await import('@kubernetes/client-node');
    await core().createNamespacedPod({
      namespace,
      body: { metadata: { name: 'lone' }, spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'x' }] } },
    });
    const refused = new Exec(config).exec(namespace, 'lone', 'c', ['true'], null, null, null, false);
    await expect(refused).rejects.toBeDefined();
  });
});
