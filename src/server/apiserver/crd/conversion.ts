// Custom resources whose definition names a conversion webhook: asks it for many objects at once, and believes only what
// it may change. Upstream: apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
import { randomUUID } from 'node:crypto';
import { deepEqual } from '../../../api/patch/equal.ts';
import { StatusError } from '../../../api/status.ts';
import { validateAnnotations, validateLabels } from '../../../api/names.ts';
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors } from '../../../api/validation.ts';
import type { Lister } from '../../admission/types.ts';
import type { ClientConfig, WebhookClient } from '../../admission/webhook/client.ts';
import { cloneJson } from '../cache/encoding.ts';
import type { Crd } from './types.ts';

/** Converts objects of one kind between its versions. */
export interface Converter {
  /** New drafts in the order of `objects`; those that are in the version already are copied. Throws StatusError. */
  convert(objects: readonly Unstructured[], apiVersion: string): Promise<Unstructured[]>;
}

const GROUP = 'apiextensions.k8s.io';
const TIMEOUT_MS = 30_000;
/** What one review holds: an answer must fit into memory, and a webhook into its time. */
const BATCH = 500;

interface WebhookConversion {
  clientConfig?: ClientConfig;
  conversionReviewVersions?: string[];
}

/** Undefined: only apiVersion differs between the versions (strategy None). */
export function converterOf(crd: Crd, client: WebhookClient | undefined, lister: Lister): Converter | undefined {
  const { strategy, webhook } = crd.spec.conversion ?? {};
  if (strategy !== 'Webhook') return undefined;
  return new WebhookConverter(crd.spec.names.kind, webhook ?? {}, client, lister);
}

/** Upstream answers plain errors: code 500 without a reason. */
const failed = (message: string): StatusError => new StatusError('', message, undefined, 500);

class WebhookConverter implements Converter {
  readonly #kind: string;
  readonly #webhook: WebhookConversion;
  readonly #client: WebhookClient | undefined;
  readonly #lister: Lister;

  constructor(kind: string, webhook: WebhookConversion, client: WebhookClient | undefined, lister: Lister) {
    this.#kind = kind;
    this.#webhook = webhook;
    this.#client = client;
    this.#lister = lister;
  }

  async convert(objects: readonly Unstructured[], apiVersion: string): Promise<Unstructured[]> {
    const result: Unstructured[] = [];
    for (let at = 0; at < objects.length; at += BATCH) {
      result.push(...(await this.#batch(objects.slice(at, at + BATCH), apiVersion)));
    }
    return result;
  }

  async #batch(objects: readonly Unstructured[], apiVersion: string): Promise<Unstructured[]> {
    const asked = objects.filter((object) => object.apiVersion !== apiVersion);
    if (asked.length === 0) return objects.map(cloneJson);
    const what = `conversion webhook for ${asked[0]!.apiVersion}, Kind=${this.#kind}`;
    const converted = await this.#ask(asked, apiVersion, what);
    if (converted.length !== asked.length) {
      throw failed(`${what} returned ${converted.length} objects, expected ${asked.length}`);
    }
    const drafts = converted.map((object, i) => checked(asked[i]!, object, apiVersion, what, i));
    let next = 0;
    return objects.map((object) => (object.apiVersion === apiVersion ? cloneJson(object) : drafts[next++]!));
  }

  async #ask(objects: readonly Unstructured[], desiredAPIVersion: string, what: string): Promise<unknown[]> {
    const { clientConfig = {}, conversionReviewVersions = [] } = this.#webhook;
    const version = conversionReviewVersions.find((v) => v === 'v1' || v === 'v1beta1');
    if (version === undefined) throw failed('no supported conversion review versions');
    if (!this.#client) throw failed(`${what} failed: this API server calls no webhooks`);
    const uid = randomUUID();
    const apiVersion = `${GROUP}/${version}`;
    const review = { kind: 'ConversionReview', apiVersion, request: { uid, desiredAPIVersion, objects } };
    try {
      const answer = await this.#client.post(this.#lister, clientConfig, review, { timeoutMs: TIMEOUT_MS });
      return convertedObjects(answer as ConversionAnswer | null, uid, version);
    } catch (error) {
      throw failed(`${what} failed: ${(error as Error).message}`);
    }
  }
}

interface ConversionAnswer {
  kind?: string;
  apiVersion?: string;
  response?: { uid?: string; result?: { status?: string; message?: string }; convertedObjects?: unknown[] } | null;
}

/** Upstream: getConvertedObjectsFromResponse. v1beta1 was not checked so strictly. */
function convertedObjects(answer: ConversionAnswer | null, uid: string, version: string): unknown[] {
  const { kind = '', apiVersion = '', response } = answer ?? {};
  const strict = version === 'v1';
  if (strict && (kind !== 'ConversionReview' || apiVersion !== `${GROUP}/v1`)) {
    throw new Error(`expected webhook response of ${GROUP}/v1, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`);
  }
  if (!response) throw new Error('no response provided');
  if (strict && response.uid !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  }
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}

/** The answer for one object with the metadata that it had; only labels and annotations are the webhook's. */
function checked(
  original: Unstructured,
  answer: unknown,
  apiVersion: string,
  what: string,
  index: number,
): Unstructured {
  const at = `${what} returned invalid converted object at index ${index}`;
  if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) throw failed(`${at}: it is no object`);
  const object = answer as Unstructured;
  if (object.apiVersion !== apiVersion) {
    throw failed(`${at}: invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion})`);
  }
  if (object.kind !== original.kind) {
    throw failed(`${at}: invalid kind (expected ${original.kind}, received ${object.kind})`);
  }
  const { metadata } = object as { metadata?: Unstructured['metadata'] };
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [had, has] = [original.metadata[field] ?? '', metadata?.[field] ?? ''];
    if (had !== has) throw failed(`${at}: must have the same ${name}: ${had} != ${has}`);
  }
  const problem = restoreMetadata(original, object);
  if (problem !== undefined) {
    throw failed(`${what} returned invalid metadata in object at index ${index}: ${problem}`);
  }
  return object;
}

/** Upstream: restoreObjectMeta. Answers what is wrong with what the webhook sent. */
function restoreMetadata(original: Unstructured, converted: Unstructured): string | undefined {
  const sent = (converted as { metadata?: unknown }).metadata;
  if (sent === undefined) return 'missing metadata in converted object';
  if (sent === null || typeof sent !== 'object' || Array.isArray(sent)) {
    return `invalid metadata of type ${typeof sent} in converted object`;
  }
  const metadata = cloneJson(original.metadata);
  for (const field of ['labels', 'annotations'] as const) {
    const value = (sent as Record<string, unknown>)[field];
    if (value === undefined || value === null) {
      delete metadata[field];
      continue;
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
      return `invalid metadata.${field} of type ${typeof value} in converted object`;
    }
    const odd = Object.entries(value).find(([, v]) => typeof v !== 'string');
    if (odd) return `metadata.${field}[${odd[0]}] must be a string, but is ${typeof odd[1]} in converted object`;
    const strings = value as Record<string, string>;
    if (!deepEqual(strings, metadata[field])) {
      const errors = new FieldErrors();
      if (field === 'labels') validateLabels(errors, 'metadata.labels', strings);
      else validateAnnotations(errors, 'metadata.annotation', strings);
      if (!errors.empty) return errors.list.map(({ field, body }) => `${field}: ${body}`).join(', ');
    }
    metadata[field] = strings;
  }
  converted.metadata = metadata;
  return undefined;
}
