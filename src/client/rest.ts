// The typed client: verbs over a Handler, which is either an API server in this process or an HTTPS transport to any
// other. Errors are always StatusError. No caches, no retries here (see watcher.ts, informer.ts, transport/).
import { parseJson, stringifyJson } from '../api/codec/json.ts';
import { StatusError, type Status } from '../api/status.ts';
import { type Asked, unexpectedResponse } from '../api/unexpected-response.ts';
import { AnswerCut } from './transport/failures.ts';
import { type KubeObject, type List, type ResourceType, type WatchEvent, resourcePath } from '../api/types.ts';
import {
  type Handler,
  type Headers,
  type Request,
  type Response,
  type SharedWatchEvent,
  NEVER_ABORTED,
  SHARED_BARE_CONTENT_TYPE,
  SHARED_CONTENT_TYPE,
} from '../wire/http.ts';

export interface Key {
  name: string;
  namespace?: string;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  /** A server in this process may leave managedFields out; others do not. */
  bare?: boolean;
}

export interface WatchOptions extends ListOptions {
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export interface WriteOptions {
  subresource?: string;
  dryRun?: boolean;
  fieldManager?: string;
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** Called with each Warning header's text. */
  onWarning?(text: string): void;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
export const patchContentTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Headers;
  /** An object, sent as JSON (or handed over as it is in-process). */
  body?: unknown;
  /** Default `application/json`. */
  contentType?: string;
  signal?: AbortSignal;
  /** The path is the user's own: messages do not say which resource it is. */
  raw?: boolean;
  /** Default true: answer with the shared object when the server is in this process. */
  shared?: boolean;
}

const BARE: Pick<RequestOptions, 'headers'> = {
  headers: { accept: `${SHARED_BARE_CONTENT_TYPE}, application/json` },
};

/** Where a JSON answer comes from: shared in-process, or bytes off the wire. */
async function readBody(response: Response): Promise<unknown> {
  const body = response.body;
  if (!body) return undefined;
  if (body.shared && response.headers['content-type'] === SHARED_CONTENT_TYPE) return body.shared();
  const text = (await readBytes(response)).toString('utf8');
  if (text === '') return undefined;
  return String(response.headers['content-type'] ?? '').includes('json') ? parseAnswer(text) : text;
}

/** JSON of a server. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It says in Go's words what is wrong.
    return parseJson(text);
  }
}

/** An answer that came over a wire is read to its end, so that its connection can be used again. */
async function discard({ body, headers }: Response): Promise<void> {
  if (!body || headers['content-type'] === SHARED_CONTENT_TYPE) return;
  const bytes = body.bytes();
  if (bytes instanceof Uint8Array) return;
  const reader = bytes[Symbol.asyncIterator]();
  while (!(await reader.next()).done);
}

/** All bytes of an answer. */
export async function readBytes(response: Response): Promise<Buffer> {
  const bytes = response.body?.bytes();
  if (!bytes) return Buffer.alloc(0);
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Splits a byte stream into its lines, without the line ends. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending: string[] = [];
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    pending.push(parts[0]!);
    for (let i = 1; i < parts.length; i++) {
      yield pending.join('');
      pending = [parts[i]!];
    }
  }
  const rest = pending.join('');
  if (rest !== '') yield rest;
}

/** `199 - "text"` → `text`; several warnings in one header are separated by `, `. */
export function parseWarnings(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  const text = Array.isArray(header) ? header.join(', ') : header;
  return [...text.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]!.replaceAll(/\\(.)/g, '$1'));
}

export class Client {
  readonly handler: Handler;
  readonly userAgent: string;
  constructor(handler: Handler, options: { userAgent?: string } = {}) {
    this.handler = handler;
    this.userAgent = options.userAgent ?? 'sampan';
  }

  /** One request; resolves with any status below 400, throws StatusError for the others. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) query.append(name, String(value));
    }
    const headers: Headers = {
      accept: options.shared === false ? 'application/json' : `${SHARED_CONTENT_TYPE}, application/json`,
      'user-agent': this.userAgent,
      ...options.headers,
    };
    const request: Request = { method, path, query, headers, signal: options.signal ?? NEVER_ABORTED };
    if (options.body !== undefined) {
      headers['content-type'] = options.contentType ?? 'application/json';
      const body = options.body;
      request.body = {
        bytes: async () => (body instanceof Uint8Array ? body : Buffer.from(stringifyJson(body))),
        ...(body instanceof Uint8Array ? {} : { shared: () => body }),
      };
    }
    const response = await this.handler(request);
    if (isFailure(response.status)) throw await errorOf(response, options.raw ? undefined : askedOf(method, path));
    return response;
  }

  private async object<T>(method: string, path: string, options: RequestOptions, write?: WriteOptions): Promise<T> {
    const response = await this.request(method, path, options);
    if (write?.onWarning) parseWarnings(response.headers['warning']).forEach(write.onWarning);
    return (await readBody(response)) as T;
  }

  async get<T>(
    type: ResourceType<T>,
    key: Key,
    options: { subresource?: string; resourceVersion?: string } = {},
  ): Promise<T> {
    const query = { resourceVersion: options.resourceVersion };
    return this.object<T>('GET', resourcePath(type, { ...key, subresource: options.subresource }), { query });
  }

  /** One page (the whole list without `limit`). Items may lack apiVersion and kind, as upstream's lists do. */
  async list<T>(type: ResourceType<T>, options: ListOptions = {}): Promise<List<T>> {
    const { namespace, bare, ...query } = options;
    return this.object<List<T>>('GET', resourcePath(type, { namespace }), { query, ...(bare ? BARE : {}) });
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions & { namespace?: string; name?: string } = {},
  ): Promise<T> {
    const namespace = options.namespace ?? object.metadata?.namespace;
    const path = resourcePath(type, { namespace, name: options.name, subresource: options.subresource });
    return this.object<T>(
      'POST',
      path,
      { body: typed(type, object, options.subresource), query: writeQuery(options) },
      options,
    );
  }

