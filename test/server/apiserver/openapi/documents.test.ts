// The OpenAPI documents of the whole server: complete, consistent, and in the forms that clients read.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../support/server.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { CustomResourceDefinitions } from '../../../../src/api/resources.ts';

interface Json {
  [key: string]: unknown;
}
interface Document extends Json {
  paths: Record<string, Record<string, Json & { parameters?: { name: string }[]; requestBody?: { content: Json } }>>;
  definitions: Record<string, Json>;
  components: { schemas: Record<string, Json & { properties: Record<string, Json> }> };
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function get(address: string, headers: Record<string, string> = {}) {
  const url = new URL(address, 'http://x');
  const response = await server.handler({
    method: 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    signal: new AbortController().signal,
  });
  return { ...response, bytes: Buffer.from((response.body?.bytes() as Uint8Array | undefined) ?? []) };
}
const json = async (address: string): Promise<Document> =>
  JSON.parse((await get(address, { accept: 'application/json' })).bytes.toString('utf8')) as Document;

/** Every $ref below a value. */
function refs(value: unknown, found = new Set<string>()): Set<string> {
  if (value === null || typeof value !== 'object') return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string') found.add(inner);
    else refs(inner, found);
  }
  return found;
}

describe('/openapi/v3', () => {
  it('lists a document for each group and version, and every reference in them leads somewhere', async () => {
    const { paths } = (await json('/openapi/v3')) as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(paths)).toContain('apis/apps/v1');
    for (const { serverRelativeURL } of Object.values(paths)) {
      const document = await json(serverRelativeURL);
      const names = new Set(Object.keys(document.components.schemas).map((n) => `#/components/schemas/${n}`));
      expect([...refs(document)].filter((ref) => !names.has(ref))).toEqual([]);
    }
  });

  it('says what kubectl looks for', async () => {
    const { paths, components } = await json('/openapi/v3/apis/apps/v1');
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']!['patch']!;
    expect(patch['x-kubernetes-action']).toBe('patch');
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', kind: 'Deployment', version: 'v1' });
    expect(patch.parameters?.map((p) => p.name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(Object.keys(patch.requestBody!.content)).toContain('application/strategic-merge-patch+json');
    expect(paths['/apis/apps/v1/deployments']!['get']!['operationId']).toBe('listAppsV1DeploymentForAllNamespaces');
    const { containers } = components.schemas['io.k8s.api.core.v1.PodSpec']!.properties;
    expect(containers).toMatchObject({
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(components.schemas['io.k8s.api.apps.v1.Deployment']!['x-kubernetes-group-version-kind']).toEqual([
      { group: 'apps', kind: 'Deployment', version: 'v1' },
    ]);
  });

  it('answers an address with its hash for good, and sends old addresses to the new one', async () => {
    const { paths } = (await json('/openapi/v3')) as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const current = await get(paths['api/v1']!.serverRelativeURL);
    expect(current.headers['cache-control']).toContain('immutable');
    const again = await get('/openapi/v3/api/v1', { 'if-none-match': current.headers['etag'] as string });
    expect(again.status).toBe(304);
    const old = await get('/openapi/v3/api/v1?hash=OLD');
    expect([old.status, old.headers['location']]).toEqual([301, paths['api/v1']!.serverRelativeURL]);
  });

  it('answers 404 and 406', async () => {
    expect((await get('/openapi/v3/apis/nope/v1')).status).toBe(404);
    expect((await get('/openapi/v3', { accept: 'text/html' })).status).toBe(406);
  });
});

describe('/openapi/v2', () => {
  it('has every definition that it refers to', async () => {
    const document = await json('/openapi/v2');
    const names = new Set(Object.keys(document.definitions).map((n) => `#/definitions/${n}`));
    expect([...refs(document)].filter((ref) => !names.has(ref))).toEqual([]);
    expect(document.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({
      type: 'string',
      format: 'int-or-string',
    });
  });

  it('comes as protobuf under the name that old clients ask for', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const response = await get('/openapi/v2', { accept });
    expect(response.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    const document = await json('/openapi/v2');
    const fields = decode(response.bytes);
    expect(fields.get(1)?.[0]?.toString()).toBe('2.0');
    const paths = decode(fields.get(8)![0]!)
      .get(2)!
      .map((p) => decode(p).get(1)![0]!.toString());
    expect(paths).toEqual(Object.keys(document.paths));
    const definitions = decode(fields.get(9)![0]!).get(1)!;
    expect(definitions.map((d) => decode(d).get(1)![0]!.toString())).toEqual(Object.keys(document.definitions));
    const pod = decode(definitions.find((d) => decode(d).get(1)![0]!.toString() === 'io.k8s.api.core.v1.Pod')!);
    const extension = decode(decode(pod.get(2)![0]!).get(31)![0]!);
    expect(extension.get(1)![0]!.toString()).toBe('x-kubernetes-group-version-kind');
    expect(decode(extension.get(2)![0]!).get(2)![0]!.toString()).toBe('- group: ""\n  kind: Pod\n  version: v1\n');
  });
});

describe('/openapi/v3 as protobuf', () => {
  const answered = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
  const path = '/openapi/v3/apis/apps/v1';
  const text = (message: Buffer, field: number) => decode(message).get(field)?.[0]?.toString();
  const names = (list: Buffer[]) => list.map((entry) => text(entry, 1));
  const value = (list: Buffer[], name: string) => decode(list.find((entry) => text(entry, 1) === name)!).get(2)![0]!;
  const at = (message: Buffer, ...fields: number[]): Buffer =>
    fields.reduce((part, field) => decode(part).get(field)![0]!, message);

  it.each(['application/com.github.proto-openapi.spec.v3@v1.0+protobuf', answered, `${answered}, application/json`])(
    'comes to who accepts %s',
    async (accept) => {
      const { headers, bytes } = await get(path, { accept });
      expect(headers).toMatchObject({ 'content-type': answered, vary: 'Accept' });
      expect(text(bytes, 1)).toBe('3.0.0');
    },
  );

  it('says what the JSON document says, under the same hash', async () => {
    const plain = await get(path);
    const { headers, bytes } = await get(path, { accept: answered });
    expect(headers['etag']).toBe(plain.headers['etag']);
    const again = await get(path, { accept: answered, 'if-none-match': headers['etag'] as string });
    expect(again.status).toBe(304);
    const hash = (headers['etag'] as string).replaceAll('"', '');
    const kept = await get(`${path}?hash=${hash}`, { accept: answered });
    expect(kept.headers).toMatchObject({ 'cache-control': 'public, immutable', 'content-type': answered });
    expect((await get(`${path}?hash=other`, { accept: answered })).status).toBe(301);

    const document = await json(path);
    const paths = decode(at(bytes, 4)).get(1)!;
    expect(names(paths)).toEqual(Object.keys(document.paths));
    const schemas = decode(at(bytes, 5, 1)).get(1)!;
    expect(names(schemas)).toEqual(Object.keys(document.components.schemas));

    const deployments = value(paths, '/apis/apps/v1/namespaces/{namespace}/deployments');
    expect(text(at(deployments, 6), 5)).toBe('createAppsV1NamespacedDeployment');
    expect(names(decode(at(deployments, 6, 7, 1, 2)).get(1)!)).toEqual(
      Object.keys(document.paths['/apis/apps/v1/namespaces/{namespace}/deployments']!['post']!.requestBody!.content),
    );
    const spec = at(value(schemas, 'io.k8s.api.apps.v1.DeploymentSpec'), 1);
    const properties = decode(at(spec, 31)).get(1)!;
    expect(decode(spec).get(23)!.map(String)).toEqual(['selector', 'template']);
    expect(text(at(value(properties, 'replicas'), 1), 35)).toBe('int32');
    const template = at(value(properties, 'template'), 1);
    expect(text(at(template, 26, 2), 1)).toBe('#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec');
    // A default that is an object is there, and empty.
    expect(decode(template).get(33)).toEqual([Buffer.alloc(0)]);
  });

  it('is nothing for the index, and refused under another name', async () => {
    expect((await get('/openapi/v3', { accept: '*/*' })).headers['content-type']).toBe('application/json');
    const refused = await get(path, { accept: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' }).catch(
      (error: { code?: number }) => ({ status: error.code }),
    );
    expect(refused.status).toBe(406);
  });
});

/** Length-delimited fields of a protobuf message, by number; others are skipped. */
function decode(bytes: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else if (tag % 8 === 1) at += 8;
    else {
      const length = varint();
      const field = Math.floor(tag / 8);
      fields.set(field, [...(fields.get(field) ?? []), bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  expect(at).toBe(bytes.length);
  return fields;
}

describe('custom resources', () => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'crontabs.stable.example.com' },
    spec: {
      group: 'stable.example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', kind: 'CronTab' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'A tab.',
              properties: {
                spec: { type: 'object', properties: { cron: { type: 'string', pattern: '^a' } } },
                job: {
                  type: 'object',
                  'x-kubernetes-embedded-resource': true,
                  'x-kubernetes-preserve-unknown-fields': true,
                },
              },
            },
          },
        },
      ],
    },
  };

  it('are in both documents as soon as they are served, and change no other document', async () => {
    const index = (): Promise<{ paths: object }> => json('/openapi/v3') as Promise<never>;
    const before = (await index()).paths;
    await server.client().create(CustomResourceDefinitions, crd as unknown as Unstructured);
    await expect.poll(async () => Object.keys((await index()).paths)).toContain('apis/stable.example.com/v1');
    expect((await index()).paths).toMatchObject(before);
    const { paths, components } = await json('/openapi/v3/apis/stable.example.com/v1');
    const patch = paths['/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}']!['patch']!;
    expect(Object.keys(patch.requestBody!.content)).not.toContain('application/strategic-merge-patch+json');
    expect(components.schemas['com.example.stable.v1.CronTab']).toMatchObject({
      description: 'A tab.',
      properties: { spec: { properties: { cron: { type: 'string', pattern: '^a' } } } },
      'x-kubernetes-group-version-kind': [{ group: 'stable.example.com', kind: 'CronTab', version: 'v1' }],
    });
    const whole = components.schemas['com.example.stable.v1.CronTab'] as unknown as { properties: { job: object } };
    expect(whole.properties.job).toMatchObject({
      required: ['kind', 'apiVersion'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
      },
    });
    expect(components.schemas['com.example.stable.v1.CronTabList']).toBeDefined();
    expect((await json('/openapi/v2')).definitions['com.example.stable.v1.CronTab']).toBeDefined();
  });
});
