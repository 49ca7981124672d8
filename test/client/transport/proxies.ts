// Small proxies for tests: they note what they were asked for, and lead every name to this machine.
import http from 'node:http';
import net from 'node:net';

export interface TestProxy {
  url: string;
  asked: string[];
  close(): void;
}

const local = (host: string): string => (net.isIP(host) > 0 ? host : '127.0.0.1');

async function listen(server: net.Server | http.Server, scheme: string, asked: string[]): Promise<TestProxy> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as net.AddressInfo;
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `${scheme}://127.0.0.1:${port}`, asked, close };
}

/** CONNECT, and requests that are handed over; `refuses` is a status line. */
export function httpProxy(refuses?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url!);
    asked.push(`${request.method} ${url.origin} ${request.headers['accept-encoding'] ?? 'plain'}`);
    const { method, headers } = request;
    const path = url.pathname + url.search;
    const onward = http.request({ host: local(url.hostname), port: url.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    if (refuses !== undefined) return void socket.end(`HTTP/1.1 ${refuses}\r\n\r\n`);
    const [host = '', port] = request.url!.split(':');
    const onward = net.connect(Number(port), local(host), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const one of [onward, socket]) one.on('error', () => undefined);
  });
  return listen(server, 'http', asked);
}

/** Takes no client without a password when it has one. */
export function socksProxy(password?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    void serveSocks(socket, asked, password).catch(() => socket.destroy());
  });
  return listen(server, 'socks5', asked);
}

async function serveSocks(socket: net.Socket, asked: string[], password: string | undefined): Promise<void> {
  const read = async (size: number): Promise<Buffer> => {
    for (;;) {
      const bytes = socket.read(size) as Buffer | null;
      if (bytes) return bytes;
      await new Promise((done) => socket.once('readable', done));
    }
  };
  const [, count] = await read(2);
  const wanted = password === undefined ? 0 : 2;
  const known = (await read(count!)).includes(wanted);
  socket.write(Buffer.from([5, known ? wanted : 255]));
  if (!known) return void socket.end();
  if (password !== undefined) {
    const user = (await read((await read(2))[1]!)).toString();
    const said = (await read((await read(1))[0]!)).toString();
    asked.push(`${user}:${said}`);
    socket.write(Buffer.from([1, said === password ? 0 : 1]));
    if (said !== password) return void socket.end();
  }
  const [, , , type] = await read(4);
  const host = type === 1 ? [...(await read(4))].join('.') : (await read((await read(1))[0]!)).toString();
  const port = (await read(2)).readUInt16BE();
  asked.push(`${host}:${port}`);
  const onward = net.connect(port, local(host), () => {
    socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
}
