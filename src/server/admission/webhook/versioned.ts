// The objects of one request in the versions that webhooks ask for, each converted once. Mutating webhooks replace the
// object; then the conversions of it are forgotten. Upstream: apiserver/pkg/admission/conversion.go.
import { StatusError } from '../../../api/status.ts';
import { type GroupVersionKind, type Unstructured, apiVersionOf } from '../../../api/types.ts';
import type { AdmissionRequest, AdmittedVersions } from '../types.ts';

export interface Versioned {
  object: Unstructured | undefined;
  oldObject: Unstructured | undefined;
}

export class VersionedObjects {
  readonly versions: AdmittedVersions;
  readonly #request: AdmissionRequest;
  readonly #objects = new Map<string, Unstructured>();
  readonly #olds = new Map<string, Unstructured>();

  constructor(request: AdmissionRequest) {
    this.#request = request;
    this.versions = request.versions();
  }

  async as(kind: GroupVersionKind): Promise<Versioned> {
    const { object, oldObject } = this.#request;
    return {
      object: object && (await this.#converted(this.#objects, object, kind)),
      oldObject: oldObject && (await this.#converted(this.#olds, oldObject, kind)),
    };
  }

  async #converted(
    known: Map<string, Unstructured>,
    object: Unstructured,
    kind: GroupVersionKind,
  ): Promise<Unstructured> {
    const key = `${apiVersionOf(kind)} ${kind.kind}`;
    let found = known.get(key);
    if (found) return found;
    try {
      found = await this.versions.convert(object, kind);
    } catch (error) {
      throw internalError(error);
    }
    known.set(key, found);
    return found;
  }

  /** The request's draft becomes what a webhook made of it. */
  async replace(patched: Unstructured, kind: GroupVersionKind): Promise<void> {
    const draft = this.#request.object!;
    let restored: Unstructured;
    try {
      restored = await this.versions.restore(patched, kind);
    } catch (error) {
      throw internalError(error);
    }
    for (const field of Object.keys(draft)) if (!Object.hasOwn(restored, field)) delete draft[field];
    Object.assign(draft, restored);
    this.#objects.clear();
  }
}

export function internalError(error: unknown): StatusError {
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}
