// What an autoscaler scales: any resource with a scale subresource, found by discovery.
// Upstream: scaleForResourceMappings in pkg/controller/podautoscaler/horizontal.go, client-go/scale.
import { isNotFound } from '../../../api/status.ts';
import { type ResourceType, type Unstructured, parseApiVersion } from '../../../api/types.ts';
import type { Clock } from '../../../client/controller.ts';
import { type DiscoveredResource, discover, flatten } from '../../../client/discovery.ts';
import type { Client } from '../../../client/rest.ts';

/** What discovery said is believed so long; what it did not say is asked again at once. */
const FRESH_MS = 30_000;

export interface Scale extends Unstructured {
  spec?: { replicas?: number };
  status?: { replicas?: number; selector?: string };
}

export interface Reference {
  apiVersion?: string;
  kind: string;
  name: string;
}

export interface Target {
  type: ResourceType<Scale>;
  scale: Scale;
}

const HAS_SLASHES = /\/.*\//;

export class Targets {
  private readonly client: Client;
  private readonly clock: Clock;
  private known: { resources: DiscoveredResource[]; atMs: number } | undefined;

  constructor(client: Client, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** Resources of this group and kind, preferred versions first. Throws when there are none. */
  async resourcesOf(apiVersion: string | undefined, kind: string): Promise<DiscoveredResource[]> {
    if (HAS_SLASHES.test(apiVersion ?? '')) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
    const { group } = parseApiVersion(apiVersion || 'v1');
    const matching = (resources: readonly DiscoveredResource[]) =>
      resources.filter((r) => r.group === group && r.kind === kind);
    const fresh = this.known && this.clock.now() - this.known.atMs < FRESH_MS;
    let found = fresh ? matching(this.known!.resources) : [];
    if (found.length === 0) {
      const { groups } = await discover(this.client);
      this.known = { resources: flatten(groups), atMs: this.clock.now() };
      found = matching(this.known.resources);
    }
    if (found.length === 0) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    return found;
  }

  /** The scale at the first of these that has one. */
  async scaleOf(namespace: string, name: string, resources: readonly DiscoveredResource[]): Promise<Target> {
    let first: unknown;
    for (const resource of resources) {
      const type = resource as unknown as ResourceType<Scale>;
      try {
        return { type, scale: await this.client.get(type, { name, namespace }, { subresource: 'scale' }) };
      } catch (error) {
        first ??= isNotFound(error) && !resource.subresources.includes('scale') ? noScale() : error;
      }
    }
    throw first;
  }

  async setReplicas({ type, scale }: Target, replicas: number): Promise<void> {
    await this.client.update(type, { ...scale, spec: { ...scale.spec, replicas } }, { subresource: 'scale' });
  }
}

const noScale = (): Error => new Error('the server could not find the requested resource');
