// A real HTTPS server in this process with a CA of its own: what webhooks and aggregated servers are in tests.
import { type Server, createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Authority, issueAuthority, issueLeaf } from '../../src/server/pki/issue.ts';
import { generateKeys, privateKeyPem, publicKeyDer } from '../../src/server/pki/keys.ts';

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The common name of the client's certificate. */
  client: string | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface HttpsTestServer {
  url: string;
  port: number;
  /** Base64 of PEM, as caBundle wants it. */
  caBundle: string;
  calls: Call[];
  server: Server;
  close(): Promise<void>;
}

/** What is answered as JSON; a function writes the answer itself. */
export type Answer = object | ((response: ServerResponse, request: IncomingMessage) => void);

export interface HttpsTestOptions {
  /** Names in the certificate beside localhost and 127.0.0.1. */
  names?: string[];
  /** PEM: client certificates are asked for, and looked at against it. */
  clientCa?: string;
  host?: string;
}

export async function startHttpsServer(
  answer: (call: Call) => Answer | Promise<Answer>,
  { names = [], clientCa, host = '127.0.0.1' }: HttpsTestOptions = {},
): Promise<HttpsTestServer> {
  const authority: Authority = await issueAuthority('test-ca', generateKeys());
  const keys = generateKeys();
  const cert = await issueLeaf(authority, {
    subject: { commonName: names[0] ?? 'localhost' },
    publicKey: publicKeyDer(keys.publicKey),
    dnsNames: [...names, 'localhost'],
    addresses: ['127.0.0.1', ...(host === '127.0.0.1' ? [] : [host])],
    usages: ['digital signature', 'key encipherment', 'server auth'],
  });
  const calls: Call[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'https://x');
    const text = Buffer.concat(await request.toArray()).toString('utf8');
    const call: Call = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      client: (request.socket as TLSSocket).getPeerCertificate()?.subject?.CN as string | undefined,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
    calls.push(call);
    const answered = await answer(call);
    if (typeof answered === 'function')
      return void (answered as (r: ServerResponse, q: IncomingMessage) => void)(response, request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answered));
  };
  const server = createServer(
    { cert, key: privateKeyPem(keys.privateKey), ...(clientCa ? { requestCert: true, ca: clientCa } : {}) },
    (request, response) =>
      void serve(request, response).catch((error: unknown) => {
        response.writeHead(500);
        response.end(String(error));
      }),
  );
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
    calls,
    server,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
