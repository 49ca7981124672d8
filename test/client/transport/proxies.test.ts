import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../../src/client/rest.ts';
import { httpsTransport } from '../../../src/client/transport/https.ts';
import { proxyFor } from '../../../src/client/transport/proxy.ts';
import type { ClientConfig } from '../../../src/client/transport/config.ts';
import { connectionMessage } from '../../../src/cli/connection-message.ts';
import { type HttpsTestServer, startHttpsServer } from '../../support/https-server.ts';
import { httpProxy, socksProxy, type TestProxy } from './proxies.ts';

describe('which proxy leads to a server', () => {
  const of = (server: string, env: NodeJS.ProcessEnv, configured?: string): string | undefined =>
    proxyFor(new URL(server), configured, env)?.origin;
  const env = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'q:2' };
  it('what the kubeconfig says, then the environment, by scheme', () => {
    expect(of('https://k.example.com', env)).toBe('http://p:1');
    expect(of('http://k.example.com', env)).toBe('http://q:2');
    expect(of('https://k.example.com', { https_proxy: 'http://p:1' })).toBe('http://p:1');
    expect(proxyFor(new URL('https://k'), 'socks5://s:3', env)?.href).toBe('socks5://s:3');
    expect(of('https://127.0.0.1:6443', env)).toBeUndefined();
    expect(of('https://127.0.0.1:6443', env, 'http://c:4')).toBe('http://c:4');
    expect(() => of('https://k', env, 'ftp://c')).toThrow('unsupported scheme "ftp"');
  });
  it.each([
    ['example.com', true],
    ['.example.com', true],
    ['*.example.com', true],
    ['k.example.com:443', true],
    ['k.example.com:444', false],
    ['.k.example.com', false],
    ['xample.com', false],
    ['a, K.EXAMPLE.COM', true],
    ['*', true],
    ['10.0.0.0/8', false],
  ])('NO_PROXY=%s', (rules, exempt) => {
    expect(of('https://k.example.com', { ...env, NO_PROXY: rules }) === undefined).toBe(exempt);
  });
  it.each([
    ['10.1.0.0/16', true],
    ['10.2.0.0/16', false],
    ['10.1.2.3', true],
    ['10.1.2.3:6443', true],
    ['10.1.2.3:1', false],
    ['10.1.0.0/99', false],
  ])('NO_PROXY=%s of an address', (rules, exempt) => {
    expect(of('https://10.1.2.3:6443', { ...env, no_proxy: rules }) === undefined).toBe(exempt);
  });
});

