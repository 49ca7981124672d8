// Servers that are no API servers, are busy, lead elsewhere or break off: what the CLI says of them, in kubectl's words.
import http from 'node:http';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, readBytes } from '../../../src/client/rest.ts';
import { httpsTransport } from '../../../src/client/transport/https.ts';
import { type CliResult, runCli } from '../../cli/run-cli.ts';
import { temporaryFolder } from '../../support/cli.ts';

const home = temporaryFolder('servers');
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default' } };
const json = JSON.stringify(object);
const HTML = '<html>log in</html>\n';

const resources = [
  {
    name: 'configmaps',
    singularName: 'configmap',
    namespaced: true,
    kind: 'ConfigMap',
    verbs: ['get', 'list', 'watch'],
  },
];
const discovery: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources },
};

type Answer = (response: http.ServerResponse, request: http.IncomingMessage, count: number, of?: object) => void;
const status =
  (code: number, body = '', headers: http.OutgoingHttpHeaders = { 'content-type': 'text/plain' }): Answer =>
  (response) =>
    void response.writeHead(code, headers).end(body);
const good: Answer = (response, _, __, of = object) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(of));
const answers: Record<string, Answer> = {
  good,
  html: status(200, HTML, { 'content-type': 'text/html; charset=utf-8' }),
  gateway: status(502, HTML, { 'content-type': 'text/html' }),
  refuses: status(403, 'no\n'),
  login: status(401, 'who?'),
  teapot: status(418),
  silent: status(500, '', { 'content-type': 'application/json' }),
  nothing: status(200, '', { 'content-type': 'application/json' }),
  broken: status(200, '{"kind":"Conf', { 'content-type': 'application/json' }),
  list: status(200, '[1]', { 'content-type': 'application/json' }),
  nokind: status(200, '{"a":1}', { 'content-type': 'application/json' }),
  busy: (response, request, count) =>
    count < 3 ? response.writeHead(429, { 'retry-after': '0' }).end() : good(response, request, count),
  resets: (response, request, count) => (count < 2 ? request.socket.destroy() : good(response, request, count)),
  packed: (response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(json)),
  elsewhere: (response, request) =>
    response.writeHead(302, { location: request.url!.replace('elsewhere', 'good') }).end(),
  moved: (response, request) => response.writeHead(308, { location: request.url!.replace('moved', 'good') }).end(),
  circle: (response, request) => response.writeHead(302, { location: request.url! }).end(),
  nowhere: status(302),
  half: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length });
    response.write(json.slice(0, 9), () => response.socket!.destroy());
  },
  slow: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
  hangs: () => undefined,
};

let server: http.Server;
let ssh: net.Server;
let url = '';
const counts = new Map<string, number>();
const seen: string[] = [];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const [, mode = '', path = ''] = /^\/(\w+)(.*)$/.exec(request.url ?? '') ?? [];
    const known = discovery[path.replace(/\?.*/, '')];
    if (known) return void good(response, request, 0, known);
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    const count = (counts.get(mode) ?? 0) + (path.startsWith('/api/v1/') ? 1 : 0);
    counts.set(mode, count);
    answers[mode]?.(response, request, count);
  });
  ssh = net.createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x "y"\r\nz'));
  for (const one of [server, ssh]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  ssh.close();
  home.remove();
});

const sampan = (...args: string[]): Promise<CliResult> => runCli(args, { env: { HOME: home.path } });
const get = (mode: string, ...flags: string[]): Promise<CliResult> =>
  sampan('-s', `${url}/${mode}`, 'get', 'configmaps', 'one', '-o', 'name', ...flags);

