// Answers in protobuf: objects, lists, watch frames, errors, metadata; and JSON for what has no protobuf form.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeProtobuf } from '../../../src/api/codec/protobuf.ts';
import type { Request, Response } from '../../../src/wire/http.ts';
import { type TestServer, admin, startTestServer } from '../../support/server.ts';
import { configMap, widget } from './kinds.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const path = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ kinds: [configMap, widget] });
});
afterEach(() => server.close());

async function ask(method: string, url: string, accept: string, body?: object): Promise<Response> {
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
  return server.handler(request);
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
