// Every kind of object that a server can list, each once: what `tree` and `get all --everything` walk.
import type { Mapping } from './builder/mapper.ts';
import type { Cluster } from './cluster.ts';

/** Kinds that are no state of anybody's: they pass by, or are computed when they are asked for. */
const passing = new Set(['events', 'componentstatuses', 'podmetrics', 'nodemetrics']);

/** Groups of Kubernetes itself, in which one kind may be served twice under one name (events, ingresses of old). */
const isBuiltIn = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io');

export interface EveryKindOptions {
  /** Default: both. */
  namespaced?: boolean;
  /** Events and measurements, too. */
  passing?: boolean;
}

/**
 * The kinds in the server's order; straight from the server, so that a definition of a minute ago counts. From then on
 * the server's warnings are not printed.
 */
export async function everyKind(cluster: Cluster, options: EveryKindOptions = {}): Promise<Mapping[]> {
  // Nobody asked for the deprecated kinds by name: their warnings would be noise.
  cluster.warnings.silent = true;
  const { resources } = await (await cluster.mapper()).fresh();
  const seen = new Set<string>();
  return resources.filter((r) => {
    if (!r.verbs.includes('list') || (!options.passing && passing.has(r.plural))) return false;
    if (options.namespaced !== undefined && r.namespaced !== options.namespaced) return false;
    const key = isBuiltIn(r.group) ? `${r.plural} ${r.kind}` : `${r.plural}.${r.group}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** How a kind is named as an argument: `pods`, `deployments.apps`. */
export const argumentOf = ({ plural, group }: Mapping): string => (group ? `${plural}.${group}` : plural);
