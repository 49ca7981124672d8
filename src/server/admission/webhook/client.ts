// Calls the program that a webhook's clientConfig names: by URL, or by a service whose endpoints are looked up in the
// caches. Admission and conversion webhooks share it. Upstream: apiserver/pkg/util/webhook/client.go (ClientManager).
import { parseJson, stringifyJson } from '../../../api/codec/json.ts';
import type { Json } from '../../../api/types.ts';
import { unexpectedResponse } from '../../../api/unexpected-response.ts';
import type { HttpsAnswer, HttpsCaller, HttpsTarget } from '../../../wire/https-caller.ts';
import type { Lister } from '../types.ts';
import { resolveService } from './resolve-service.ts';

/** Of a webhook or a custom resource definition. */
export interface ClientConfig {
  url?: string;
  service?: { name: string; namespace: string; port?: number; path?: string };
  /** Base64 of PEM. */
  caBundle?: string;
}

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  /** The `timeout` that the program is told of, in the query. */
  announceTimeout?: boolean;
}

export class WebhookClient {
  readonly #caller: HttpsCaller;
  readonly #bundles = new WeakMap<ClientConfig, string | undefined>();

  constructor(caller: HttpsCaller) {
    this.#caller = caller;
  }

  /** POSTs a review; answers the decoded body. Rejects in Go's words for whatever went wrong on the way. */
  async post(lister: Lister, config: ClientConfig, review: object, options: CallOptions): Promise<Json> {
    const { timeoutMs, signal } = options;
    const answer = await this.#caller.call(this.#target(lister, config, options), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, */*',
        'user-agent': 'kube-apiserver-admission',
      },
      body: Buffer.from(stringifyJson(review)),
      timeoutMs,
      ...(signal ? { signal } : {}),
    });
    return decoded(answer);
  }

  #target(lister: Lister, config: ClientConfig, { timeoutMs, announceTimeout }: CallOptions): HttpsTarget {
    const { service } = config;
    const serverName = service && `${service.name}.${service.namespace}.svc`;
    const port = service?.port ?? 443;
    const url = service ? serviceUrl(`https://${serverName}:${port}`, service.path) : parseUrl(config.url);
    if (announceTimeout) url.searchParams.set('timeout', `${Math.ceil(timeoutMs / 1000)}s`);
    const ca = this.#bundle(config);
    const target: HttpsTarget = { url, ...(ca === undefined ? {} : { ca }) };
    if (!service) return target;
    const shown = `https://${serverName}:${port}${url.pathname}${url.search}`;
    const address = resolveService(lister, service.namespace, service.name, port, `Post ${JSON.stringify(shown)}`);
    return { ...target, shown, address, serverName: serverName! };
  }

  #bundle(config: ClientConfig): string | undefined {
    if (!config.caBundle) return undefined;
    if (this.#bundles.has(config)) return this.#bundles.get(config);
    const text = Buffer.from(config.caBundle, 'base64').toString('utf8');
    const ca = text.trim() === '' ? undefined : text;
    this.#bundles.set(config, ca);
    return ca;
  }
}

function parseUrl(text = ''): URL {
  if (text === '') throw new Error('webhook configuration must have either service or URL');
  try {
    return new URL(text);
  } catch (error) {
    throw new Error(`Unparsable URL: ${text}`, { cause: error });
  }
}

function serviceUrl(root: string, path = ''): URL {
  return new URL(path.startsWith('/') ? path : `/${path}`, root);
}

function decoded({ status, headers, body }: HttpsAnswer): Json {
  if (status < 200 || status > 299) throw failure(status, body);
  try {
    return parseJson(body);
  } catch (error) {
    const type = headers['content-type'] ?? '';
    throw new Error(
      type.includes('json')
        ? `couldn't get version/kind; json parse error: ${(error as Error).message}`
        : `the response is not JSON (content type ${JSON.stringify(type)}): ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function failure(status: number, body: Buffer): Error {
  const text = body.subarray(0, 2048).toString('utf8').trim();
  return new Error(messageOf(text) ?? unexpectedResponse(status, text).message);
}

function messageOf(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as { kind?: string; message?: string };
    return value.kind === 'Status' ? value.message : undefined;
  } catch {
    return undefined;
  }
}
