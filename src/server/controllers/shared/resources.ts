// What of discovery controllers that care for all kinds look at: each kind once, at its preferred version.
import type { DiscoveredResource } from '../../../client/discovery.ts';

/** This group served, and serves, only kinds that live elsewhere now. */
const ALIASES = 'extensions';

/** Resources that can do all of `verbs`. What is only another address of the same objects is left out. */
export function distinctResources(
  resources: readonly DiscoveredResource[],
  verbs: readonly string[],
): DiscoveredResource[] {
  const seen = new Set<string>();
  const homes = new Set(resources.filter((r) => r.group !== ALIASES).map((r) => r.plural));
  return resources.filter((r) => {
    const id = `${r.group}/${r.plural}`;
    if (seen.has(id) || !verbs.every((verb) => r.verbs.includes(verb))) return false;
    if (r.group === ALIASES && homes.has(r.plural)) return false;
    seen.add(id);
    return true;
  });
}
