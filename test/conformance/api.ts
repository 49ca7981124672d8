// A whole server in this process (controllers, scheduler, RBAC; no sockets, no nodes), and its API as JSON over paths:
// what upstream's suite does with typed clients, these suites do with the bytes that those clients send.
import { StatusError } from '../../src/api/status.ts';
import type { Unstructured } from '../../src/api/types.ts';
import { type Client, readBytes, readLines } from '../../src/client/rest.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import type { User } from '../../src/wire/http.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- answers are looked into by name, whatever kind they are */
export type Doc = Unstructured & { metadata: any } & { [key: string]: any };
export interface Event {
  type: string;
  object: Doc;
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

export class Api {
  constructor(
    readonly client: Client,
    readonly headers: Record<string, string> = {},
  ) {}

  async send(method: string, path: string, body?: unknown, contentType?: string): Promise<any> {
    const [bare, query] = path.split('?', 2);
    const response = await this.client.request(method, bare!, {
      query: Object.fromEntries(new URLSearchParams(query ?? '')),
      headers: this.headers,
      shared: false,
      ...(body === undefined ? {} : { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }),
      ...(contentType === undefined ? {} : { contentType }),
    });
    const text = (await readBytes(response)).toString();
    return String(response.headers['content-type']).includes('json') ? JSON.parse(text) : text;
  }
  get = (path: string): Promise<Doc> => this.send('GET', path);
  items = async (path: string): Promise<Doc[]> => (await this.send('GET', path)).items;
  post = (path: string, body: unknown): Promise<Doc> => this.send('POST', path, body);
  put = (path: string, body: unknown): Promise<Doc> => this.send('PUT', path, body);
  del = (path: string, options?: object): Promise<Doc> =>
    this.send('DELETE', path, options && { kind: 'DeleteOptions', apiVersion: 'v1', ...options });
  patch = (path: string, body: unknown, type: keyof typeof patchTypes = 'merge'): Promise<Doc> =>
    this.send('PATCH', path, body, patchTypes[type]);
  /** The error that a request ends with. */
  async failure(request: Promise<unknown>): Promise<StatusError> {
    const outcome = await request.catch((error: unknown) => error);
    if (outcome instanceof StatusError) return outcome;
    throw new Error(`expected a failure, got ${JSON.stringify(outcome)}`);
  }

  watch(path: string): Watch {
    return new Watch(this.client, path);
  }
  /** Asks until it is so: for what a controller does. */
  async until<T>(ask: () => Promise<T>, good: (value: T) => boolean, what = 'as expected'): Promise<T> {
    const until = Date.now() + 30_000;
    for (;;) {
      const value = await ask();
      if (good(value)) return value;
      if (Date.now() > until) throw new Error(`never ${what}: ${JSON.stringify(value)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  gone = (path: string) =>
    this.until(
      () =>
        this.get(path).then(
          () => 200,
          (error: StatusError) => error.code,
        ),
      (code) => code === 404,
      'gone',
    );
}

export class Watch {
  private readonly stop = new AbortController();
  private readonly lines: AsyncGenerator<string>;
  constructor(client: Client, path: string) {
    const [bare, query] = path.split('?', 2);
    const options = {
      query: { ...Object.fromEntries(new URLSearchParams(query ?? '')), watch: true },
      shared: false,
      signal: this.stop.signal,
    };
    // At once, not when the first event is asked for.
    const started = client.request('GET', bare!, options);
    this.lines = (async function* () {
      const response = await started;
      yield* readLines(response.body!.bytes() as AsyncIterable<Uint8Array>);
    })();
  }
  async next(): Promise<Event> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the watch has ended');
    return JSON.parse(value) as Event;
  }
  /** Up to and with the first event of the type that fits. */
  async find(type: string, fits: (object: Doc) => boolean = () => true): Promise<Event> {
    for (;;) {
      const event = await this.next();
      if (event.type === type && fits(event.object)) return event;
    }
  }
  async take(count: number): Promise<Event[]> {
    const events: Event[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }
  close(): void {
    this.stop.abort();
  }
}

export interface Cluster {
  server: RunningServer;
  api: Api;
  as(user: User): Api;
  /** A new namespace with its default service account. */
  namespace(): Promise<string>;
  close(): Promise<void>;
}

let count = 0;
export async function startCluster(): Promise<Cluster> {
  const server = await startServer({ store: 'memory', listen: false });
  const api = new Api(server.client());
  return {
    server,
    api,
    as: (user) => new Api(server.client(user)),
    async namespace() {
      const name = `e2e-${++count}`;
      await api.post('/api/v1/namespaces', { metadata: { name } });
      await api.until(
        () => api.items(`/api/v1/namespaces/${name}/serviceaccounts`),
        (items) => items.length === 1,
      );
      return name;
    },
    close: () => server.close(),
  };
}

export const pod = (name: string, more: object = {}, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...more },
  spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }], ...spec },
});