  /** Replaces; with metadata.resourceVersion set it is a compare-and-swap. */
  async update<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = object.metadata ?? {};
    const path = resourcePath(type, { namespace, name, subresource: options.subresource });
    return this.object<T>(
      'PUT',
      path,
      { body: typed(type, object, options.subresource), query: writeQuery(options) },
      options,
    );
  }

  async updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.update(type, object, { ...options, subresource: 'status' });
  }

  async patch<T>(
    type: ResourceType<T>,
    key: Key,
    patchType: PatchType,
    patch: unknown,
    options: WriteOptions & { force?: boolean } = {},
  ): Promise<T> {
    const path = resourcePath(type, { ...key, subresource: options.subresource });
    const query = { ...writeQuery(options), force: options.force };
    return this.object<T>('PATCH', path, { body: patch, contentType: patchContentTypes[patchType], query }, options);
  }

  /** Server-side apply of a whole object. */
  async apply<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T> {
    const { name, namespace } = object.metadata ?? {};
    return this.patch(type, { name: name ?? '', namespace }, 'apply', typed(type, object, undefined), options);
  }

  /** Answers the deleted object while it is finalizing or terminating, or a Status. */
  async delete<T>(type: ResourceType<T>, key: Key, options: DeleteOptions = {}): Promise<T | Status> {
    return this.object('DELETE', resourcePath(type, key), { body: deleteBody(options) });
  }

  /** The objects that a server answers are not made: they may be very many. */
  async deleteCollection<T>(
    type: ResourceType<T>,
    list: Omit<ListOptions, 'bare'>,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { namespace, ...query } = list;
    const path = resourcePath(type, { namespace });
    await discard(await this.request('DELETE', path, { body: deleteBody(options), query }));
  }

  /**
   * The raw watch: ends when the server closes it or the signal aborts, throws StatusError when it could not start
   * or an ERROR event arrives (`Expired` means: list again).
   */
  async *watch<T>(type: ResourceType<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const { namespace, signal, bare, ...rest } = options;
    const query = {
      ...rest,
      watch: true,
      ...(rest.sendInitialEvents ? { resourceVersionMatch: 'NotOlderThan' } : {}),
    };
    const response = await this.request('GET', resourcePath(type, { namespace }), {
      query,
      signal,
      ...(bare ? BARE : {}),
    });
    for await (const event of watchEvents(response)) {
      if (event.type === 'ERROR') throw StatusError.from(event.object as Status);
      yield event as WatchEvent<T>;
    }
  }
}

async function* watchEvents(response: Response): AsyncIterable<SharedWatchEvent> {
  const body = response.body;
  if (!body) return;
  if (body.shared && response.headers['content-type'] === SHARED_CONTENT_TYPE) {
    yield* body.shared() as AsyncIterable<SharedWatchEvent>;
    return;
  }
  const bytes = body.bytes();
  const chunks = bytes instanceof Uint8Array ? one(bytes) : bytes;
  for await (const line of readLines(chunks)) if (line !== '') yield JSON.parse(line) as SharedWatchEvent;
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Objects from typed code often lack apiVersion and kind; a subresource's body (Scale, Binding) brings its own. */
function typed<T extends KubeObject>(type: ResourceType<T>, object: T, subresource: string | undefined): T {
  if (object.kind && object.apiVersion) return object;
  if (subresource !== undefined && subresource !== 'status') return object;
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { ...object, apiVersion, kind: type.kind };
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return {
    dryRun: options.dryRun ? 'All' : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
  };
}

/** Everything in the body: where there is one, API servers do not look at the query, not even for a dry run. */
export function deleteBody(options: DeleteOptions): object {
  const { dryRun, ...rest } = options;
  return { kind: 'DeleteOptions', apiVersion: 'v1', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) };
}

/** Redirects that lead nowhere are failures; that nothing has changed is an answer. */
const isFailure = (status: number): boolean => status >= 300 && status !== 304;

/** What a path asks for: `/apis/apps/v1/namespaces/x/deployments/web/scale` is deployments.apps web. */
function askedOf(verb: string, path: string): Asked {
  const api = /^\/(?:api\/[^/]+|apis\/([^/]+)\/[^/]+)\/(.+)$/.exec(path);
  if (!api) return { verb };
  const [, group, rest] = api;
  const parts = rest!.split('/').map((part) => decodeURIComponent(part));
  if (parts[0] === 'watch') parts.shift();
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && !NAMESPACE_PARTS.has(parts[2]!);
  const [resource, name] = inNamespace ? parts.slice(2) : parts;
  return { verb, resource: group ? `${resource}.${group}` : resource, name };
}

const NAMESPACE_PARTS = new Set(['status', 'finalize']);

/** A server's failure as StatusError, also when its body is no Status (proxies, other servers). */
export async function errorOf(response: Response, asked?: Asked): Promise<StatusError> {
  const said = await readFailure(response);
  if (typeof said !== 'string') return said;
  const type = String(response.headers['content-type'] ?? '');
  return unexpectedResponse(response.status, type === '' || type.startsWith('text/') ? said : undefined, asked);
}

/** The Status of a failure, or its body when it is none. */
export async function readFailure(response: Response): Promise<StatusError | string> {
  const body = await readBody(response).catch((error: unknown) => {
    if (error instanceof AnswerCut) throw error;
    return undefined;
  });
  if (body && typeof body === 'object' && (body as Status).kind === 'Status') return StatusError.from(body as Status);
  return typeof body === 'string' ? body : '';
}
