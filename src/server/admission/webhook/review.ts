// AdmissionReview in v1 and v1beta1: what a webhook is sent, and what of its answer is believed. Upstream: apiserver/pkg/
// admission/plugin/webhook/request/admissionreview.go, errors/statuserror.go.
import { randomUUID } from 'node:crypto';
import { type Status, type StatusDetails, StatusError, type StatusReason } from '../../../api/status.ts';
import type { AdmissionRequest } from '../types.ts';
import type { Invocation } from './match.ts';
import type { Versioned } from './versioned.ts';

const GROUP = 'admission.k8s.io';
const VERSIONS = ['v1', 'v1beta1'];

export interface Review {
  uid: string;
  version: string;
  body: object;
}

export interface ReviewAnswer {
  allowed: boolean;
  /** JSON text of a JSON patch. */
  patch: string | undefined;
  patchType: string;
  result: Partial<Status> | undefined;
  warnings: readonly string[];
}

/** `request` as CEL and webhooks see it, without the objects. */
export function requestOf(request: AdmissionRequest, { resource, kind }: Invocation): Record<string, unknown> {
  const { user, subresource, name, namespace, operation, dryRun } = request;
  return {
    kind,
    resource,
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: request.versions().kind,
    requestResource: request.resource,
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
    },
    dryRun,
    options: operationOptions(request),
  };
}

/** Throws when the webhook takes no version that is known. */
export function reviewFor(request: AdmissionRequest, invocation: Invocation, objects: Versioned): Review {
  const version = invocation.hook.spec.admissionReviewVersions?.find((v) => VERSIONS.includes(v));
  if (version === undefined) throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = randomUUID();
  const { dryRun, options, ...about } = requestOf(request, invocation);
  const body = {
    kind: 'AdmissionReview',
    apiVersion: `${GROUP}/${version}`,
    request: {
      uid,
      ...about,
      object: objects.object ?? null,
      oldObject: objects.oldObject ?? null,
      dryRun,
      options: options ?? null,
    },
  };
  return { uid, version, body };
}

const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' };

/** The options of the request as the API object that they are. A connection's are its object. */
function operationOptions({ operation, options, dryRun }: AdmissionRequest): object | undefined {
  if (operation === 'CONNECT') return undefined;
  const common = {
    kind: OPTIONS[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  const fields =
    operation === 'DELETE'
      ? ['gracePeriodSeconds', 'preconditions', 'orphanDependents', 'propagationPolicy']
      : ['fieldManager', 'fieldValidation'];
  const known = fields.filter((field) => options[field] !== undefined).map((field) => [field, options[field]]);
  return { ...common, ...(Object.fromEntries(known) as object) };
}

interface RawResponse {
  uid?: string;
  allowed?: boolean;
  status?: Partial<Status>;
  patch?: string;
  patchType?: string;
  warnings?: string[];
}

/** Throws for answers that break the protocol. v1beta1 was not checked so strictly. */
export function readAnswer(review: Review, mutating: boolean, value: unknown): ReviewAnswer {
  const { apiVersion, kind, response } = (value ?? {}) as {
    apiVersion?: string;
    kind?: string;
    response?: RawResponse;
  };
  if (!response || typeof response !== 'object') throw new Error('webhook response was absent');
  const patch = response.patch ? Buffer.from(response.patch, 'base64').toString('utf8') : undefined;
  if (review.version === 'v1') {
    checkV1(review, { apiVersion, kind }, response, mutating);
  } else if (!mutating) return answerOf(response, undefined, '');
  return answerOf(response, patch, review.version === 'v1' ? (response.patchType ?? '') : patch ? 'JSONPatch' : '');
}

function answerOf(response: RawResponse, patch: string | undefined, patchType: string): ReviewAnswer {
  const { allowed, status, warnings } = response;
  return { allowed: allowed === true, patch, patchType, result: status, warnings: warnings ?? [] };
}

function checkV1(
  { uid }: Review,
  { apiVersion = '', kind = '' }: { apiVersion: string | undefined; kind: string | undefined },
  { patch, patchType, uid: answered = '' }: RawResponse,
  mutating: boolean,
): void {
  if (answered !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered)}`);
  if (apiVersion !== `${GROUP}/v1` || kind !== 'AdmissionReview') {
    throw new Error(`expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`);
  }
  if (!mutating) {
    if (patch) throw new Error('validating webhook may not return response.patch');
    if (patchType !== undefined && patchType !== null)
      throw new Error('validating webhook may not return response.patchType');
    return;
  }
  const typed = patchType !== undefined && patchType !== null;
  if (patch && !typed) throw new Error('webhook returned response.patch but not response.patchType');
  if (!patch && typed) throw new Error('webhook returned response.patchType but not response.patch');
  if (typed && patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
}

/** What a request is refused with. Upstream: ToStatusErr. */
export function rejection(name: string, result: Partial<Status> | undefined): StatusError {
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message, reason, code = 0, details } = result ?? {};
  const text = message
    ? `${deniedBy}: ${message}`
    : reason
      ? `${deniedBy}: ${reason}`
      : `${deniedBy} without explanation`;
  return new StatusError(
    (reason ?? '') as StatusReason,
    text,
    details as StatusDetails | undefined,
    Math.max(code, 400),
  );
}
