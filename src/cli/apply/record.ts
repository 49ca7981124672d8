// What one run of `apply` did, object by object: shown field by field, taken back when the whole fails, and written to
// the journal for `undo`.
import type { Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Cluster } from '../cluster.ts';
import { type FieldChange, fieldChanges, formatChange, manifestFields } from './field-diff.ts';
import type { JournalEntry } from './journal.ts';
import { restore } from './restore.ts';

export class ApplyRecord {
  readonly entries: JournalEntry[] = [];

  /** `info.object` is the object as it is now. */
  add(info: Info, operation: string, before: Unstructured | undefined, manifest: Unstructured | undefined): void {
    const after = info.object!;
    const { group, version, plural, kind, namespaced } = info.mapping;
    const pruned = operation === 'pruned';
    if (before && !pruned && before.metadata.resourceVersion === after.metadata.resourceVersion) return;
    this.entries.push({
      address: { group, version, plural, kind, namespaced },
      ...(info.namespace ? { namespace: info.namespace } : {}),
      name: after.metadata.name ?? info.name,
      uid: after.metadata.uid ?? '',
      operation: pruned ? 'pruned' : before ? 'configured' : 'created',
      ...(before ? { before } : {}),
      ...(pruned ? {} : { after, manifest }),
    });
  }

  /** Takes everything back, the last first. Answers lines that say what was done and what was not. */
  async rollBack(cluster: Cluster): Promise<string[]> {
    const lines: string[] = [];
    for (const entry of [...this.entries].reverse()) {
      const name = `${entry.address.plural}/${entry.name}`;
      try {
        const { operation, conflicts } = await restore(cluster, entry, { force: false, dryRun: 'none' });
        if (operation) lines.push(`rolled back: ${name} ${operation}`);
        lines.push(...conflicts.map((text) => `not rolled back: ${name}: ${text}`));
      } catch (error) {
        lines.push(`not rolled back: ${name}: ${(error as Error).message}`);
      }
    }
    return lines;
  }
}

/**
 * The lines of --show-diff for one object: what changed; of what is new or gone, what it says, which is its manifest
 * where there is one.
 */
export function changeLines(
  before: Unstructured | undefined,
  after: Unstructured | undefined,
  paint: (line: string) => string,
  manifest: Unstructured | undefined = after,
): string {
  const kind = (after ?? before)?.kind ?? '';
  return changes()
    .map((change) => paint(formatChange(change, kind)))
    .join('');

  function changes(): FieldChange[] {
    if (before && after) return fieldChanges(before, after);
    if (manifest) return manifestFields(manifest);
    return before ? manifestFields(before).map(({ path, after: gone }) => ({ path, before: gone })) : [];
  }
}
