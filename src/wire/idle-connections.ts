// Which connections wait for a request, the one that has waited longest first, so that a full server can let that one go:
// connections that somebody opens and leaves must not keep others out. One with a request under way is never closed.
import type { Socket } from 'node:net';

/** A connection, as a socket or as an HTTP/2 session. */
export interface Waiting {
  readonly destroyed: boolean;
  /** Of answers that are not sent yet. */
  readonly writableLength: number;
  destroy(): void;
}

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

export class IdleConnections {
  /** In the order in which they became idle. */
  readonly #idle = new Set<Waiting>();
  /** Those whose TLS handshake is not done, by their ends: afterwards another object stands for the connection. */
  readonly #handshaking = new Map<string, Socket>();

  handshakes(socket: Socket): void {
    const ends = nameOf(socket);
    this.#handshaking.set(ends, socket);
    this.waits(socket);
    socket.once('close', () => {
      if (this.#handshaking.get(ends) === socket) this.#handshaking.delete(ends);
      this.#idle.delete(socket);
    });
  }

  /** A connection that may carry requests from now on; it is forgotten with `works` when it closes. */
  opened(ends: Ends, connection: Waiting): void {
    const name = nameOf(ends);
    const raw = this.#handshaking.get(name);
    if (raw) {
      this.#handshaking.delete(name);
      this.#idle.delete(raw);
    }
    this.waits(connection);
  }

  waits(connection: Waiting): void {
    if (!connection.destroyed) this.#idle.add(connection);
  }

  works(connection: Waiting): void {
    this.#idle.delete(connection);
  }

  /** False when there is none. One that still has an answer to send is left alone. */
  closeLongest(): boolean {
    for (const connection of this.#idle) {
      if (connection.writableLength > 0) continue;
      this.#idle.delete(connection);
      connection.destroy();
      return true;
    }
    return false;
  }
}

const nameOf = ({ remoteAddress, remotePort, localAddress, localPort }: Ends): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
