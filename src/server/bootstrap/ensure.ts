// Writes what a cluster must have: creates what is missing and changes what differs, and nothing else, so that a
// restart writes nothing at all. Reads come from the API server's own cache.
import { isDeepStrictEqual } from 'node:util';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/status.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Client } from '../../client/rest.ts';

export interface ReadCache {
  get<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined;
}

export class Ensurer {
  constructor(
    private readonly client: Client,
    private readonly cache: ReadCache,
  ) {}

  private stored<T extends KubeObject>(type: ResourceType<T>, wanted: T): T | undefined {
    const { namespace, name = '' } = wanted.metadata ?? {};
    return this.cache.get(type, namespace, name);
  }

  /** Creates the object unless there is one; what is there is its owner's business. True when it was created. */
  async exists<T extends KubeObject>(type: ResourceType<T>, wanted: T): Promise<boolean> {
    if (this.stored(type, wanted)) return false;
    try {
      await this.client.create(type, wanted);
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /**
   * Creates the object, or gives the stored one to `change`, which answers the object to write, undefined when it is as
   * it should be, or `recreate` when it can only be made anew. Repeats when somebody else wrote in between.
   */
  async matches<T extends KubeObject>(
    type: ResourceType<T>,
    wanted: T,
    change: (stored: T) => T | 'recreate' | undefined,
  ): Promise<void> {
    let stored = this.stored(type, wanted);
    for (let attempt = 0; attempt < 5; attempt++) {
      if (!stored && (await this.exists(type, wanted))) return;
      const { namespace, name = '' } = wanted.metadata ?? {};
      stored ??= await this.client.get(type, { namespace, name });
      const next = change(stored);
      if (!next) return;
      try {
        if (next === 'recreate') await this.recreate(type, stored, wanted);
        else await this.client.update(type, next);
        return;
      } catch (error) {
        if (!isConflict(error) && !isAlreadyExists(error)) throw error;
        stored = undefined;
      }
    }
    throw new Error(`${type.plural} ${wanted.metadata?.name} is changed by somebody else all the time`);
  }

  private async recreate<T extends KubeObject>(type: ResourceType<T>, stored: T, wanted: T): Promise<void> {
    const { namespace, name = '', uid } = stored.metadata ?? {};
    await this.client.delete(type, { namespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    await this.client.create(type, wanted);
  }

  /** As `matches`, for objects whose named fields are ours altogether. */
  async hasFields<T extends KubeObject>(type: ResourceType<T>, wanted: T, fields: readonly (keyof T)[]): Promise<void> {
    await this.matches(type, wanted, (stored) =>
      fields.every((field) => isDeepStrictEqual(stored[field], wanted[field]))
        ? undefined
        : { ...stored, ...Object.fromEntries(fields.map((field) => [field, wanted[field]])) },
    );
  }
}
