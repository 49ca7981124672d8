// The query parameters and option bodies of write requests, checked as upstream checks them.
// Upstream: apimachinery/pkg/apis/meta/v1/validation, apiserver/pkg/endpoints/handlers/*.go.
import { StatusError, badRequest } from '../../../api/status.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { RequestContext } from '../context.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  force: boolean | undefined;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

const MAX_MANAGER_BYTES = 128;

function checkDryRun(values: readonly string[], errors: FieldErrors): boolean {
  const bad = values.find((v) => v !== 'All');
  if (bad !== undefined) errors.notSupported('dryRun', bad, ['All']);
  return values.length > 0;
}

export function writeOptions(context: RequestContext, optionsKind: string): WriteOptions {
  const { query, headers } = context.request;
  if (query.size === 0)
    return {
      dryRun: false,
      fieldManager: managerFrom(headers['user-agent']),
      fieldValidation: 'Warn',
      force: undefined,
    };
  const errors = new FieldErrors();
  const dryRun = checkDryRun(
    query.getAll('dryRun').filter((v) => v !== ''),
    errors,
  );
  const manager = query.get('fieldManager') ?? '';
  checkManager(manager, errors);
  const validation = query.get('fieldValidation') || 'Warn';
  if (validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    errors.notSupported('fieldValidation', validation, ['Ignore', 'Strict', 'Warn']);
  }
  const forced = query.get('force');
  if (!errors.empty) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', errors);
  return {
    dryRun,
    fieldManager: manager || managerFrom(headers['user-agent']),
    fieldValidation: validation as FieldValidation,
    force: forced === null ? undefined : forced === 'true' || forced === '1',
  };
}

/** What Go's unicode.IsPrint does not take. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** Upstream: ValidateFieldManager. */
function checkManager(manager: string, errors: FieldErrors): void {
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) errors.tooLong('fieldManager', MAX_MANAGER_BYTES);
  for (const { 0: c, index } of manager.matchAll(UNPRINTABLE)) {
    const code = c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    const at = Buffer.byteLength(manager.slice(0, index));
    errors.invalid('fieldManager', manager, `invalid character U+${code} (at position ${at})`);
  }
}

/** Upstream's managerOrUserAgent: the product's name without its version. */
export function managerFrom(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/', 1)[0]!;
  const clean = name.replace(UNPRINTABLE, '');
  return Buffer.byteLength(clean) > MAX_MANAGER_BYTES ? clean.slice(0, MAX_MANAGER_BYTES) : clean || 'unknown';
}

/** From the body (a DeleteOptions object, already decoded) or, without one, from the query. */
export function deleteOptions(context: RequestContext, body: Record<string, unknown> | undefined): DeleteOptions {
  const { query } = context.request;
  const errors = new FieldErrors();
  const options: DeleteOptions = { dryRun: false };
  const source = body ?? Object.fromEntries(query);
  const grace = source['gracePeriodSeconds'];
  if (grace !== undefined && grace !== null) {
    const seconds = Number(grace);
    if (!Number.isInteger(seconds)) throw badRequest(`invalid gracePeriodSeconds: ${JSON.stringify(grace)}`);
    // Upstream: rest.BeforeDelete.
    options.gracePeriodSeconds = seconds < 0 ? 1 : seconds;
  }
  const policy = source['propagationPolicy'];
  const orphan = source['orphanDependents'];
  if (policy !== undefined && policy !== null) {
    if (orphan !== undefined && orphan !== null) {
      errors.invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set');
    }
    if (policy !== 'Foreground' && policy !== 'Background' && policy !== 'Orphan') {
      errors.notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']);
    } else options.propagationPolicy = policy;
  }
  if (orphan !== undefined && orphan !== null)
    options.orphanDependents = orphan === true || orphan === 'true' || orphan === '1';
  const preconditions = body?.['preconditions'] as DeleteOptions['preconditions'];
  if (preconditions) options.preconditions = preconditions;
  const dryRun = body ? body['dryRun'] : query.getAll('dryRun').filter((v) => v !== '');
  options.dryRun = checkDryRun(Array.isArray(dryRun) ? (dryRun as string[]) : [], errors);
  if (!errors.empty) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  return options;
}

export const methodNotAllowed = (): StatusError =>
  new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** Upstream's generic 404 for paths that no handler has. */
export const noSuchPath = (): StatusError =>
  new StatusError('NotFound', 'the server could not find the requested resource', {});
