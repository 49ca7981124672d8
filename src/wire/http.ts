// The request and response records that the whole system speaks. A server is a Handler; the HTTP shell
// (wire/http-server.ts) turns sockets into Requests, the in-process transport calls the same Handler directly, and
// tests do too. Rule: a Handler answers every request; it throws only for bugs.
import type { Duplex } from 'node:stream';

/** Who is asking. Set by an authenticator, or by the trusted in-process transport. */
export interface User {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** Header names are lower case; repeated request headers are joined with ', ' as Node does. */
export type Headers = Record<string, string | undefined>;

export interface RequestBody {
  /** The whole body. Rejects with a StatusError-like `RequestEntityTooLarge` beyond `limitBytes`. */
  bytes(limitBytes: number): Promise<Uint8Array>;
  /** Chunks as they arrive, for proxies; instead of bytes(). Absent where the body is at hand anyway. */
  stream?(): AsyncIterable<Uint8Array>;
  /** In-process callers hand over the object itself (they give it up: the server may not copy but must not mutate). */
  shared?(): unknown;
}

export interface Request {
  method: string;
  /** Decoded path without query, as sent: still percent-encoded; `/api/v1/namespaces/a%20b`. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  /** Names and values in turn as they were sent, for headerValues(); absent where the request came over no wire. */
  rawHeaders?: readonly string[];
  body?: RequestBody;
  /** Aborted when the caller is gone or has lost interest. */
  signal: AbortSignal;
  remoteAddress?: string;
  /**
   * The leaf certificate that a TLS client showed, DER; whether it chains to any of the client CAs, in its time and as a
   * client's; and what the client showed of the way there, the leaf's issuer first.
   */
  peerCertificate?: { der: Uint8Array; verified: boolean; issuers?: readonly Uint8Array[] };
  /** Only the in-process transport sets it: the request is already authenticated. */
  user?: User;
  /** True when the client asked for `Connection: Upgrade` and the transport can do it. */
  upgradable?: boolean;
}

/** One event of a watch as in-process callers read it. */
export interface SharedWatchEvent {
  type: string;
  object: unknown;
}

/** A body has two lazy faces; exactly one of them is used, once. */
export interface ResponseBody {
  /** Whole (a Buffer) or streamed chunks. A stream honours back-pressure: it is pulled. */
  bytes(): Uint8Array | AsyncIterable<Uint8Array>;
  /** The frozen object (or for a watch, its events) for an in-process caller; absent for plain text and proxies. */
  shared?(): unknown | AsyncIterable<SharedWatchEvent>;
}

export interface Response {
  status: number;
  headers: Record<string, string | string[]>;
  body?: ResponseBody;
  /**
   * Status 101 only: called with the raw connection after the head was written. `head` holds bytes that came with
   * the request. The callee owns the socket from then on.
   */
  upgrade?(socket: Duplex, head: Uint8Array): void;
}

/** The signal of requests that nobody aborts: transports may skip listening to it. */
export const NEVER_ABORTED: AbortSignal = new AbortController().signal;

export type Handler = (request: Request) => Promise<Response>;

/** What the in-process transport asks for with `Accept`: the HTTP shell never sends it, the server never encodes it. */
export const SHARED_CONTENT_TYPE = 'application/x-sampan-shared';
/** The same without managedFields, which are half of many objects: for who holds thousands and never reads them. */
export const SHARED_BARE_CONTENT_TYPE = `${SHARED_CONTENT_TYPE};managedFields=none`;
