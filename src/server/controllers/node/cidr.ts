// Carving node ranges out of the cluster's pod range: pure bit arithmetic. Upstream:
// pkg/controller/nodeipam/ipam/cidrset. IPv4 only.

const toNumber = (address: string): number => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
const toAddress = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

export class CidrSet {
  private readonly base: number;
  private readonly bits: number;
  private readonly size: number;
  readonly count: number;
  private readonly used = new Set<number>();
  private next = 0;

  /** `10.244.0.0/16` in ranges of `nodeBits` (24): 256 ranges. */
  constructor(cidr: string, nodeBits: number) {
    const [address = '', bits = ''] = cidr.split('/');
    this.base = toNumber(address);
    this.bits = nodeBits;
    this.size = 2 ** (32 - nodeBits);
    this.count = 2 ** (nodeBits - Number(bits));
  }

  /** Marks what overlaps this range; a foreign range outside of ours marks nothing. */
  occupy(cidr: string): void {
    const [address = '', bits = '32'] = cidr.split('/');
    const start = toNumber(address);
    const end = start + 2 ** (32 - Number(bits)) - 1;
    const first = Math.max(0, Math.floor((start - this.base) / this.size));
    const last = Math.min(this.count - 1, Math.floor((end - this.base) / this.size));
    for (let index = first; index <= last; index++) this.used.add(index);
  }

  release(cidr: string): void {
    const index = (toNumber(cidr.split('/')[0] ?? '') - this.base) / this.size;
    if (Number.isInteger(index)) this.used.delete(index);
  }

  /** The next free range, round robin, so that a freed one is not reused at once; undefined when all are used. */
  allocate(): string | undefined {
    for (let tried = 0; tried < this.count; tried++) {
      const index = this.next;
      this.next = (this.next + 1) % this.count;
      if (this.used.has(index)) continue;
      this.used.add(index);
      return `${toAddress(this.base + index * this.size)}/${this.bits}`;
    }
    return undefined;
  }
}
