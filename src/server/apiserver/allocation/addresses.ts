// Cluster IPs. Upstream: pkg/registry/core/service/ipallocator. Automatic addresses come from the upper part of the
// range, so that the lower part stays free for those who choose (`kubernetes` 10.96.0.1, kube-dns 10.96.0.10).
import { randomInt } from 'node:crypto';
import type { HookContext } from '../types.ts';
import { isTaken, takeAddress } from './ip-address.ts';

export const DEFAULT_SERVICE_CIDR = '10.96.0.0/16';
const RANDOM_TRIES = 32;

interface Range {
  text: string;
  first: number;
  size: number;
}

export function toNumber(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

const toAddress = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');

function rangeOf(context: HookContext): Range {
  const text = context.options.serviceCidr ?? DEFAULT_SERVICE_CIDR;
  const [base, bits] = text.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = toNumber(base!)!;
  return { text, first: first - (first % size), size };
}

/** Throws an Error with upstream's words when a wanted address cannot be had. */
export async function allocateAddress(context: HookContext, wanted?: string): Promise<string> {
  const range = rangeOf(context);
  if (wanted !== undefined) return allocateWanted(context, range, wanted);
  // Upstream's calculateRangeOffset: 16 to 256 addresses, a sixteenth of the range.
  const offset = Math.min(Math.max(16, Math.floor(range.size / 16)), 256);
  const [low, high] = [range.size > offset + 1 ? offset : 1, range.size - 1];
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const found = await tryAt(context, range.first + randomInt(low, high));
    if (found !== undefined) return found;
  }
  for (let at = low; at < high; at++) {
    const found = await tryAt(context, range.first + at);
    if (found !== undefined) return found;
  }
  for (let at = 1; at < low; at++) {
    const found = await tryAt(context, range.first + at);
    if (found !== undefined) return found;
  }
  throw new Error('range is full');
}

async function tryAt(context: HookContext, value: number): Promise<string | undefined> {
  const address = toAddress(value);
  if (await isTaken(context, address)) return undefined;
  takeAddress(context, address);
  return address;
}

async function allocateWanted(context: HookContext, range: Range, wanted: string): Promise<string> {
  const value = toNumber(wanted);
  if (value === undefined || value <= range.first || value >= range.first + range.size - 1) {
    throw new Error(
      `failed to allocate IP ${wanted}: the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${range.text}`,
    );
  }
  if (await isTaken(context, wanted)) {
    throw new Error(`failed to allocate IP ${wanted}: provided IP is already allocated`);
  }
  takeAddress(context, wanted);
  return wanted;
}
