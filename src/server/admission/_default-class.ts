// Which class of several that are marked as default counts: the newest, and of those the first by name.
// Upstream: pkg/volume/util/storageclass.go (GetDefaultClass), plugin/pkg/admission/network/defaultingressclass.
import type { KubeObject } from '../../api/types.ts';

export function defaultClass<T extends KubeObject>(all: readonly T[], annotations: readonly string[]): T | undefined {
  const marked = all.filter((c) => annotations.some((a) => c.metadata?.annotations?.[a] === 'true'));
  const created = (c: T): number => Date.parse(c.metadata?.creationTimestamp ?? '') || 0;
  const name = (c: T): string => c.metadata?.name ?? '';
  return marked.sort((a, b) => created(b) - created(a) || (name(a) < name(b) ? -1 : 1))[0];
}