describe('a server that is no API server', () => {
  it.each([
    ['html', "error: serializer for text/html doesn't exist\n"],
    [
      'gateway',
      'Error from server (InternalError): an error on the server ("<html>log in</html>") has prevented the request from succeeding (get configmaps one)\n',
    ],
    ['refuses', 'Error from server (Forbidden): no (get configmaps one)\n'],
    [
      'login',
      'error: You must be logged in to the server (the server has asked for the client to provide credentials (get configmaps one))\n',
    ],
    [
      'teapot',
      'Error from server: the server responded with the status code 418 but did not return more information (get configmaps one)\n',
    ],
    [
      'silent',
      'Error from server (InternalError): an error on the server ("unknown") has prevented the request from succeeding (get configmaps one)\n',
    ],
    [
      'nowhere',
      'Error from server: the server responded with the status code 302 but did not return more information (get configmaps one)\n',
    ],
    ['nothing', 'error: unexpected end of JSON input\n'],
    ['broken', 'error: unexpected end of JSON input\n'],
    ['list', 'error: json: cannot unmarshal array into Go value of type unstructured.detector\n'],
    ['nokind', "error: Object 'Kind' is missing in '{\"a\":1}'\n"],
    ['circle', 'Unable to connect to the server: stopped after 10 redirects\n'],
    ['half', 'error: unexpected error when reading response body. Please retry. Original error: unexpected EOF\n'],
  ])('%s', async (mode, stderr) => {
    expect(await get(mode)).toEqual({ code: 1, stdout: '', stderr });
  });
  it('does not speak HTTP', async () => {
    const { port } = ssh.address() as net.AddressInfo;
    const { stderr } = await sampan('-s', `http://127.0.0.1:${port}`, 'get', 'configmaps', 'one');
    expect(stderr).toBe(
      'Unable to connect to the server: net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-x \\"y\\""\n',
    );
  });
  it('of a path of the user messages do not say the resource', async () => {
    const { stderr } = await sampan(
      '-s',
      `${url}/refuses`,
      'get',
      '--raw',
      '/api/v1/namespaces/default/configmaps/one',
    );
    expect(stderr).toBe('Error from server (Forbidden): no\n');
  });
});

describe('a server that takes its time', () => {
  it('never answers', async () => {
    expect((await get('hangs', '--request-timeout=200ms')).stderr).toBe(
      'Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)\n',
    );
  });
  it('stops in the middle of its answer', async () => {
    expect((await get('slow', '--request-timeout=200ms')).stderr).toBe(
      'error: unexpected error when reading response body. Please retry. Original error: net/http: request canceled (Client.Timeout or context cancellation while reading body)\n',
    );
  });
});

describe('a server on whose way something stands', () => {
  it.each(['busy', 'resets', 'packed', 'elsewhere', 'moved'])('%s', async (mode) => {
    expect(await get(mode)).toEqual({ code: 0, stdout: 'configmap/one\n', stderr: '' });
  });
  it('a credential goes to no other host', async () => {
    const other = http.createServer((request, response) => {
      seen.push(`other ${request.headers.authorization ?? 'nobody'}`);
      good(response, request, 0);
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    answers['away'] = status(307, '', { location: `http://127.0.0.1:${(other.address() as net.AddressInfo).port}/x` });
    expect((await get('away', '--token=t')).stdout).toBe('configmap/one\n');
    expect(seen.slice(-2)).toEqual(['GET /away/api/v1/namespaces/default/configmaps/one Bearer t', 'other nobody']);
    other.close();
  });
});

describe('a request that its caller aborts', () => {
  it.each(['hangs', 'slow'])('%s', async (mode) => {
    const transport = httpsTransport({ server: url });
    const controller = new AbortController();
    const asked = new Client(transport.handler)
      .request('GET', `/${mode}`, { signal: controller.signal })
      .then(readBytes);
    setTimeout(() => controller.abort(), 50);
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    transport.close();
  });
});

describe('what cannot be a server', () => {
  it.each([
    ['ftp://x', 'Unable to connect to the server: unsupported protocol scheme "ftp"\n'],
    ['https://127.0.0.1:99999', 'Unable to connect to the server: dial tcp: address 99999: invalid port\n'],
    ['https://', 'error: host must be a URL or a host:port pair: "https://"\n'],
  ])('%s', async (name, stderr) => {
    expect(await sampan('-s', name, 'get', 'configmaps', 'one')).toEqual({ code: 1, stdout: '', stderr });
  });
});

describe('a watch that is cut', () => {
  it('ends as one that the server ended', async () => {
    answers['cut'] = (response, request) => {
      if (!request.url!.includes('watch=true')) {
        const list = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [object] };
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n{"type":"MODI`, () =>
        response.socket!.destroy(),
      );
    };
    expect(await sampan('-s', `${url}/cut`, 'get', 'configmaps', '-w', '-o', 'name')).toEqual({
      code: 0,
      stdout: 'configmap/one\nconfigmap/one\n',
      stderr: '',
    });
  });
});
