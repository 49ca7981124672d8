// Calls the program that a webhook's clientConfig names: by URL, or by a service whose endpoints are looked up in the
// caches. Admission and conversion webhooks share it. Upstream: apiserver/pkg/util/webhook/client.go (ClientManager).
import { parseJson, stringifyJson } from '../../../api/codec/json.ts';
import type { Json } from '../../../api/types.ts';
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

/** Upstream: apimachinery/pkg/api/errors NewGenericServerResponse, for the codes that webhooks are seen to answer. */
function failure(status: number, body: Buffer): Error {
  const text = body.subarray(0, 2048).toString('utf8').trim();
  const said = messageOf(text);
  if (said !== undefined) return new Error(said);
  const texts: Readonly<Record<number, string>> = {
    400: 'the server rejected our request for an unknown reason',
    401: 'the server has asked for the client to provide credentials',
    403: text || 'forbidden',
    404: 'the server could not find the requested resource',
    405: 'the server does not allow this method on the requested resource',
    429: 'the server has received too many requests and has asked us to try again later',
    503: 'the server is currently unable to handle the request',
    504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
  };
  const known = texts[status];
  if (known !== undefined) return new Error(known);
  if (status < 500)
    return new Error(`the server responded with the status code ${status} but did not return more information`);
  return new Error(
    `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding`,
  );
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
