// The answers that the shell gives by itself when a handler throws: its own body errors as they are, bugs as 500.
import type { Response } from './http.ts';
import { RequestBodyError } from './request-body.ts';

/** A metav1.Status as upstream's InternalError (apimachinery/pkg/api/errors) sends it. */
export function errorResponse(error: unknown): Response {
  if (error instanceof RequestBodyError) return json(error.code, error.status);
  const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
  const common = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  return json(500, { ...common, message, reason: 'InternalError', code: 500 });
}

function json(status: number, value: object): Response {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  return { status, headers: { 'content-type': 'application/json' }, body: { bytes: () => bytes } };
}
