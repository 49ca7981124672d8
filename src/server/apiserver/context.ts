// What travels with one request through the chain, and the server's parts that verbs use. Data only.
import type { Handler, Request, Response, User } from '../../wire/http.ts';
import type { AdmissionContext } from '../admission/types.ts';
import { ANONYMOUS } from '../auth/types.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import type { Feed } from './cache/feed.ts';
import type { Registry } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import type { ApiServerOptions } from './types.ts';

/** The parts of one server. */
export interface Server {
  options: ApiServerOptions;
  feed: Feed;
  registry: Registry;
  admission: AdmissionContext;
  /** Undefined: no other server is asked. */
  aggregator: Aggregator | undefined;
  now(): number;
  newUid(): string;
  newNameSuffix(): string;
  /** The whole chain again, for subresources that act by other requests. */
  handler: Handler;
  /** Aborted when the server closes: long requests end. */
  closing: AbortSignal;
  /** True once the caches are filled. */
  isReady(): boolean;
  /** Reports an error that no client caused. */
  onBug(error: unknown, context: RequestContext): void;
}

export interface RequestContext {
  server: Server;
  request: Request;
  id: string;
  user: User;
  info: RequestInfo;
  /** Become Warning headers. */
  warnings: string[];
}

/** One step of the chain: answers itself, or asks the next. */
export type Filter = (context: RequestContext, next: () => Promise<Response>) => Promise<Response>;

export function newContext(server: Server, request: Request, id: string): RequestContext {
  return { server, request, id, user: request.user ?? ANONYMOUS, info: NO_INFO, warnings: [] };
}

const NO_INFO: RequestInfo = {
  isResource: false,
  path: '',
  verb: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  rest: '',
};
