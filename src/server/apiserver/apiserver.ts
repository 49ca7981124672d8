// The API server: its parts, and the chain that every request goes through, from top to bottom. It opens no sockets;
// wire/http-server.ts and the in-process transport call its handler.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import kinds from '../../api/kinds/index.gen.ts';
import { type Handler, type Request, type Response, SHARED_CONTENT_TYPE } from '../../wire/http.ts';
import { Aggregator } from './aggregation/aggregator.ts';
import { aggregation } from './aggregation/proxy.ts';
import { Feed, REGISTRY } from './cache/feed.ts';
import { authentication } from './chain/authentication.ts';
import { authorization } from './chain/authorization.ts';
import { dispatch } from './chain/dispatch.ts';
import { health, isHealthPath } from './chain/health.ts';
import { impersonation } from './chain/impersonation.ts';
import { inFlightLimit } from './chain/in-flight.ts';
import { answerError, panicGuard } from './chain/panic-guard.ts';
import { tokenKeys } from './chain/token-keys.ts';
import { version } from './chain/version.ts';
import { type Filter, type RequestContext, type Server, newContext } from './context.ts';
import { startCrdManager } from './crd/manager.ts';
import { discovery } from './discovery/serve.ts';
import { Measurements } from './metrics/measure.ts';
import { metrics } from './metrics/serve.ts';
import { openApi } from './openapi/serve.ts';
import { cacheLister, liveReads, observer } from './lister.ts';
import { randomNameSuffix } from './name-suffix.ts';
import { Registry } from './registry.ts';
import { requestInfo } from './request-info.ts';
import hooks from './resources/index.gen.ts';
import type { ApiServer, ApiServerOptions } from './types.ts';
import { inPhaseOrder } from './verbs/admit.ts';

function chain(): Filter[] {
  const measurements = new Measurements();
  return [
    measurements.filter,
    panicGuard,
    parse,
    authentication,
    impersonation,
    inFlightLimit(),
    authorization,
    aggregation,
    health,
    metrics(measurements),
    version,
    tokenKeys,
    discovery(),
    openApi(),
    dispatch,
  ];
}

/** What the request is about: every later step asks that. */
const parse: Filter = (context, next) => {
  context.info = requestInfo(context.request);
  return next();
};

export function createApiServer(given: ApiServerOptions): ApiServer {
  const options: ApiServerOptions = { ...given, admission: inPhaseOrder(given.admission) };
  const feed = new Feed(options.store, (error) => options.onBug?.(error, { id: '', method: 'WATCH', path: REGISTRY }));
  const registry = new Registry(feed, hooks);
  for (const definition of options.kinds ?? kinds) registry.add(definition);
  const lister = cacheLister(registry);
  const closing = new AbortController();
  // Every watch listens to it: thousands are no leak.
  setMaxListeners(0, closing.signal);
  let isReady = false;
  let inFlight = 0;
  let idle: (() => void) | undefined;

  const server: Server = {
    options,
    feed,
    registry,
    admission: {
      lister,
      ...liveReads(feed, lister),
      observe: observer(registry),
      authorizer: options.authorizer,
    },
    aggregator: options.aggregation && new Aggregator(options.aggregation),
    now: () => (options.clock ?? Date).now(),
    newUid: options.newUid ?? randomUUID,
    newNameSuffix: options.newNameSuffix ?? randomNameSuffix,
    handler: (request) => handler(request),
    closing: closing.signal,
    isReady: () => isReady,
    onBug: (error, { id, request }) => options.onBug?.(error, { id, method: request.method, path: request.path }),
  };

  const start = async (): Promise<void> => {
    await feed.start();
    startCrdManager(server);
    server.aggregator?.start(server, observer(registry));
    isReady = true;
  };
  const ready = start();
  // Whoever awaits it hears of a failure; nobody else may crash of it.
  ready.catch(() => {});

  const run = compose(chain());
  const handler: Handler = async (received: Request): Promise<Response> => {
    const request = withoutSharing(received);
    const context = newContext(server, request, request.headers['audit-id'] ?? randomUUID());
    if (!isReady && !isHealthPath(request.path)) await ready;
    inFlight++;
    try {
      return await run(context);
    } catch (error) {
      return answerError(context, error);
    } finally {
      if (--inFlight === 0) idle?.();
    }
  };

  const close = async (): Promise<void> => {
    closing.abort();
    if (inFlight > 0) await new Promise<void>((resolve) => (idle = resolve));
    feed.close();
  };
  return { handler, lister, observe: observer(registry), ready, close };
}

/** Objects are shared within this process alone: with nobody who comes with credentials instead of a user. */
function withoutSharing(request: Request): Request {
  const { accept } = request.headers;
  if (request.user || !accept?.toLowerCase().includes(SHARED_CONTENT_TYPE)) return request;
  const kept = accept.split(',').filter((clause) => !clause.toLowerCase().includes(SHARED_CONTENT_TYPE));
  // Not a copy of the request: some of its members are made when they are asked for, and mostly nobody asks.
  request.headers = { ...request.headers, accept: kept.join(',') || 'application/json' };
  return request;
}

/** Folds the chain once, so that a request only calls functions. */
function compose(filters: readonly Filter[]): (context: RequestContext) => Promise<Response> {
  let next = (_context: RequestContext): Promise<Response> => Promise.reject(new Error('the chain has no end'));
  for (const filter of [...filters].reverse()) {
    const inner = next;
    next = (context) => filter(context, () => inner(context));
  }
  return next;
}
