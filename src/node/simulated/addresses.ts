// Addresses for simulated pods out of a node's podCIDR. The pods' statuses are the memory: what they name is taken.

/** One node's range. IPv4 only. */
export class AddressRange {
  private readonly base: number;
  private readonly size: number;
  private readonly byUid = new Map<string, number>();
  private readonly taken = new Set<number>();
  private next = 2;

  /** `10.244.3.0/24`. The first address is the gateway's, the last is broadcast. */
  constructor(cidr: string) {
    const [address = '', bits = '24'] = cidr.split('/');
    this.base = toNumber(address);
    this.size = 2 ** (32 - Number(bits));
  }

  /** The pod's address, the same for every call; undefined when the range is used up. */
  allocate(uid: string): string | undefined {
    const known = this.byUid.get(uid);
    if (known !== undefined) return toAddress(this.base + known);
    for (let tried = 0; tried < this.size; tried++) {
      const offset = this.next;
      this.next = this.next + 1 >= this.size - 1 ? 2 : this.next + 1;
      if (this.taken.has(offset)) continue;
      this.taken.add(offset);
      this.byUid.set(uid, offset);
      return toAddress(this.base + offset);
    }
    return undefined;
  }

  /** A pod has this address already. */
  claim(uid: string, address: string): void {
    const offset = toNumber(address) - this.base;
    if (offset < 0 || offset >= this.size || this.byUid.has(uid)) return;
    this.byUid.set(uid, offset);
    this.taken.add(offset);
  }

  release(uid: string): void {
    const offset = this.byUid.get(uid);
    if (offset === undefined) return;
    this.byUid.delete(uid);
    this.taken.delete(offset);
  }
}

const toNumber = (address: string): number => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);

export const toAddress = (n: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
