// Port forwarding as WebSocket clients did it before the SPDY tunnel: the ports stand in the query, each has a data
// channel (2n) and an error channel (2n + 1), and one connection per port. Upstream: kubelet/pkg/cri/streaming/
// portforward/websocket.go.
import type { Duplex } from 'node:stream';
import { WebSocketChannels } from './websocket-streams.ts';

export const PORT_CHANNEL_PROTOCOLS: readonly string[] = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];

export function servePortChannels(
  socket: Duplex,
  head: Uint8Array,
  base64: boolean,
  ports: readonly number[],
  dial: (port: number) => Promise<Duplex>,
): void {
  const channels = new WebSocketChannels(socket, { side: 'server', head, base64 });
  const running = ports.map(async (port, i) => {
    const data = channels.readable(2 * i);
    // Which port a channel is for: 16 bits, little endian, first of all on both.
    const name = Buffer.alloc(2);
    name.writeUInt16LE(port);
    channels.send(2 * i, name);
    channels.send(2 * i + 1, name);
    try {
      const target = await dial(port);
      target.on('error', () => target.destroy());
      void channels.closed.then(() => target.destroy());
      target.pipe(channels.writable(2 * i));
      data.pipe(target);
      await new Promise((resolve) => target.once('close', resolve));
    } catch (error) {
      channels.send(2 * i + 1, Buffer.from(error instanceof Error ? error.message : String(error)));
    }
  });
  void Promise.all(running).then(() => channels.close());
}
