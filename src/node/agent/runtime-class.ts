// What runs a pod's containers, as its RuntimeClass names it: the handler is a runtime of Docker's configuration, and
// Docker refuses one that it does not know. Upstream: pkg/kubelet/runtimeclass/runtimeclass_manager.go, dockershim.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { RuntimeClasses } from '../../api/resources.ts';
import type { Client } from '../../client/rest.ts';

/** Docker itself, whatever its default runtime is: the one handler that upstream's nodes with Docker had. */
const DEFAULT = 'docker';

/** Nothing stands for Docker's default. Throws when the class is not there (any more). */
export async function runtimeOf(client: Client, pod: Pod): Promise<string | undefined> {
  const name = pod.spec?.runtimeClassName;
  if (!name) return undefined;
  const { handler } = await client.get(RuntimeClasses, { name });
  return handler === DEFAULT ? undefined : handler;
}
