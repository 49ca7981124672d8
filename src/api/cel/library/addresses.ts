// IP addresses and ranges in CEL, after Go's net/netip. Upstream: apiserver pkg/cel/library/{ip,cidr}.go.
import { isIPv4, isIPv6 } from 'node:net';
import {
  CONSTANT,
  type Cost,
  type FunctionTable,
  STRING_FACTOR,
  declare,
  fixed,
  plus,
  scaled,
  traversal,
} from '../functions.ts';
import { CelError, type OpaqueValue, sizeOf } from '../values.ts';

export class Address implements OpaqueValue {
  readonly typeName = 'net.IP';
  /** 4 or 16. */
  readonly bytes: readonly number[];
  constructor(bytes: readonly number[]) {
    this.bytes = bytes;
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof Address && String(other.bytes) === String(this.bytes);
  }
}

class Range implements OpaqueValue {
  readonly typeName = 'net.CIDR';
  readonly address: Address;
  readonly bits: number;
  constructor(address: Address, bits: number) {
    [this.address, this.bits] = [address, bits];
  }
  equalTo(other: OpaqueValue): boolean {
    return other instanceof Range && other.bits === this.bits && other.address.equalTo(this.address);
  }
}

function bytesOf(text: string): number[] | undefined {
  if (isIPv4(text)) return text.split('.').map(Number);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  let groups = text;
  const dotted = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    groups = text.slice(0, -dotted.length) + `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const [head = '', tail] = groups.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((word) => [word >> 8, word & 255]);
}

/** An IPv4 address within IPv6 is refused, as upstream does. */
function readAddress(text: string): Address | string {
  const bytes = bytesOf(text);
  if (!bytes) return `IP Address ${JSON.stringify(text)} parse error during conversion from string`;
  const mapped =
    bytes.length === 16 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`;
  return new Address(bytes);
}

function address(text: string): Address {
  const found = readAddress(text);
  if (typeof found === 'string') throw new CelError(found);
  return found;
}

function readRange(text: string): Range | undefined {
  const [, ip, bits] = /^(.*)\/(0|[1-9]\d{0,2})$/s.exec(text) ?? [];
  if (ip === undefined) return undefined;
  const found = readAddress(ip);
  if (typeof found === 'string' || Number(bits) > found.bytes.length * 8) return undefined;
  return new Range(found, Number(bits));
}

