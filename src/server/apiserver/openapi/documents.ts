// Keeps the OpenAPI documents of the registry's present state: made when first asked for, and made again only where a
// group and version changed. Hashes are of what a document is made from, so that the index needs no document.
import { createHash } from 'node:crypto';
import { stringifyJson } from '../../../api/codec/json.ts';
import { loadDescriptions } from '../../../api/schema/descriptions.ts';
import { schemaRelease } from '../../../api/schema/builtin.ts';
import type { SchemaSource } from '../../../api/schema/schema.ts';
import { apiVersionOf } from '../../../api/types.ts';
import type { Json } from './definitions.ts';
import { encodeOpenApiV2 } from './protobuf.ts';
import { runInSlices } from './slices.ts';
import type { OpenApiResource } from './types.ts';
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
  hash: string;
  document?: Promise<OpenApiDocument>;
}

export class OpenApiDocuments {
  private readonly source: SchemaSource;
  /** `apis/apps/v1` → its resources. */
  private parts = new Map<string, Part>();
  private v2Json: Promise<OpenApiDocument> | undefined;
  private v2Protobuf: Promise<OpenApiDocument> | undefined;
  private resources: readonly OpenApiResource[] = [];

  constructor(source: SchemaSource) {
    this.source = source;
  }

  /** The registry changed; groups and versions that are as before keep their documents. */
  update(resources: readonly OpenApiResource[]): void {
    const byPath = new Map<string, OpenApiResource[]>();
    for (const resource of resources) {
      const path = `${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
      const list = byPath.get(path);
      if (list) list.push(resource);
      else byPath.set(path, [resource]);
    }
    const parts = new Map<string, Part>();
    for (const [path, list] of [...byPath].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
      const hash = hashOf(schemaRelease + stringifyJson(list));
      const before = this.parts.get(path);
      parts.set(path, before?.hash === hash ? before : { resources: list, hash });
    }
    this.parts = parts;
    this.resources = resources;
    this.v2Json = undefined;
    this.v2Protobuf = undefined;
  }

  /** What /openapi/v3 answers. */
  index(): object {
    return openApiV3Index([...this.parts].map(([path, { hash }]) => [path, hash] as const));
  }

  hashOf(path: string): string | undefined {
    return this.parts.get(path)?.hash;
  }

  /** The v3 document at `apis/apps/v1`; undefined when nothing is served there. */
  v3(path: string): Promise<OpenApiDocument> | undefined {
    const part = this.parts.get(path);
    return part && (part.document ??= this.makeV3(part));
  }

  private async makeV3({ resources, hash }: Part): Promise<OpenApiDocument> {
    const texts = await loadDescriptions();
    const { group, version } = resources[0]!;
    const document = await runInSlices(openApiV3({ group, version }, resources, this.source, texts));
    return { bytes: Buffer.from(stringifyJson(document)), hash };
  }

  v2(format: 'json' | 'protobuf'): Promise<OpenApiDocument> {
    if (format === 'json') return (this.v2Json ??= this.makeV2(async (d) => Buffer.from(stringifyJson(d))));
    return (this.v2Protobuf ??= this.makeV2((d) => runInSlices(encodeOpenApiV2(d))));
  }

  private async makeV2(encode: (document: Json) => Promise<Buffer>): Promise<OpenApiDocument> {
    const document = await runInSlices(openApiV2(this.resources, this.source, await loadDescriptions()));
    const bytes = await encode(document);
    return { bytes, hash: hashOf(bytes) };
  }
}
