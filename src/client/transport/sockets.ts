// Waiting for sockets, whose ways to fail are many.
import type { Duplex } from 'node:stream';

/** Until the event; rejects when the socket fails or is closed before. */
export function once(socket: Duplex, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onEnd = (error?: unknown): void => settle(error instanceof Error ? error : hungUp());
    const settle = (error?: Error): void => {
      socket.off(event, onDone).off('error', onEnd).off('close', onEnd);
      if (error) reject(error);
      else resolve();
    };
    const onDone = (): void => settle();
    socket.on(event, onDone).on('error', onEnd).on('close', onEnd);
    // A destroyed socket may still fail, and nobody is left to hear of it.
    socket.on('error', () => {});
  });
}

export const hungUp = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
