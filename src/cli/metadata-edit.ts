// What `label` and `annotate` share: arguments that mix resources and changes, and the change of one map of strings.
// Upstream: cmdutil.GetResourcesAndPairs, kubectl/pkg/cmd/{label,annotate}.
import { CliError } from './errors.ts';

export interface PairChanges {
  resources: string[];
  set: Map<string, string>;
  remove: string[];
}

/** `pods x a=b c-`: resources first, then changes; the error names the wrong argument, or all of them. */
export function splitPairs(
  args: readonly string[],
  what: string,
  nameAll = false,
): { resources: string[]; pairs: string[] } {
  const resources: string[] = [];
  const pairs: string[] = [];
  for (const arg of args) {
    const isPair = (arg.includes('=') && !arg.startsWith('=')) || (arg.endsWith('-') && arg !== '-');
    if (isPair) pairs.push(arg);
    else if (pairs.length === 0) resources.push(arg);
    else
      throw new CliError(`all resources must be specified before ${what} changes: ${nameAll ? args.join(' ') : arg}`);
  }
  return { resources, pairs };
}

/** The map with the changes made. Throws when a value would be overwritten without leave. */
export function changedMap(
  current: Readonly<Record<string, string>> | undefined,
  changes: Pick<PairChanges, 'set' | 'remove'>,
): Record<string, string> {
  const next: Record<string, string> = { ...current };
  for (const [key, value] of changes.set) next[key] = value;
  for (const key of changes.remove) delete next[key];
  return next;
}

/** The JSON merge patch from one map of strings to the other; undefined when they are equal. */
export function mapPatch(
  before: Readonly<Record<string, string>> | undefined,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> | undefined {
  const patch: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(after)) if (before?.[key] !== value) patch[key] = value;
  for (const key of Object.keys(before ?? {})) if (!(key in after)) patch[key] = null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}
