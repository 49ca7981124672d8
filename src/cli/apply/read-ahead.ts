// The live objects that an apply will look at, read some places ahead of the one that it works on.
import { isNotFound } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';

/** Reads that run at once before the first write. */
const READ_AHEAD = 16;

/** An object that is listed twice is read anew. */
export class ReadAhead {
  private readonly cluster: Cluster;
  private readonly infos: readonly Info[];
  private readonly started = new Map<number, Promise<Unstructured | undefined>>();
  private readonly seen = new Set<string>();
  private next = 0;

  constructor(cluster: Cluster, infos: readonly Info[]) {
    this.cluster = cluster;
    this.infos = infos;
  }

  read(index: number): Promise<Unstructured | undefined> {
    for (; this.next < Math.min(index + READ_AHEAD, this.infos.length); this.next++) this.begin(this.next);
    return this.started.get(index) ?? this.fetch(this.infos[index]!);
  }

  private begin(index: number): void {
    const info = this.infos[index]!;
    if (info.name === '') return;
    const key = resourcePath(info.mapping, info);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    const reading = this.fetch(info);
    reading.catch(() => undefined);
    this.started.set(index, reading);
  }

  private async fetch(info: Info): Promise<Unstructured | undefined> {
    try {
      return await this.cluster.json('GET', resourcePath(info.mapping, info));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
