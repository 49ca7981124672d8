// Small kinds of the tests' own, so that they depend on no other kind's rules.
import { defineKind } from '../../../src/api/kind.ts';
import type { Unstructured } from '../../../src/api/types.ts';

export const configMap = defineKind({
  group: '',
  kind: 'ConfigMap',
  plural: 'configmaps',
  short: ['cm'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
});

/** With status, generation, a selectable field, an older version and columns. */
export const widget = defineKind<Unstructured>({
  group: 'example.com',
  kind: 'Widget',
  plural: 'widgets',
  scope: 'Namespaced',
  storage: { group: 'example.com', version: 'v1' },
  served: [
    { group: 'example.com', version: 'v1' },
    {
      group: 'example.com',
      version: 'v1beta1',
      convert: {
        toStorage: (draft) => void rename(draft, 'shade', 'colour'),
        fromStorage: (draft) => void rename(draft, 'colour', 'shade'),
      },
      deprecated: { replacement: 'example.com/v1' },
    },
  ],
  subresources: { status: { verbs: ['get', 'update', 'patch'] } },
  selectableFields: { 'spec.colour': (object) => (object['spec'] as { colour?: string } | undefined)?.colour ?? '' },
  columns: [
    {
      name: 'Colour',
      type: 'string',
      description: 'Its colour',
      value: (object) => (object['spec'] as { colour?: string } | undefined)?.colour ?? null,
    },
  ],
});

function rename(draft: Unstructured, from: string, to: string): void {
  const spec = draft['spec'] as Record<string, unknown> | undefined;
  if (!spec || !(from in spec)) return;
  spec[to] = spec[from];
  delete spec[from];
}