describe('through a proxy', () => {
  let server: HttpsTestServer;
  let plain: http.Server;
  const proxies: TestProxy[] = [];
  const made = async (proxy: Promise<TestProxy>): Promise<TestProxy> => {
    const one = await proxy;
    proxies.push(one);
    return one;
  };
  beforeAll(async () => {
    server = await startHttpsServer(() => ({ kind: 'Found' }), { names: ['k.test'] });
    plain = http.createServer((_, response) => response.setHeader('content-type', 'application/json').end('{}'));
    await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    for (const proxy of proxies) proxy.close();
    plain.close();
    await server.close();
  });
  const secure = (proxyUrl: string): ClientConfig => ({
    server: `https://k.test:${server.port}`,
    certificateAuthority: Buffer.from(server.caBundle, 'base64').toString('utf8'),
    proxyUrl,
  });
  const ask = async (config: ClientConfig): Promise<number | string> => {
    const transport = httpsTransport(config);
    try {
      const response = await new Client(transport.handler).request('GET', '/version');
      return response.status;
    } catch (error) {
      return connectionMessage(error, 'k.test:1') ?? String(error);
    } finally {
      transport.close();
    }
  };
  const withUser = (url: string, user: string): string => url.replace('//', `//${user}@`);

  it('HTTP: a tunnel to a server with TLS, with what the proxy wants to know', async () => {
    const proxy = await made(httpProxy());
    expect(await ask(secure(withUser(proxy.url, 'u:p%40ss')))).toBe(200);
    expect(proxy.asked).toEqual([`CONNECT k.test:${server.port} Basic ${Buffer.from('u:p@ss').toString('base64')}`]);
  });
  it('HTTP: a request to a plain server is handed over, and asked for in gzip', async () => {
    const proxy = await made(httpProxy());
    const origin = `http://k.test:${(plain.address() as AddressInfo).port}`;
    expect(await ask({ server: origin, proxyUrl: proxy.url })).toBe(200);
    expect(await ask({ server: origin, proxyUrl: proxy.url, disableCompression: true })).toBe(200);
    expect(proxy.asked).toEqual([`GET ${origin} gzip`, `GET ${origin} plain`]);
  });
  it('HTTP: refused', async () => {
    const proxy = await made(httpProxy('407 Proxy Authentication Required'));
    expect(await ask(secure(proxy.url))).toBe('Unable to connect to the server: Proxy Authentication Required');
  });
  it('SOCKS5: names are resolved there', async () => {
    const proxy = await made(socksProxy());
    expect(await ask(secure(proxy.url))).toBe(200);
    expect(proxy.asked).toEqual([`k.test:${server.port}`]);
  });
  it('SOCKS5 with a password', async () => {
    const proxy = await made(socksProxy('p'));
    const prefix = `Unable to connect to the server: socks connect tcp ${proxy.url.slice(9)}->k.test:${server.port}: `;
    expect(await ask(secure(withUser(proxy.url, 'u:p')))).toBe(200);
    expect(await ask(secure(withUser(proxy.url, 'u:x')))).toBe(`${prefix}username/password authentication failed`);
    expect(await ask(secure(proxy.url))).toBe(`${prefix}no acceptable authentication methods`);
  });
  it('that is not there', async () => {
    const proxy = await made(httpProxy());
    proxy.close();
    const refused = 'The connection to the server k.test:1 was refused - did you specify the right host or port?';
    expect(await ask(secure(proxy.url))).toBe(refused);
    expect(await ask(secure(proxy.url.replace('http', 'socks5')))).toBe(refused);
  });
});

describe('certificates', () => {
  let server: HttpsTestServer;
  beforeAll(async () => {
    server = await startHttpsServer(() => ({ kind: 'Found' }), { names: ['k.test'] });
  });
  afterAll(() => server.close());
  const ask = async (more: Partial<ClientConfig>): Promise<number | string> => {
    const certificateAuthority = Buffer.from(server.caBundle, 'base64').toString('utf8');
    try {
      const { handler } = httpsTransport({ server: server.url, certificateAuthority, ...more });
      return (await new Client(handler).request('GET', '/version')).status;
    } catch (error) {
      return connectionMessage(error, server.url.slice(8)) ?? String(error);
    }
  };
  const prefix = 'Unable to connect to the server: tls: ';
  it('are for a name or an address', async () => {
    expect(await ask({})).toBe(200);
    expect(await ask({ tlsServerName: 'k.test' })).toBe(200);
    expect(await ask({ tlsServerName: '127.0.0.1' })).toBe(200);
    expect(await ask({ tlsServerName: 'x.test' })).toBe(
      `${prefix}failed to verify certificate: x509: certificate is valid for k.test, localhost, not x.test`,
    );
    expect(await ask({ tlsServerName: '10.0.0.1' })).toBe(
      `${prefix}failed to verify certificate: x509: certificate is valid for 127.0.0.1, not 10.0.0.1`,
    );
    expect(await ask({ tlsServerName: 'x.test', insecureSkipTlsVerify: true })).toBe(200);
  });
  it('are PEM', async () => {
    const certificate = Buffer.from(server.caBundle, 'base64').toString('utf8');
    expect(await ask({ certificateAuthority: 'hello' })).toBe(
      'Error: unable to load root certificates: unable to parse bytes as PEM block',
    );
    expect(await ask({ clientCertificate: 'x', clientKey: 'y' })).toBe(
      `${prefix}failed to find any PEM data in certificate input`,
    );
    expect(await ask({ clientCertificate: certificate, clientKey: certificate })).toBe(
      `${prefix}found a certificate rather than a key in the PEM for the private key`,
    );
  });
});
