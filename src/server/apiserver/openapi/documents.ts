// Keeps the OpenAPI documents of the registry's present state: made when first asked for, and made again only where a
// group and version changed. Hashes are of what a document is made from, so that the index needs no document.
import { createHash } from 'node:crypto';
import { stringifyJson } from '../../../api/codec/json.ts';
import { loadDescriptions } from '../../../api/schema/descriptions.ts';
import { schemaRelease } from '../../../api/schema/builtin.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import { apiVersionOf } from '../../../api/types.ts';
import type { Json } from './definitions.ts';
import { mergeOpenApiV2 } from './merge.ts';
import { encodeOpenApiV2 } from './protobuf-v2.ts';
import { encodeOpenApiV3 } from './protobuf-v3.ts';
import { groupOperation, serverOperations, versionOperation } from './roots.ts';
import { runInSlices } from './slices.ts';
import type { OpenApiResource, Operation } from './types.ts';
import { openApiV2 } from './v2.ts';
import { openApiV3, openApiV3Index } from './v3.ts';

export interface OpenApiDocument {
  bytes: Buffer;
  /** Upper-case hex. */
  hash: string;
}

const hashOf = (text: string | Uint8Array): string => createHash('sha512').update(text).digest('hex').toUpperCase();

interface Part {
  resources: OpenApiResource[];
  /** What is about no resource. */
  roots: Operation[];
  hash: string;
  document?: Promise<OpenApiDocument>;
  protobuf?: Promise<OpenApiDocument>;
}

export class OpenApiDocuments {
  private readonly source: SchemaSource;
  /** `apis/apps/v1` → its resources. */
  private parts = new Map<string, Part>();
  private v2Json: Promise<OpenApiDocument> | undefined;
  private v2Protobuf: Promise<OpenApiDocument> | undefined;
  private resources: readonly OpenApiResource[] = [];
  private remoteV3: ReadonlyMap<string, string> = new Map();
  private remoteV2: readonly object[] = [];
  private indexDocument: OpenApiDocument | undefined;

  constructor(source: SchemaSource) {
    this.source = source;
  }

  /** The registry changed; groups and versions that are as before keep their documents. */
  update(resources: readonly OpenApiResource[]): void {
    const parts = new Map<string, Part>();
    for (const [path, { resources: list, roots }] of [...wanted(resources)].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
      const hash = hashOf(schemaRelease + stringifyJson([list, roots]));
      const before = this.parts.get(path);
      parts.set(path, before?.hash === hash ? before : { resources: list, roots, hash });
    }
    this.parts = parts;
    this.resources = resources;
    this.indexDocument = undefined;
    this.v2Json = undefined;
    this.v2Protobuf = undefined;
  }

  /** What others add: v3 addresses by path, and whole v2 documents. */
  addRemotes(v3: ReadonlyMap<string, string>, v2: readonly object[]): void {
    this.remoteV3 = v3;
    this.indexDocument = undefined;
    if (v2.length === this.remoteV2.length && v2.every((document, i) => document === this.remoteV2[i])) return;
    this.remoteV2 = v2;
    this.v2Json = undefined;
    this.v2Protobuf = undefined;
  }

  /** What /openapi/v3 answers. */
  index(): OpenApiDocument {
    if (this.indexDocument) return this.indexDocument;
    const local = openApiV3Index([...this.parts].map(([path, { hash }]) => [path, hash] as const));
    const paths = local['paths'] as Json;
    for (const [path, serverRelativeURL] of this.remoteV3) paths[path] = { serverRelativeURL };
    const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
    const bytes = Buffer.from(JSON.stringify({ paths: sorted }));
    return (this.indexDocument = { bytes, hash: hashOf(bytes) });
  }

  hashOf(path: string): string | undefined {
    return this.parts.get(path)?.hash;
  }

  /** The v3 document at `apis/apps/v1`; undefined when nothing is served there. Both formats have one hash. */
  v3(path: string, format: 'json' | 'protobuf' = 'json'): Promise<OpenApiDocument> | undefined {
    const part = this.parts.get(path);
    if (!part) return undefined;
    if (format === 'json') return (part.document ??= this.makeV3(part, (d) => Buffer.from(stringifyJson(d))));
    return (part.protobuf ??= this.makeV3(part, (d) => runInSlices(encodeOpenApiV3(d))));
  }

  private async makeV3(
    { resources, roots, hash }: Part,
    encode: (document: Json) => Promise<Buffer> | Buffer,
  ): Promise<OpenApiDocument> {
    const document = await runInSlices(openApiV3(resources, roots, this.source, await loadDescriptions()));
    return { bytes: await encode(document), hash };
  }

  v2(format: 'json' | 'protobuf'): Promise<OpenApiDocument> {
    if (format === 'json') return (this.v2Json ??= this.makeV2(async (d) => Buffer.from(stringifyJson(d))));
    return (this.v2Protobuf ??= this.makeV2((d) => runInSlices(encodeOpenApiV2(d))));
  }

  private async makeV2(encode: (document: Json) => Promise<Buffer>): Promise<OpenApiDocument> {
    const roots = [...this.parts.values()].flatMap((part) => part.roots);
    const local = await runInSlices(openApiV2(this.resources, roots, this.source, await loadDescriptions()));
    const document = this.remoteV2.reduce<Json>((merged, remote) => mergeOpenApiV2(merged, remote as Json), local);
    const bytes = await encode(document);
    return { bytes, hash: hashOf(bytes) };
  }
}

/** The documents of version 3 by path, with what goes into each. Groups of custom resources describe only those. */
function wanted(resources: readonly OpenApiResource[]): Map<string, Pick<Part, 'resources' | 'roots'>> {
  const parts = new Map<string, Pick<Part, 'resources' | 'roots'>>();
  const part = (path: string): Pick<Part, 'resources' | 'roots'> => {
    let found = parts.get(path);
    if (!found) parts.set(path, (found = { resources: [], roots: [] }));
    return found;
  };
  for (const [path, operation] of serverOperations()) part(path).roots.push(operation);
  for (const resource of resources) {
    const { group, builtIn } = resource;
    const own = part(`${group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`);
    own.resources.push(resource);
    if (!builtIn) continue;
    if (own.roots.length === 0) own.roots.push(versionOperation(resource));
    if (group === '') continue;
    const ofGroup = part(`apis/${group}`);
    if (ofGroup.roots.length === 0) ofGroup.roots.push(groupOperation(group));
  }
  return parts;
}