function range(text: string): Range {
  const found = readRange(text);
  if (!found) throw new CelError(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
  return found;
}

/** As Go's netip prints: the longest run of zero groups is short. */
export function formatAddress({ bytes }: Address): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  let [start, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const text = (list: number[]): string => list.map((word) => word.toString(16)).join(':');
  return start < 0 ? text(words) : `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}

const masked = ({ address: { bytes }, bits }: Range): number[] =>
  bytes.map((byte, i) => byte & (bits >= (i + 1) * 8 ? 255 : bits <= i * 8 ? 0 : (255 << (8 - (bits - i * 8))) & 255));

const contains = (outer: Range, { bytes }: Address): boolean =>
  bytes.length === outer.address.bytes.length &&
  String(masked(new Range(new Address(bytes), outer.bits))) === String(masked(outer));
const containsRange = (outer: Range, inner: Range): boolean =>
  inner.bits >= outer.bits && contains(outer, inner.address);

const all = (bytes: readonly number[], value: number): boolean => bytes.every((b) => b === value);
const isUnspecified = ({ bytes }: Address): boolean => all(bytes, 0);
const isLoopback = ({ bytes }: Address): boolean =>
  bytes.length === 4 ? bytes[0] === 127 : all(bytes.slice(0, 15), 0) && bytes[15] === 1;
const isLinkLocalMulticast = ({ bytes: [a, b, c, ...rest] }: Address): boolean =>
  rest.length === 1 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b! & 0x0f) === 2;
const isLinkLocalUnicast = ({ bytes: [a, b, ...rest] }: Address): boolean =>
  rest.length === 2 ? a === 169 && b === 254 : a === 0xfe && (b! & 0xc0) === 0x80;
const isMulticast = ({ bytes: [a, ...rest] }: Address): boolean =>
  rest.length === 3 ? (a! & 0xf0) === 0xe0 : a === 0xff;
const isGlobalUnicast = (ip: Address): boolean =>
  !all(ip.bytes, ip.bytes.length === 4 ? 255 : -1) &&
  !isUnspecified(ip) &&
  !isLoopback(ip) &&
  !isMulticast(ip) &&
  !isLinkLocalUnicast(ip);

/** Comparing the bytes of both, after reading what is given as text. */
const containing = (text: boolean, extra: boolean): Cost => ({
  actual: ([outer, inner]) => {
    const size = (outer as Range).address.bytes.length;
    const more = extra ? Math.ceil(size * STRING_FACTOR) + 1 : 0;
    return Math.ceil(size * 2 * STRING_FACTOR) + more + (text ? Math.ceil(sizeOf(inner) * STRING_FACTOR) : 0);
  },
  estimate: ([, inner]) => {
    const size = { min: 4, max: 16 };
    let cost = scaled(plus(size, size), STRING_FACTOR);
    if (extra) cost = plus(plus(cost, scaled(size, STRING_FACTOR)), fixed(1));
    return { cost: text ? plus(cost, scaled(inner!.size(), STRING_FACTOR)) : cost };
  },
});

function declareIps(table: FunctionTable): void {
  declare(table, 'string_to_ip', 'ip(string) net.IP', address, traversal());
  declare(table, 'is_ip', 'isIP(string) bool', (text: string) => typeof readAddress(text) !== 'string', traversal());
  const canonical = (text: string): boolean => formatAddress(address(text)) === text;
  declare(table, 'ip_is_canonical', 'ip.isCanonical(string) bool', canonical, traversal(2 * STRING_FACTOR));
  declare(table, 'ip_family', '.family(net.IP) int', (ip: Address) => (ip.bytes.length === 4 ? 4n : 6n), CONSTANT);
  const tests = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast };
  for (const [name, test] of Object.entries(tests))
    declare(table, `ip_${name}`, `.${name}(net.IP) bool`, test, CONSTANT);
  declare(table, 'ip_to_string', 'string(net.IP) string', formatAddress);
}

export function declareAddresses(table: FunctionTable): void {
  declareIps(table);
  declare(table, 'string_to_cidr', 'cidr(string) net.CIDR', range, traversal());
  declare(table, 'is_cidr', 'isCIDR(string) bool', (text: string) => readRange(text) !== undefined, traversal());
  declare(table, 'cidr_contains_ip_ip', '.containsIP(net.CIDR, net.IP) bool', contains, containing(false, false));
  const containsText = (outer: Range, inner: string): boolean => contains(outer, address(inner));
  declare(
    table,
    'cidr_contains_ip_string',
    '.containsIP(net.CIDR, string) bool',
    containsText,
    containing(true, false),
  );
  declare(
    table,
    'cidr_contains_cidr',
    '.containsCIDR(net.CIDR, net.CIDR) bool',
    containsRange,
    containing(false, true),
  );
  const rangeText = (outer: Range, inner: string): boolean => containsRange(outer, range(inner));
  declare(
    table,
    'cidr_contains_cidr_string',
    '.containsCIDR(net.CIDR, string) bool',
    rangeText,
    containing(true, true),
  );
  declare(table, 'cidr_ip', '.ip(net.CIDR) net.IP', (r: Range) => r.address, CONSTANT);
  declare(table, 'cidr_prefix_length', '.prefixLength(net.CIDR) int', (r: Range) => BigInt(r.bits), CONSTANT);
  const mask = (r: Range): Range => new Range(new Address(masked(r)), r.bits);
  declare(table, 'cidr_masked', '.masked(net.CIDR) net.CIDR', mask, CONSTANT);
  const text = (r: Range): string => `${formatAddress(r.address)}/${r.bits}`;
  declare(table, 'cidr_to_string', 'string(net.CIDR) string', text);
}
