// Answers in protobuf: objects, lists, watch frames, errors, metadata; and JSON for what has no protobuf form.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeProtobuf } from '../../../src/api/codec/protobuf.ts';
import { encodeProtobuf } from '../../../src/api/codec/protobuf-envelope.ts';
import type { Request, Response } from '../../../src/wire/http.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, admin, startTestServer } from '../../support/server.ts';
import { configMap, widget } from './kinds.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const path = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ kinds: [configMap, widget] });
});
afterEach(() => server.close());

async function ask(
  method: string,
  url: string,
  accept: string,
  body?: object,
  { handler }: Pick<TestServer, 'handler'> = server,
): Promise<Response> {
  const [pathname = '', query = ''] = url.split('?');
  const bytes = Buffer.from(JSON.stringify(body ?? {}));
  const request: Request = {
    method,
    path: pathname,
    query: new URLSearchParams(query),
    headers: { accept, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: { bytes: () => Promise.resolve(bytes) } } : {}),
    signal: new AbortController().signal,
    user: admin,
  };
  return handler(request);
}

async function bytesOf(response: Response): Promise<Buffer> {
  const body = response.body!.bytes();
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const read = async (url: string, accept = PROTOBUF): Promise<unknown> => {
  const response = await ask('GET', url, accept);
  expect(response.headers['content-type']).toBe(PROTOBUF);
  return decodeProtobuf(await bytesOf(response));
};
/** The first events of a watch, as type and object. */
async function framesOf(response: Response, count: number): Promise<[string, object][]> {
  const frames: [string, object][] = [];
  let read = Buffer.alloc(0);
  for await (const chunk of response.body!.bytes() as AsyncIterable<Buffer>) {
    read = Buffer.concat([read, chunk]);
    while (read.length >= 4 && read.length >= 4 + read.readUInt32BE(0)) {
      const frame = read.subarray(4, 4 + read.readUInt32BE(0));
      read = read.subarray(4 + frame.length);
      const type = frame.toString('latin1', 2, 2 + frame[1]!);
      frames.push([type, decodeProtobuf(frame.subarray(frame.indexOf('k8s\0')))]);
      if (frames.length === count) return frames;
    }
  }
  return frames;
}
const make = (name: string): object => ({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name }, data: { k: name } });

