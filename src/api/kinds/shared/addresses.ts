// IP addresses and networks as numbers: whether they are written as they should be, and which network holds which.
// Upstream: apimachinery/pkg/util/validation/ip.go, Go's net.IP.String (RFC 5952).
import type { FieldErrors } from '../../validation.ts';

interface Address {
  bits: 32 | 128;
  value: bigint;
  /** Written as `::ffff:1.2.3.4`. */
  mapped: boolean;
  leadingZeros: boolean;
}
export interface Network {
  address: Address;
  length: number;
  leadingZeros: boolean;
}

const DECIMAL = /^\d{1,3}$/;
const HEX = /^[0-9a-fA-F]{1,4}$/;
const MAPPED = 0xffffn;

function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let [value, leadingZeros] = [0n, false];
  for (const part of parts) {
    if (!DECIMAL.test(part) || Number(part) > 255) return undefined;
    if (part.length > 1 && part.startsWith('0')) leadingZeros = true;
    value = (value << 8n) | BigInt(Number(part));
  }
  return { bits: 32, value, mapped: false, leadingZeros };
}

function groups(text: string): bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => HEX.test(part)) ? parts.map((part) => BigInt(`0x${part}`)) : undefined;
}

function parseV6(text: string): Address | undefined {
  let [body, leadingZeros] = [text, false];
  const colon = text.lastIndexOf(':');
  if (text.includes('.', colon)) {
    const tail = parseV4(text.slice(colon + 1));
    if (!tail) return undefined;
    leadingZeros = tail.leadingZeros;
    body = `${text.slice(0, colon + 1)}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [groups(halves[0]!), groups(halves[1] ?? '')];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => 0n), ...tail];
  const value = all.reduce((sum, group) => (sum << 16n) | group, 0n);
  // Go takes such an address for one of IPv4.
  if (value >> 32n === MAPPED) return { bits: 32, value: value & 0xffffffffn, mapped: true, leadingZeros };
  return { bits: 128, value, mapped: false, leadingZeros };
}

/** Also with leading zeros in decimal parts, as upstream's ParseIPSloppy. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

export function formatAddress({ bits, value }: Pick<Address, 'bits' | 'value'>): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const parts = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn);
  let [from, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && parts[j] === 0n) j++;
    if (j - i > length) [from, length] = [i, j - i];
  }
  const text = (list: readonly bigint[]): string => list.map((part) => part.toString(16)).join(':');
  return from < 0 ? text(parts) : `${text(parts.slice(0, from))}::${text(parts.slice(from + length))}`;
}

export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !DECIMAL.test(digits)) return undefined;
  const length = Number(digits) - (address.mapped ? 96 : 0);
  if (length < 0 || length > address.bits) return undefined;
  return { address, length, leadingZeros: address.leadingZeros || (digits.length > 1 && digits.startsWith('0')) };
}

/** The network's own address. */
export function firstOf({ address, length }: Network): bigint {
  const host = BigInt(address.bits - length);
  return (address.value >> host) << host;
}

const formatNetwork = (network: Network): string =>
  `${formatAddress({ bits: network.address.bits, value: firstOf(network) })}/${network.length}`;

/** `inner` is `outer` or a part of it. */
export function holdsNetwork(outer: Network, inner: Network): boolean {
  if (inner.address.bits !== outer.address.bits || inner.length < outer.length) return false;
  const host = BigInt(outer.address.bits - outer.length);
  return inner.address.value >> host === outer.address.value >> host;
}

/** `inner` is a part of `outer`, and smaller. */
export const strictlyWithin = (inner: Network, outer: Network): boolean =>
  inner.length > outer.length && holdsNetwork(outer, inner);

/** The last address of a network: IPv4's broadcast address. */
export const lastOf = (network: Network): bigint =>
  firstOf(network) + (1n << BigInt(network.address.bits - network.length)) - 1n;

const BAD_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const BAD_NETWORK = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** What is wrong with an address of a new field; nothing when it is in canonical form. Upstream: IsValidIP. */
export function strictAddressErrors(text: string): string[] {
  const address = parseAddress(text);
  if (!address) return [BAD_ADDRESS];
  if (address.leadingZeros) return ['must not have leading 0s'];
  if (address.mapped) return ['must not be an IPv4-mapped IPv6 address'];
  const canonical = formatAddress(address);
  return text === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** Upstream: IsValidCIDR. */
export function strictNetworkErrors(text: string): string[] {
  const network = parseNetwork(text);
  if (!network) return [BAD_NETWORK];
  if (network.leadingZeros) return ['must not have leading 0s in IP or prefix length'];
  if (network.address.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  if (firstOf(network) !== network.address.value) return ['must not have bits set beyond the prefix length'];
  const canonical = formatNetwork(network);
  return text === canonical ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** An old field's address, in any form. Upstream: IsValidIPForLegacyField. */
export function sloppyAddress(errors: FieldErrors, field: string, text: string): void {
  if (!parseAddress(text)) errors.invalid(field, text, BAD_ADDRESS);
}

/** Upstream: IsValidCIDRForLegacyField. */
export function sloppyNetwork(errors: FieldErrors, field: string, text: string): Network | undefined {
  const network = parseNetwork(text);
  if (!network) errors.invalid(field, text, BAD_NETWORK);
  return network;
}

/** Upstream: GetWarningsForIP; none for what is no address. */
export function addressWarnings(field: string, text: string): string[] {
  const address = parseAddress(text);
  if (!address) return [];
  const canonical = formatAddress(address);
  if (address.leadingZeros || address.mapped) return [nonStandard(field, 'IP address', text, canonical)];
  if (address.bits === 32 || canonical === text) return [];
  return [`${field}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format ("${canonical}")`];
}

/** Upstream: GetWarningsForCIDR. */
export function networkWarnings(field: string, text: string): string[] {
  const network = parseNetwork(text);
  if (!network) return [];
  const { address } = network;
  const [canonical, quoted] = [formatNetwork(network), JSON.stringify(text)];
  const list: string[] = [];
  if (firstOf(network) !== address.value) {
    const single = `${formatAddress(address)}/${address.bits}`;
    list.push(`${field}: CIDR value ${quoted} is ambiguous in this context (should be "${canonical}" or "${single}"?)`);
  }
  if (network.leadingZeros || address.mapped) list.push(nonStandard(field, 'CIDR value', text, canonical));
  if (list.length === 0 && address.bits === 128 && canonical !== text) {
    list.push(`${field}: IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format ("${canonical}")`);
  }
  return list;
}

function nonStandard(field: string, what: string, text: string, canonical: string): string {
  const when = 'will be considered invalid in a future Kubernetes release';
  return `${field}: non-standard ${what} ${JSON.stringify(text)} ${when}: use "${canonical}"`;
}
