// The one error type of the whole system: an API Status that can be thrown. Upstream: apimachinery/pkg/api/errors.
// Field errors (Invalid) are collected as FieldError values first; see field-errors in validation.ts.

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}
export interface Status {
  apiVersion: 'v1';
  kind: 'Status';
  metadata: { continue?: string; remainingItemCount?: number };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code?: number;
}

/** Reasons and the HTTP codes that go with them. */
export const statusCodes = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Invalid: 422,
  ServerTimeout: 500,
  StoreReadError: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  Expired: 410,
  ServiceUnavailable: 503,
} as const;
export type StatusReason = keyof typeof statusCodes | '' | 'Unknown';

/** Thrown anywhere; the API server sends it, the client rebuilds it, the CLI prints it. */
export class StatusError extends Error {
  readonly status: Status;
  /** By name, because the CLI's bundle and the daemons' modules each have this class, and hand each other errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'StatusError';
  }
  constructor(reason: StatusReason, message: string, details?: StatusDetails, code?: number) {
    super(message);
    this.name = 'StatusError';
    this.status = {
      apiVersion: 'v1',
      kind: 'Status',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details: withoutEmpty(details) } : {}),
      code: code ?? statusCodes[reason as keyof typeof statusCodes] ?? 500,
    };
  }
  get reason(): StatusReason {
    return this.status.reason ?? '';
  }
  get code(): number {
    return this.status.code ?? 500;
  }
  static from(status: Status): StatusError {
    const error = new StatusError(status.reason ?? 'Unknown', status.message ?? '', status.details, status.code);
    error.status.metadata = status.metadata ?? {};
    return error;
  }
}

/** As Go's omitempty: the core group, and an object without name, are not told of. */
function withoutEmpty(details: StatusDetails): StatusDetails {
  if (details.name && details.group) return details;
  const { name, group, ...others } = details;
  return { ...(name ? { name } : {}), ...(group ? { group } : {}), ...others };
}

interface Qualified {
  group: string;
  plural: string;
}
/** `deployments.apps`, or `pods` for the core group: how upstream's messages name a resource. */
export const qualifiedResource = (r: Qualified): string => (r.group ? `${r.plural}.${r.group}` : r.plural);

export const notFound = (r: Qualified, name: string): StatusError =>
  new StatusError('NotFound', `${qualifiedResource(r)} "${name}" not found`, { name, group: r.group, kind: r.plural });

export const alreadyExists = (r: Qualified, name: string): StatusError =>
  new StatusError('AlreadyExists', `${qualifiedResource(r)} "${name}" already exists`, {
    name,
    group: r.group,
    kind: r.plural,
  });

export const conflict = (r: Qualified, name: string, why: string): StatusError =>
  new StatusError('Conflict', `Operation cannot be fulfilled on ${qualifiedResource(r)} "${name}": ${why}`, {
    name,
    group: r.group,
    kind: r.plural,
  });

export const OPTIMISTIC_LOCK_MESSAGE =
  'the object has been modified; please apply your changes to the latest version and try again';

export const badRequest = (message: string): StatusError => new StatusError('BadRequest', message);

export const forbidden = (r: Qualified, name: string, why: string): StatusError =>
  new StatusError(
    'Forbidden',
    name ? `${qualifiedResource(r)} "${name}" is forbidden: ${why}` : `${qualifiedResource(r)} is forbidden: ${why}`,
    { name, group: r.group, kind: r.plural },
  );

export const isReason = (error: unknown, ...reasons: StatusReason[]): error is StatusError =>
  error instanceof StatusError && reasons.includes(error.reason);
export const isNotFound = (error: unknown): error is StatusError => isReason(error, 'NotFound');
export const isConflict = (error: unknown): error is StatusError => isReason(error, 'Conflict');
export const isAlreadyExists = (error: unknown): error is StatusError => isReason(error, 'AlreadyExists');