describe('protobuf', () => {
  it('is what objects, lists, metadata and errors are answered in', async () => {
    const created = await ask('POST', path, `${PROTOBUF},application/json`, make('a'));
    expect(decodeProtobuf(await bytesOf(created))).toMatchObject({ kind: 'ConfigMap', data: { k: 'a' } });
    await ask('POST', path, PROTOBUF, make('b'));
    const object = await read(`${path}/a`);
    const json = JSON.parse((await bytesOf(await ask('GET', `${path}/a`, 'application/json'))).toString()) as object;
    expect(object).toEqual(json);
    expect(await read(path)).toMatchObject({
      kind: 'ConfigMapList',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) as string },
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    });
    expect(await read(path, `${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`)).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    });
    expect(await read(`${path}/none`)).toMatchObject({ kind: 'Status', reason: 'NotFound', code: 404 });
  });

  it('frames the events of a watch', async () => {
    await ask('POST', path, PROTOBUF, make('a'));
    const response = await ask('GET', `${path}?watch=1&resourceVersion=0`, PROTOBUF);
    expect(response.headers['content-type']).toBe(`${PROTOBUF};stream=watch`);
    for await (const frame of response.body!.bytes() as AsyncIterable<Buffer>) {
      expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
      expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ADDED');
      const envelope = frame.subarray(frame.indexOf('k8s\0'));
      expect(decodeProtobuf(envelope)).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' } });
      break;
    }
  });

  it('frames updates, deletions, bookmarks and errors', async () => {
    const made = JSON.parse((await bytesOf(await ask('POST', path, 'application/json', make('a')))).toString()) as {
      metadata: { resourceVersion: string };
    };
    await ask('PUT', `${path}/a`, PROTOBUF, { ...make('a'), data: { k: 'other' } });
    await ask('DELETE', `${path}/a`, PROTOBUF);
    const from = `${path}?watch=1&resourceVersion=${made.metadata.resourceVersion}`;
    const frames = await framesOf(await ask('GET', from, PROTOBUF), 2);
    expect(frames).toMatchObject([
      ['MODIFIED', { kind: 'ConfigMap', apiVersion: 'v1', data: { k: 'other' } }],
      ['DELETED', { kind: 'ConfigMap', data: { k: 'other' } }],
    ]);
    const ending = `${path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1`;
    expect(await framesOf(await ask('GET', `${ending}&resourceVersion=0`, PROTOBUF), 1)).toMatchObject([
      ['BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion: expect.stringMatching(/^\d+$/) as string } }],
    ]);
    await server.store.compact(await server.store.currentRevision());
    const second = await startTestServer({ kinds: [configMap], store: server.store, namespaces: false });
    const expired = await ask('GET', from, PROTOBUF, undefined, second);
    expect(await framesOf(expired, 1)).toMatchObject([['ERROR', { kind: 'Status', reason: 'Expired', code: 410 }]]);
    await second.server.close();
  });

  it('says in 406 what there is', async () => {
    const none = await ask('GET', `${path}`, 'image/png');
    expect(none.status).toBe(406);
    const status = JSON.parse((await bytesOf(none)).toString()) as { message: string; reason: string };
    expect(status).toMatchObject({ reason: 'NotAcceptable' });
    expect(status.message).toBe(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    const table = `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`;
    expect((await ask('GET', path, table)).status).toBe(406);
    expect((await ask('GET', path, `${table},application/json`)).headers['content-type']).toBe('application/json');
  });

  it.each([
    [
      'extensions/v1beta1',
      'Deployment',
      { template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
      { replicas: 1, strategy: { rollingUpdate: { maxSurge: 1 } } },
    ],
    [
      'networking.k8s.io/v1beta1',
      'Ingress',
      { backend: { serviceName: 's', servicePort: 'http' } },
      { backend: { serviceName: 's', servicePort: 'http' } },
    ],
    [
      'batch/v2alpha1',
      'CronJob',
      {
        schedule: '* * * * *',
        jobTemplate: {
          spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } } },
        },
      },
      { schedule: '* * * * *', concurrencyPolicy: 'Allow' },
    ],
    [
      'autoscaling/v2beta1',
      'HorizontalPodAutoscaler',
      {
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }],
      },
      { metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }] },
    ],
  ])('is spoken of %s, which upstream removed', async (apiVersion, kind, spec, shown) => {
    const old = await startTestServer();
    const plural = kind === 'Ingress' ? 'ingresses' : `${kind.toLowerCase()}s`;
    const collection = `/apis/${apiVersion}/namespaces/default/${plural}`;
    const body = encodeProtobuf(Buffer.from(JSON.stringify({ apiVersion, kind, metadata: { name: 'web' }, spec })))!;
    expect(body.subarray(0, 4).toString('latin1')).toBe('k8s\0');
    const created = await raw(old, 'POST', collection, { body, headers: { 'content-type': PROTOBUF } });
    expect(created.json).toMatchObject({ apiVersion, kind, spec: shown });
    const read = await ask('GET', `${collection}/web`, PROTOBUF, undefined, old);
    expect(decodeProtobuf(await bytesOf(read))).toMatchObject({ apiVersion, kind, spec: shown });
    const list = decodeProtobuf(await bytesOf(await ask('GET', collection, PROTOBUF, undefined, old)));
    expect(list).toMatchObject({ kind: `${kind}List`, items: [{ spec: shown }] });
    await old.close();
  });

  it('is not spoken of custom resources and Tables', async () => {
    const widgets = '/apis/example.com/v1/namespaces/default/widgets';
    expect((await ask('GET', widgets, PROTOBUF)).status).toBe(406);
    const either = await ask('GET', widgets, `${PROTOBUF},application/json`);
    expect(either.headers['content-type']).toBe('application/json');
    const table = 'as=Table;g=meta.k8s.io;v=v1';
    const asTable = await ask('GET', path, `${PROTOBUF};${table},application/json;${table}`);
    expect((await bytesOf(asTable)).toString()).toContain('"kind":"Table"');
  });
});
