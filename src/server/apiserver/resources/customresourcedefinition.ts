// CustomResourceDefinition: its status is settled in the write itself; its deletion waits for its objects.
import { timestamp } from '../verbs/metadata.ts';
import { beginTermination, settleStatus } from '../crd/status.ts';
import { type Crd, CLEANUP_FINALIZER } from '../crd/types.ts';
import { defineHooks } from '../types.ts';

export default defineHooks({
  group: 'apiextensions.k8s.io',
  plural: 'customresourcedefinitions',
  async beginCreate(draft, { lister, options }) {
    settleStatus(draft as Crd, undefined, lister, timestamp((options.clock ?? Date).now()));
  },
  async beginUpdate(draft, old, { lister, options }) {
    settleStatus(draft as Crd, old as Crd, lister, timestamp((options.clock ?? Date).now()));
  },
  // The first delete adds the finalizer; crd/manager.ts takes it away when the objects are gone.
  holdsDeletion: (object) =>
    object.metadata.deletionTimestamp === undefined && !object.metadata.finalizers?.includes(CLEANUP_FINALIZER),
  beginTermination: (draft, nowMs) => beginTermination(draft as Crd, timestamp(nowMs)),
});
