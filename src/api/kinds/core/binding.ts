// Binding: what a scheduler posts to put a pod on a node. Never stored; pods/binding does the same.
import { defineKind } from '../../kind.ts';

export default defineKind({
  group: '',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  verbs: ['create'],
  virtual: true,
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  generation: false,
});
