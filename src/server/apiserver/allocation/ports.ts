// Node ports. Upstream: pkg/registry/core/service/portallocator. One number is one allocation, whatever its protocols.
import { randomInt } from 'node:crypto';
import type { HookContext } from '../types.ts';
import { NODE_PORTS, holder, take } from './record.ts';

const DEFAULT_RANGE = { from: 30_000, to: 32_767 };
const RANDOM_TRIES = 32;

/** `mine` are the numbers that this object has already, or takes in this transaction. */
export async function allocatePort(context: HookContext, mine: Set<number>, wanted?: number): Promise<number> {
  const { from, to } = context.options.nodePorts ?? DEFAULT_RANGE;
  if (wanted !== undefined) {
    if (mine.has(wanted)) return wanted;
    if (wanted < from || wanted > to) {
      throw new Error(`provided port is not in the valid range. The range of valid ports is ${from}-${to}`);
    }
    if ((await holder(context, NODE_PORTS + wanted)) !== undefined)
      throw new Error('provided port is already allocated');
    return reserve(context, mine, wanted);
  }
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const port = randomInt(from, to + 1);
    if (!mine.has(port) && (await holder(context, NODE_PORTS + port)) === undefined)
      return reserve(context, mine, port);
  }
  for (let port = from; port <= to; port++) {
    if (!mine.has(port) && (await holder(context, NODE_PORTS + port)) === undefined)
      return reserve(context, mine, port);
  }
  throw new Error('range is full');
}

function reserve(context: HookContext, mine: Set<number>, port: number): number {
  mine.add(port);
  take(context, NODE_PORTS + port);
  return port;
}
