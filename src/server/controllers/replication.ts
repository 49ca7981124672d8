// Keeps as many pods as a ReplicationController asks for: a ReplicaSet with a plain map as its selector, and without
// revisions or an owner. Upstream: pkg/controller/replication (conversion.go).
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { ReplicationController } from 'kubernetes-types/core/v1.js';
import { ReplicationControllers } from '../../api/resources.ts';
import { defineControllerModule } from './_types.ts';
import { replicaController } from './replicaset/replica-controller.ts';

/** One view for each cached object, so that its selector is compiled once. */
const views = new WeakMap<object, ReplicaSet>();

function asReplicaSet(controller: ReplicationController): ReplicaSet {
  let view = views.get(controller);
  if (!view) {
    const { metadata, spec, status } = controller;
    const selector = { matchLabels: spec?.selector ?? {} };
    view = {
      ...(metadata ? { metadata } : {}),
      ...(spec ? { spec: { ...spec, selector } as ReplicaSet['spec'] } : {}),
      ...(status ? { status } : {}),
    };
    views.set(controller, view);
  }
  return view;
}

export default defineControllerModule({
  name: 'replication',
  setup: (environment) =>
    replicaController(environment, { name: 'replication', type: ReplicationControllers, view: asReplicaSet }),
});
