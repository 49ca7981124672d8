// Continue tokens: opaque to clients, a revision and the key to go on from. Upstream: storage/continue.go.
import { StatusError, badRequest } from '../../../api/status.ts';

export interface ContinueToken {
  /** -1: go on in the newest state (what an expired token's answer offers). */
  revision: number;
  start: string;
}

export function encodeContinue(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

/** `resourceVersion` as it was given: a token has its own. */
export function decodeContinue(token: string, resourceVersion: string): ContinueToken {
  const decoded = decode(token);
  if (resourceVersion === '' || resourceVersion === '0') return decoded;
  throw badRequest('specifying resource version is not allowed when using continue');
}

function decode(token: string): ContinueToken {
  const bad = (why: string): StatusError => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (error) {
    throw bad((error as Error).message);
  }
  const { v, rv, start } = (parsed ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== 'meta.k8s.io/v1') throw bad(`server does not recognize this encoded version ${String(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw bad('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') throw bad('encoded start key empty (version meta.k8s.io/v1)');
  const steps = start.replace(/^\//, '').split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) throw bad(start);
  return { revision: rv, start };
}

export function tooOld(asked: number, oldest: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${asked} (${oldest})`);
}

/** Upstream: etcd3/errors.go, interpretListError. */
export const tooOldList = (): StatusError =>
  new StatusError('Expired', 'The resourceVersion for the provided list is too old.');

/** 410, with a token that goes on inconsistently. Upstream: etcd3/errors.go handleCompactedErrorForPaging. */
export function expiredContinue(start: string): StatusError {
  const error = new StatusError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata = { continue: encodeContinue(-1, start) };
  return error;
}
