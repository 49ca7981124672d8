// Keeps as many pods as a ReplicaSet asks for. The loop is shared with ReplicationControllers: see
// replicaset/replica-controller.ts. Upstream: pkg/controller/replicaset.
import { ReplicaSets } from '../../api/resources.ts';
import { defineControllerModule } from './_types.ts';
import { replicaController } from './replicaset/replica-controller.ts';

export default defineControllerModule({
  name: 'replicaset',
  setup: (environment) => replicaController(environment, { name: 'replicaset', type: ReplicaSets, view: (rs) => rs }),
});
