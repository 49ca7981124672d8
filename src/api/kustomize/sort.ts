// The order of what a build prints. Upstream: kustomize api/internal/builtins/SortOrderTransformer.go.
import { ORDER_FIRST, ORDER_LAST } from './field-specs.ts';
import { gvkText, sameGvk } from './ids.ts';
import type { Resource } from './resource.ts';
import { type KustomizationFile, KustomizeError } from './types.ts';

export function sorted(resources: readonly Resource[], options: KustomizationFile['sortOptions']): Resource[] {
  const { order = options ? '' : 'legacy', legacySortOptions } = options ?? {};
  if (order !== 'fifo' && order !== 'legacy') {
    throw new KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]", undefined, 'sortOptions');
  }
  if (order === 'fifo') {
    if (legacySortOptions) {
      throw new KustomizeError(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
        undefined,
        'sortOptions',
      );
    }
    return [...resources];
  }
  const { orderFirst = [], orderLast = [] } = legacySortOptions ?? { orderFirst: ORDER_FIRST, orderLast: ORDER_LAST };
  const ranks = new Map<string, number>();
  orderFirst.forEach((kind, i) => ranks.set(kind, i - orderFirst.length));
  orderLast.forEach((kind, i) => ranks.set(kind, i + 1));
  return [...resources]
    .map((resource) => ({ resource, ...keysOf(resource), rank: ranks.get(resource.gvk.kind) ?? 0 }))
    .sort((a, b) => {
      if (sameGvk(a.resource.gvk, b.resource.gvk)) return compare(a.id, b.id);
      if (a.rank !== b.rank) return a.rank - b.rank;
      const { kind } = a.resource.gvk;
      const turned = kind === 'Namespace' && (!a.resource.gvk.group || !b.resource.gvk.group) ? -1 : 1;
      return turned * compare(a.gvk, b.gvk);
    })
    .map(({ resource }) => resource);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function keysOf({ gvk, namespace, name }: Resource): { gvk: string; id: string } {
  return {
    gvk: [gvk.group || '~G', gvk.version || '~V', gvk.kind || '~K'].join('_'),
    id: [gvkText(gvk), namespace || '~X', name || '~N'].join('|'),
  };
}
