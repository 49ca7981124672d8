// The API's surface against upstream's, fact by fact: the tables under test/golden/surface are taken from Kubernetes'
// own discovery and OpenAPI documents by scripts/upstream-surface.ts. What differs on purpose is named here and in
// docs/deviations.md, and nothing else may.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ResourceFact,
  type Swagger,
  definitionFacts,
  operationFacts,
  resourceLine,
} from '../../../scripts/surface/facts.ts';
import { raw } from '../../support/raw.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ namespaces: false });
});
afterAll(() => server.close());

const golden = (file: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../golden/surface', file), 'utf8')
    .trimEnd()
    .split('\n');

async function get<T>(path: string, accept = 'application/json'): Promise<T> {
  const { status, json } = await raw(server, 'GET', path, { headers: { accept } });
  expect(status, path).toBe(200);
  return json as T;
}

const isStable = (version: string): boolean => /^v\d+$/.test(version);

interface Kind {
  group: string;
  version: string;
  kind: string;
}
interface Aggregated {
  items: {
    metadata: { name?: string };
    versions: {
      version: string;
      resources: {
        resource: string;
        responseKind: Kind;
        scope: string;
        singularResource: string;
        shortNames?: string[];
        categories?: string[];
        verbs: string[];
        subresources?: { subresource: string; responseKind: Kind; verbs: string[] }[];
      }[];
    }[];
  }[];
}

const join3 = ({ group, version, kind }: Kind, own: string): string =>
  (group === '' ? version : `${group}/${version}`) === own ? kind : `${group}/${version}/${kind}`;

function aggregatedLines({ items }: Aggregated): string[] {
  const lines: string[] = [];
  for (const { metadata, versions } of items) {
    for (const { version, resources } of versions.filter((v) => isStable(v.version))) {
      const groupVersion = metadata.name === undefined ? version : `${metadata.name}/${version}`;
      for (const r of resources) {
        const namespaced = r.scope === 'Namespaced';
        const fact = (name: string, kind: Kind, verbs: string[]): ResourceFact => ({
          groupVersion,
          name,
          kind: join3(kind, groupVersion),
          namespaced,
          verbs,
        });
        const names = [r.singularResource, (r.shortNames ?? []).join(','), (r.categories ?? []).join(',')];
        if (r.verbs.length > 0) lines.push(resourceLine(fact(r.resource, r.responseKind, r.verbs), names));
        for (const sub of r.subresources ?? []) {
          lines.push(resourceLine(fact(`${r.resource}/${sub.subresource}`, sub.responseKind, sub.verbs), []));
        }
      }
    }
  }
  return lines.sort();
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('discovery', () => {
  const asked = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  it.each([
    ['the newest that is known', `${asked('v2')},${asked('v2beta1')},application/json`, 'apidiscovery.k8s.io/v2'],
    ['what is asked for', asked('v2beta1'), 'apidiscovery.k8s.io/v2beta1'],
    ['the next best of an unknown version', `${asked('v3')},application/json`, 'v1'],
    ['the old form to others', 'application/json', 'v1'],
    ['the old form to browsers', '*/*', 'v1'],
  ])('answers %s', async (_, accept, apiVersion) => {
    const { json, headers } = await raw(server, 'GET', '/apis', { headers: { accept } });
    const kind = apiVersion === 'v1' ? 'APIGroupList' : 'APIGroupDiscoveryList';
    expect(json).toMatchObject({ kind, apiVersion });
    const version = apiVersion.split('/')[1];
    const type = version ? `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList` : undefined;
    expect(headers['content-type']).toBe(type ?? 'application/json');
  });

  it('answers 406 to those who take nothing else', async () => {
    expect((await raw(server, 'GET', '/apis', { headers: { accept: asked('v3') } })).status).toBe(406);
    expect((await raw(server, 'GET', '/apis', { headers: { accept: 'text/html' } })).status).toBe(406);
  });

  it('is not sent twice to those who have it', async () => {
    for (const path of ['/api', '/apis']) {
      const first = await raw(server, 'GET', path, { headers: { accept: asked('v2') } });
      const etag = String(first.headers['etag']);
      expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
      expect(first.headers['vary']).toBe('Accept');
      const again = await raw(server, 'GET', path, { headers: { accept: asked('v2'), 'if-none-match': etag } });
      expect(again).toMatchObject({ status: 304, text: '' });
      expect(again.headers['etag']).toBe(etag);
    }
  });

  it('in one document has upstream’s resources, names, verbs and subresources', async () => {
    const lines = [
      ...aggregatedLines(await get<Aggregated>('/api', AGGREGATED)),
      ...aggregatedLines(await get<Aggregated>('/apis', AGGREGATED)),
    ];
    expect(lines.sort()).toEqual(golden('discovery.tsv'));
  });

  it('in the documents of old says the same', async () => {
    interface List {
      resources: {
        name: string;
        singularName: string;
        namespaced: boolean;
        group?: string;
        version?: string;
        kind: string;
        verbs: string[];
        shortNames?: string[];
        categories?: string[];
      }[];
    }
    const { groups } = await get<{ groups: { versions: { groupVersion: string; version: string }[] }[] }>('/apis');
    const versions = groups.flatMap((g) => g.versions).filter((v) => isStable(v.version));
    const lines: string[] = [];
    for (const groupVersion of ['v1', ...versions.map((v) => v.groupVersion)]) {
      const { resources } = await get<List>(groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`);
      for (const r of resources) {
        const kind = r.version === undefined ? r.kind : `${r.group ?? ''}/${r.version}/${r.kind}`;
        const fact = { groupVersion, name: r.name, kind, namespaced: r.namespaced, verbs: r.verbs };
        const names = [r.singularName, (r.shortNames ?? []).join(','), (r.categories ?? []).join(',')];
        lines.push(resourceLine(fact, r.name.includes('/') ? [] : names));
      }
    }
    expect(lines.sort()).toEqual(golden('discovery.tsv'));
  });

  it('names the stored version by upstream’s hash', async () => {
    const { resources } = await get<{ resources: { name: string; storageVersionHash?: string }[] }>('/api/v1');
    const hashOf = (name: string): string | undefined => resources.find((r) => r.name === name)?.storageVersionHash;
    expect(hashOf('pods')).toBe('xPOwRZ+Yhw8=');
    expect(hashOf('configmaps')).toBe('qFsyl6wFWjQ=');
    expect(hashOf('pods/status')).toBeUndefined();
    expect(hashOf('bindings')).toBeUndefined();
  });
});

/** Upstream's, without what is left out on purpose, and ours beyond it. */
const withoutLogs = (line: string): boolean => !line.startsWith('GET /logs/');
const stillServed = (line: string): boolean => /^GET \/apis\/(extensions|metrics\.k8s\.io)\/\t/.test(line);

describe('OpenAPI', () => {
  let document: Swagger;
  beforeAll(async () => {
    document = await get<Swagger>('/openapi/v2');
  });

  it('has upstream’s operations, with their parameters, bodies and answers', () => {
    const ours = operationFacts(document);
    expect(ours.filter(stillServed)).toHaveLength(2);
    expect(ours.filter((line) => !stillServed(line))).toEqual(golden('operations.tsv').filter(withoutLogs));
  });

  it('has upstream’s definitions, with their fields, types, keys and merge rules', () => {
    expect(definitionFacts(document)).toEqual(golden('definitions.tsv'));
  });

  it('is kept by clients under the hash that version 3 lists', async () => {
    const headers = { accept: 'application/json' };
    const index = await raw(server, 'GET', '/openapi/v3', { headers });
    const etag = String(index.headers['etag']);
    expect((await raw(server, 'GET', '/openapi/v3', { headers: { ...headers, 'if-none-match': etag } })).status).toBe(
      304,
    );
    const { paths } = index.json as { paths: Record<string, { serverRelativeURL: string }> };
    const address = paths['apis/apps/v1']!.serverRelativeURL;
    const found = await raw(server, 'GET', address, { headers });
    expect(found.headers['cache-control']).toBe('public, immutable');
    expect(Date.parse(String(found.headers['expires']))).toBeGreaterThan(Date.now());
    expect(found.headers['etag']).toBe(`"${address.split('hash=')[1]}"`);
    const plain = await raw(server, 'GET', '/openapi/v3/apis/apps/v1', { headers });
    expect(plain.headers['expires']).toBeUndefined();
    const stale = await raw(server, 'GET', '/openapi/v3/apis/apps/v1?hash=00', { headers });
    expect(stale).toMatchObject({ status: 301 });
    expect(stale.headers['location']).toBe(address);
  });

  it('says the same in version 3, in a document for each group and version', async () => {
    const { paths } = await get<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
    const ids = new Set<string>();
    for (const { serverRelativeURL } of Object.values(paths)) {
      const part = await get<Pick<Swagger, 'paths'>>(serverRelativeURL);
      for (const operation of operationIds(part)) ids.add(operation);
    }
    expect([...ids].sort()).toEqual([...operationIds(document)].sort());
  });
});

function operationIds({ paths }: Pick<Swagger, 'paths'>): Set<string> {
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  return new Set(operations.flatMap((o) => (typeof o === 'object' && 'operationId' in o ? [o.operationId] : [])));
}
