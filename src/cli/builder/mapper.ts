// From what a user types (`po`, `Deployment`, `deploy.v1.apps`, `all`) or a manifest says (apiVersion and kind) to the
// address of a resource. Discovery is kept on disk for ten minutes; a name that is not in the kept copy asks the
// server again before it is called unknown. Upstream: restmapper shortcut and category expanders, builder.mappingFor.
import { readFileSync, statSync } from 'node:fs';
import { type DiscoveredResource, discover, flatten } from '../../client/discovery.ts';
import { writeWhole } from '../../client/write-whole.ts';
import type { Client } from '../../client/rest.ts';
import { CliError } from '../errors.ts';

export type Mapping = DiscoveredResource;

const KEPT_MS = 10 * 60_000;

export interface Mapper {
  /** Throws `the server doesn't have a resource type "x"`. */
  resource(arg: string): Promise<Mapping>;
  /** The mapping of an object's kind; undefined when the server has none. */
  kind(group: string, version: string, kind: string): Promise<Mapping | undefined>;
  /** The resources of a category (`all`), preferred versions only; undefined when it is none. */
  category(name: string): Promise<Mapping[] | undefined>;
  /** Whether the server has a kind, as far as is known without asking it again. */
  knows(group: string, version: string, kind: string): boolean;
  /** Every resource, straight from the server. */
  fresh(): Promise<{ resources: Mapping[]; failed: string[] }>;
}

export async function loadMapper(client: Client, cacheFile: string | undefined): Promise<Mapper> {
  const kept = cacheFile === undefined ? undefined : readKept(cacheFile);
  const mapper = new DiscoveryMapper(client, cacheFile, kept);
  if (!kept) await mapper.fresh();
  return mapper;
}

function readKept(file: string): Mapping[] | undefined {
  try {
    if (Date.now() - statSync(file).mtimeMs > KEPT_MS) return undefined;
    return JSON.parse(readFileSync(file, 'utf8')) as Mapping[];
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written is only slower. */
function keep(file: string, resources: readonly Mapping[]): void {
  try {
    writeWhole(file, JSON.stringify(resources), { mode: 0o660 });
  } catch {
    return;
  }
}

class DiscoveryMapper implements Mapper {
  private readonly client: Client;
  private readonly cacheFile: string | undefined;
  private resources: readonly Mapping[];
  private current = false;

  constructor(client: Client, cacheFile: string | undefined, kept: Mapping[] | undefined) {
    this.client = client;
    this.cacheFile = cacheFile;
    this.resources = kept ?? [];
  }

  async fresh(): Promise<{ resources: Mapping[]; failed: string[] }> {
    const { groups, failed } = await discover(this.client);
    const resources = flatten(groups);
    this.resources = resources;
    this.current = true;
    if (this.cacheFile !== undefined && failed.length === 0) keep(this.cacheFile, resources);
    return { resources, failed };
  }

  async resource(arg: string): Promise<Mapping> {
    const found = await this.search((all) => findResource(all, arg));
    if (found) return found;
    throw new CliError(`the server doesn't have a resource type ${JSON.stringify(arg.split('.')[0])}`);
  }

  async kind(group: string, version: string, kind: string): Promise<Mapping | undefined> {
    return this.search((all) => all.find((r) => r.kind === kind && r.group === group && r.version === version));
  }

  knows(group: string, version: string, kind: string): boolean {
    return this.resources.some((r) => r.kind === kind && r.group === group && r.version === version);
  }

  async category(name: string): Promise<Mapping[] | undefined> {
    const seen = new Set<string>();
    const members = this.resources.filter((r) => {
      // A kind that is served by several groups is listed once, under the first.
      const key = `${r.plural} ${r.kind}`;
      if (!r.categories.includes(name) || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
    return members.length > 0 ? members : undefined;
  }

  private async search(find: (all: readonly Mapping[]) => Mapping | undefined): Promise<Mapping | undefined> {
    const found = find(this.resources);
    if (found || this.current) return found;
    await this.fresh();
    return find(this.resources);
  }
}

/** `pods`, `po`, `Pod`, `deployments.apps`, `deploy.v1.apps`. */
export function findResource(all: readonly Mapping[], arg: string): Mapping | undefined {
  const [name = '', ...rest] = arg.split('.');
  if (rest.length === 0) return byName(all, name);
  const [version, ...group] = rest;
  const exact = byName(
    all.filter((r) => r.version === version && r.group === group.join('.')),
    name,
  );
  if (exact) return exact;
  const wanted = rest.join('.');
  return (
    byName(
      all.filter((r) => r.group === wanted),
      name,
    ) ??
    byName(
      all.filter((r) => r.group.startsWith(wanted)),
      name,
    )
  );
}

function byName(all: readonly Mapping[], name: string): Mapping | undefined {
  const lower = name.toLowerCase();
  return (
    all.find((r) => r.plural === lower || r.singular === lower) ??
    all.find((r) => r.shortNames.includes(lower)) ??
    all.find((r) => r.kind === name || r.kind.toLowerCase() === lower)
  );
}
