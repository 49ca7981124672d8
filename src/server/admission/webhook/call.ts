// One call of one webhook, and the errors that upstream tells apart: the webhook could not be asked (its failure policy
// decides), or it said no. Upstream: admission/plugin/webhook/{mutating,validating}/dispatcher.go (callHook).
import { StatusError, badRequest } from '../../../api/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../types.ts';
import type { WebhookClient } from './client.ts';
import type { Invocation } from './match.ts';
import { type Review, type ReviewAnswer, readAnswer, rejection, reviewFor } from './review.ts';
import { type VersionedObjects, internalError } from './versioned.ts';

/** The webhook could not be asked, or its answer makes no sense. */
export class CallFailure extends Error {
  constructor(name: string, why: string) {
    super(`failed calling webhook ${JSON.stringify(name)}: ${why}`);
  }
}

const DEFAULT_TIMEOUT_SECONDS = 10;

/** Answers what the webhook said when it lets the request pass. Throws CallFailure, or the StatusError of its refusal. */
export async function callHook(
  client: WebhookClient,
  invocation: Invocation,
  request: AdmissionRequest,
  versioned: VersionedObjects,
  context: AdmissionContext,
  mutating: boolean,
): Promise<ReviewAnswer> {
  const { spec } = invocation.hook;
  checkDryRun(invocation, request);
  const objects = await versioned.as(invocation.kind);
  let review: Review;
  try {
    review = reviewFor(request, invocation, objects);
  } catch (error) {
    throw new CallFailure(spec.name, `could not create admission objects: ${(error as Error).message}`);
  }
  const timeoutMs = Math.max(0, Math.min((spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000, leftOf(request)));
  const call = { timeoutMs, signal: request.signal, announceTimeout: true };
  let value: unknown;
  try {
    value = await client.post(context.lister, spec.clientConfig, review.body, call);
  } catch (error) {
    throw new CallFailure(spec.name, `failed to call webhook: ${(error as Error).message}`);
  }
  let answer: ReviewAnswer;
  try {
    answer = readAnswer(review, mutating, value);
  } catch (error) {
    throw new CallFailure(spec.name, `received invalid webhook response: ${(error as Error).message}`);
  }
  for (const warning of answer.warnings) request.warn(warning);
  if (!answer.allowed) throw rejection(spec.name, answer.result);
  return answer;
}

/** What the caller's own patience leaves. */
const leftOf = ({ deadlineMs }: AdmissionRequest): number =>
  deadlineMs === undefined ? Infinity : deadlineMs - Date.now();

function checkDryRun({ hook: { spec } }: Invocation, { dryRun }: AdmissionRequest): void {
  if (!dryRun || spec.sideEffects === 'None' || spec.sideEffects === 'NoneOnDryRun') return;
  throw badRequest(`admission webhook ${JSON.stringify(spec.name)} does not support dry run`);
}

/** What the request fails with; undefined when the failure is one that the webhook's policy ignores. */
export function failureOf(error: unknown, { hook }: Invocation, request: AdmissionRequest): unknown {
  const { signal } = request;
  if (!(error instanceof CallFailure)) return error;
  if (!hook.ignoresFailures) return internalError(error);
  if (!signal.aborted && leftOf(request) > 0) return undefined;
  return new StatusError('Timeout', 'Timeout: request did not complete within requested timeout');
}
