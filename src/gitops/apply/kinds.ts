// How kinds map to resources, from discovery; kept until a kind is missing in it.
import type { Unstructured } from '../../api/types.ts';
import { parseApiVersion } from '../../api/types.ts';
import { type DiscoveredResource, discover, flatten } from '../../client/discovery.ts';
import type { Client } from '../../client/rest.ts';

export class KindMap {
  private byKind = new Map<string, DiscoveredResource>();
  private looking: Promise<void> | undefined;
  private readonly client: Client;
  constructor(client: Client) {
    this.client = client;
  }

  /** Without asking the server. */
  known(object: Unstructured): DiscoveredResource | undefined {
    const { group, version } = parseApiVersion(object.apiVersion);
    return this.byKind.get(`${group}/${version}/${object.kind}`);
  }

  /** Of the preferred version; without asking the server. */
  ofId({ group, kind }: { group: string; kind: string }): DiscoveredResource | undefined {
    return this.byKind.get(`${group}//${kind}`);
  }

  /** Without a version: the preferred one. */
  async find(group: string, version: string | undefined, kind: string): Promise<DiscoveredResource | undefined> {
    const look = () => this.byKind.get(`${group}/${version ?? ''}/${kind}`);
    const known = look();
    if (known) return known;
    // Many objects of one unknown kind ask once.
    this.looking ??= this.refresh().finally(() => (this.looking = undefined));
    await this.looking;
    return look();
  }

  private async refresh(): Promise<void> {
    const { groups } = await discover(this.client);
    const byKind = new Map<string, DiscoveredResource>();
    for (const resource of flatten(groups)) {
      const { group, version, kind } = resource;
      byKind.set(`${group}/${version}/${kind}`, resource);
      if (!byKind.has(`${group}//${kind}`)) byKind.set(`${group}//${kind}`, resource);
    }
    this.byKind = byKind;
  }
}
