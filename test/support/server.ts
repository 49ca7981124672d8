// A real API server in this process, on the memory store: what tests have instead of mocks.
import type { AnyKind } from '../../src/api/kind.ts';
import { Client } from '../../src/client/rest.ts';
import { inProcess } from '../../src/client/transport/in-process.ts';
import { createApiServer } from '../../src/server/apiserver/apiserver.ts';
import type { ApiServer, ApiServerOptions } from '../../src/server/apiserver/types.ts';
import type { Lister } from '../../src/server/admission/types.ts';
import { createMemoryStore } from '../../src/server/store/memory.ts';
import type { Store } from '../../src/server/store/store.ts';
import type { Handler, User } from '../../src/wire/http.ts';

export interface TestServer {
  handler: Handler;
  server: ApiServer;
  store: Store;
  lister: Lister;
  /** Default user: an administrator. */
  client(user?: User): Client;
  close(): Promise<void>;
}

export interface TestServerOptions extends Partial<ApiServerOptions> {
  kinds?: readonly AnyKind[];
  /** Default true: `default`, `kube-system`, `kube-public` and `kube-node-lease` exist. */
  namespaces?: boolean;
}

export const admin: User = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { namespaces = true, ...rest } = options;
  const store = options.store ?? createMemoryStore();
  const bugs: unknown[] = [];
  const server = createApiServer({
    authenticate: async () => admin,
    authorizer: { name: 'allow-all', authorize: () => ({ allowed: true }) },
    admission: [],
    onBug: (error) => void bugs.push(error),
    ...rest,
    store,
  });
  await server.ready;
  const client = (user: User = admin): Client => new Client(inProcess(server.handler, user));
  if (namespaces) await makeNamespaces(client());
  return {
    handler: server.handler,
    server,
    store,
    lister: server.lister,
    client,
    async close() {
      await server.close();
      await store.close();
      // A bug in the server is never what a test wanted.
      if (bugs.length > 0 && !options.onBug) throw bugs[0];
    },
  };
}

async function makeNamespaces(client: Client): Promise<void> {
  const type = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    // A server that was given only some kinds may have no namespaces.
    await client.create(type, object).catch((error: { code?: number }) => {
      if (error.code !== 404 && error.code !== 409) throw error;
    });
  }
}
