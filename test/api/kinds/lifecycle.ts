// Runs a kind's rules in the order in which the API server does: defaults, preparation, validation.
import type { AnyKind } from '../../../src/api/kind.ts';
import type { KubeObject, Unstructured } from '../../../src/api/types.ts';
import { FieldErrors } from '../../../src/api/validation.ts';

export interface Outcome {
  object: Unstructured;
  /** `field: message`, in order. */
  errors: string[];
}

const listed = (errors: FieldErrors): string[] => errors.list.map((e) => `${e.field}: ${e.body}`);

/** From a served version's document to what would be stored. */
export function decode(
  kind: AnyKind,
  document: object,
  group = kind.group,
  version = kind.storage.version,
): Unstructured {
  const draft = structuredClone({ metadata: {}, ...document }) as Unstructured;
  const served = kind.served.find((s) => s.group === group && s.version === version)!;
  served.defaults?.(draft);
  served.convert?.toStorage(draft);
  kind.defaults?.(draft);
  return draft;
}

export function create(kind: AnyKind, document: object): Outcome {
  const object = decode(kind, document);
  kind.prepareCreate?.(object, () => {});
  const errors = new FieldErrors();
  kind.validate?.(object, errors);
  kind.validateCreate?.(object, errors);
  return { object, errors: listed(errors) };
}

/** The errors of a document whose fields are all kept, also those whose feature is off: it may have them since before. */
export function refusalsOfAll(kind: AnyKind, document: object): string[] {
  const object = decode(kind, document);
  const errors = new FieldErrors();
  kind.validate?.(object, errors);
  kind.validateCreate?.(object, errors);
  return listed(errors);
}

export function update(kind: AnyKind, old: KubeObject, document: object): Outcome {
  const object = decode(kind, document);
  const frozen = structuredClone(old) as Unstructured;
  if (frozen['status'] !== undefined) object['status'] = structuredClone(frozen['status']);
  kind.prepareUpdate?.(object, frozen);
  const errors = new FieldErrors();
  kind.validate?.(object, errors);
  kind.validateUpdate?.(object, frozen, errors);
  return { object, errors: listed(errors) };
}

/** The errors of a write to the status. */
export function status(kind: AnyKind, old: object, now: unknown): string[] {
  const errors = new FieldErrors();
  kind.validateStatus?.({ ...old, status: now } as KubeObject, old as KubeObject, errors);
  return listed(errors);
}

/** An update of the subresource `status`, or of another that has rules of its own. */
export function updateOf(kind: AnyKind, subresource: string, old: KubeObject, now: object): string[] {
  const frozen = structuredClone(old) as Unstructured;
  const errors = new FieldErrors();
  const draft = structuredClone(now) as Unstructured;
  if (subresource === 'status') kind.validateStatus?.(draft, frozen, errors);
  else kind.validateSubresource?.[subresource]?.(draft, frozen, errors);
  return listed(errors);
}

export function warningsOf(kind: AnyKind, document: object): string[] {
  const object = decode(kind, document);
  const warnings: string[] = [];
  kind.prepareCreate?.(object, (message) => void warnings.push(message));
  return [...warnings, ...(kind.warnings?.(object, undefined) ?? [])];
}
