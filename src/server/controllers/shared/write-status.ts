// Writes the status that a controller has found, unless it is there already.
import { isNotFound } from '../../../api/status.ts';
import type { KubeObject, ResourceType } from '../../../api/types.ts';
import type { Client } from '../../../client/rest.ts';

/**
 * `next` makes the status for the object as it is now; undefined: it has it. One retry on the live object, a second
 * conflict is left to the next reconcile. False when the object is gone. Throws what the server answers else.
 */
export async function writeStatus<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  next: (current: T) => object | undefined,
): Promise<boolean> {
  const { name = '', namespace } = object.metadata ?? {};
  try {
    const status = next(object);
    if (!status) return true;
    try {
      await client.updateStatus(type, { ...object, status });
    } catch (error) {
      if (isNotFound(error)) return false;
      const live = await client.get(type, { name, ...(namespace === undefined ? {} : { namespace }) });
      if (live.metadata?.uid !== object.metadata?.uid) return false;
      const again = next(live);
      if (again) await client.updateStatus(type, { ...live, status: again });
    }
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
