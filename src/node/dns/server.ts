// The node's DNS server: UDP and TCP on the pod bridge's gateway. Cluster names are answered from caches, everything
// else is forwarded to the host's own name servers. Malformed packets are dropped; nothing a client sends stops it.
import dgram from 'node:dgram';
import net from 'node:net';
import packet, { type Answer, type Packet } from 'dns-packet';
import type { Logger } from '../../client/log.ts';
import type { Forwarder } from './forward.ts';
import { type DnsAnswer, type DnsRecord, TTL_SECONDS, type Zone, resolveName } from './records.ts';

export interface DnsServerOptions {
  zone: Zone;
  forwarder: Forwarder;
  address: string;
  /** 0 is any free port. */
  port: number;
  log: Logger;
}

export interface DnsServer {
  port: number;
  close(): Promise<void>;
}

const UDP_DEFAULT_BYTES = 512;
const UDP_MAX_BYTES = 4096;
const TCP_IDLE_MS = 10_000;
const TCP_CONNECTIONS_MAX = 256;
const RCODE_SERVFAIL = 2;
const RCODE_NXDOMAIN = 3;

/** Resolves when both sockets listen. Rejects with Node's error (EADDRINUSE …). */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const udp = dgram.createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(options.port, options.address, resolve);
  });
  udp.removeAllListeners('error').on('error', (error) => options.log.warn({ error: String(error) }, 'dns socket'));
  const port = udp.address().port;
  const tcp = net.createServer((socket) => serveTcp(socket, options));
  tcp.maxConnections = TCP_CONNECTIONS_MAX;
  const sockets = new Set<net.Socket>();
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, options.address, resolve);
  });
  udp.on('message', (message, peer) => {
    void respond(message, options, 'udp').then((reply) => {
      if (reply) udp.send(reply, peer.port, peer.address, () => {});
    });
  });
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** Over TCP each message has its length before it, two bytes. */
function serveTcp(socket: net.Socket, options: DnsServerOptions): void {
  let buffered = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0);
      const message = buffered.subarray(2, end);
      buffered = buffered.subarray(end);
      void respond(message, options, 'tcp').then((reply) => {
        if (!reply || socket.destroyed) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    }
  });
}

/** The reply's bytes; undefined when the query cannot be answered at all (not a query, not DNS). */
async function respond(
  message: Buffer,
  options: DnsServerOptions,
  transport: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  let query: Packet;
  try {
    query = packet.decode(message);
  } catch {
    return undefined;
  }
  const question = query.questions?.[0];
  if (query.type !== 'query' || !question) return undefined;
  const limit = transport === 'tcp' ? 65_535 : udpLimit(query);
  try {
    const local = resolveName(options.zone, question.name, question.type);
    if (!local) return await options.forwarder.forward(message, transport);
    const answer = await followAlias(local, question.type, options);
    return encode(query, answer, options.zone.domain, limit);
  } catch (error) {
    options.log.debug({ name: question.name, error: String(error) }, 'dns query failed');
    return packet.encode({
      type: 'response',
      id: query.id ?? 0,
      flags: flags(query) | RCODE_SERVFAIL,
      questions: query.questions ?? [],
    });
  }
}

/** An ExternalName's addresses come along with its alias, whoever knows them. */
async function followAlias(answer: DnsAnswer, type: string, options: DnsServerOptions): Promise<DnsAnswer> {
  const alias = answer.answers[0];
  if (alias?.type !== 'CNAME' || (type !== 'A' && type !== 'AAAA')) return answer;
  const inside = resolveName(options.zone, alias.data, type);
  if (inside) return { ...answer, answers: [alias, ...inside.answers] };
  const query = packet.encode({
    type: 'query',
    id: 1,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name: alias.data }],
  });
  const reply = await options.forwarder.forward(query, 'udp').catch(() => undefined);
  const outside = reply ? ((packet.decode(reply).answers ?? []) as DnsRecord[]) : [];
  return { ...answer, answers: [alias, ...outside] };
}

function udpLimit(query: Packet): number {
  const option = query.additionals?.find((a) => a.type === 'OPT') as { udpPayloadSize?: number } | undefined;
  return Math.min(Math.max(option?.udpPayloadSize ?? UDP_DEFAULT_BYTES, UDP_DEFAULT_BYTES), UDP_MAX_BYTES);
}

const flags = (query: Packet): number =>
  packet.AUTHORITATIVE_ANSWER | packet.RECURSION_AVAILABLE | ((query.flags ?? 0) & packet.RECURSION_DESIRED);

function encode(query: Packet, answer: DnsAnswer, domain: string, limit: number): Buffer {
  const authority: Answer[] =
    answer.answers.length > 0
      ? []
      : [
          {
            type: 'SOA',
            name: domain,
            ttl: TTL_SECONDS,
            data: {
              mname: `ns.dns.${domain}`,
              rname: `hostmaster.${domain}`,
              serial: 1,
              refresh: 7200,
              retry: 1800,
              expire: 86_400,
              minimum: TTL_SECONDS,
            },
          },
        ];
  const reply = {
    type: 'response' as const,
    id: query.id ?? 0,
    flags: flags(query) | (answer.found ? 0 : RCODE_NXDOMAIN),
    questions: query.questions ?? [],
    // A different first address for each client: those that take the first one are spread, too.
    answers: rotated(answer.answers) as Answer[],
    authorities: authority,
    additionals: answer.additionals as Answer[],
  };
  const whole = packet.encode(reply);
  if (whole.length <= limit) return whole;
  const bare = packet.encode({ ...reply, additionals: [] });
  if (bare.length <= limit) return bare;
  return packet.encode({ ...reply, flags: reply.flags | packet.TRUNCATED_RESPONSE, answers: [], additionals: [] });
}

let turn = 0;
function rotated<T>(list: readonly T[]): T[] {
  if (list.length < 2 || (list[0] as DnsRecord).type === 'CNAME') return [...list];
  const start = turn++ % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
