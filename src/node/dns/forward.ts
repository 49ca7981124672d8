// Sends what is not the cluster's to the name servers that the host itself uses, byte for byte; answers are cached for
// as long as they say, at most 30 seconds.
import dgram from 'node:dgram';
import net from 'node:net';
import packet from 'dns-packet';

export interface Forwarder {
  /** The reply to this query, its id put in. Rejects when no server answered. */
  forward(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer>;
}

const TIMEOUT_MS = 2000;
const CACHE_MAX = 2000;
const CACHE_MAX_SECONDS = 30;

/** `nameserver` lines of a resolv.conf; loops back to ourselves are left out by the caller. */
export const nameServers = (resolvConf: string): string[] =>
  [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((m) => m[1]!);

/** `search` domains of a resolv.conf: the last line counts. */
export const searchDomains = (resolvConf: string): string[] =>
  [...resolvConf.matchAll(/^\s*(?:search|domain)\s+(.+)$/gm)].at(-1)?.[1]?.trim().split(/\s+/) ?? [];

export function createForwarder(servers: () => readonly string[], now: () => number = Date.now): Forwarder {
  const cache = new Map<string, { reply: Buffer; until: number }>();
  return {
    async forward(query, transport) {
      // All but the id is the same for the same question.
      const key = `${transport}:${query.subarray(2).toString('latin1')}`;
      const cached = cache.get(key);
      if (cached && cached.until > now()) return withId(cached.reply, query);
      let failure: unknown = new Error('no name servers are configured on this host');
      for (const server of servers()) {
        try {
          const reply = await (transport === 'udp' ? askUdp(server, query) : askTcp(server, query));
          const seconds = ttlOf(reply);
          if (seconds > 0) {
            cache.set(key, { reply, until: now() + seconds * 1000 });
            if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value!);
          }
          return reply;
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}

function withId(reply: Buffer, query: Buffer): Buffer {
  const copy = Buffer.from(reply);
  query.copy(copy, 0, 0, 2);
  return copy;
}

function ttlOf(reply: Buffer): number {
  const { answers = [] } = packet.decode(reply);
  const ttls = answers.flatMap((a) => ('ttl' in a && typeof a.ttl === 'number' ? [a.ttl] : []));
  return ttls.length > 0 ? Math.min(CACHE_MAX_SECONDS, ...ttls) : 0;
}

function askUdp(server: string, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket(server.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish(new Error(`${server} did not answer`)), TIMEOUT_MS);
    const finish = (result: Error | Buffer) => {
      clearTimeout(timer);
      socket.close();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', finish);
    socket.on('message', (reply) => {
      if (reply.length >= 2 && reply.readUInt16BE(0) === query.readUInt16BE(0)) finish(reply);
    });
    socket.connect(53, server, () => socket.send(query));
  });
}

function askTcp(server: string, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(53, server);
    let buffered = Buffer.alloc(0);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`${server} did not answer`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${server} closed the connection`)));
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      if (buffered.length < 2 || buffered.length < 2 + buffered.readUInt16BE(0)) return;
      resolve(buffered.subarray(2, 2 + buffered.readUInt16BE(0)));
      socket.destroy();
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
