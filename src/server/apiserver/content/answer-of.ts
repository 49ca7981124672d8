// Answers that the server gave to itself, read back.
import { parseJson } from '../../../api/codec/json.ts';
import { type Status, StatusError } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';

export const isFailure = (response: Response): boolean => response.status >= 400;

export async function errorOf(response: Response): Promise<StatusError> {
  const bytes = response.body?.bytes();
  if (!(bytes instanceof Uint8Array)) return new StatusError('InternalError', `the server answered ${response.status}`);
  return StatusError.from(parseJson(bytes) as unknown as Status);
}
