// The addresses of the server: the one that others reach it at, and the fixed ones inside the service range.
import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { StartupError } from './startup-error.ts';

/** The n-th address of an IPv4 range: 1 is the `kubernetes` service's, 10 cluster DNS'. */
export function nthAddress(cidr: string, n: number): string {
  const [base = '', bitsText = ''] = cidr.split('/');
  const bits = Number(bitsText);
  if (!isIPv4(base) || !Number.isInteger(bits) || bits < 12 || bits > 28) {
    throw new StartupError(`the service range ${cidr} is not an IPv4 range of 12 to 28 bits, such as 10.96.0.0/16`);
  }
  const mask = (0xffffffff << (32 - bits)) >>> 0;
  const first = (base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) & mask) >>> 0;
  const address = first + n;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/**
 * The address that this host's packets to the world carry: asked of the kernel's routes, without sending anything.
 * Without a default route the first address of any interface; undefined when there is only loopback.
 */
export async function hostAddress(): Promise<string | undefined> {
  const routed = await new Promise<string | undefined>((resolve) => {
    const socket = createSocket('udp4');
    const done = (address?: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    // 192.0.2.1 is for documentation: routed like any other address, and nobody's.
    socket.connect(9, '192.0.2.1', () => done(socket.address().address));
  });
  if (routed !== undefined && isIPv4(routed) && !routed.startsWith('127.') && routed !== '0.0.0.0') return routed;
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((i) => i.family === 'IPv4' && !i.internal)?.address;
}
