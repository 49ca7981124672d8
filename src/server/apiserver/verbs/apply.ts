// Server-side apply: PATCH with application/apply-patch+yaml. Creates what is not there.
import type { Response } from '../../../wire/http.ts';
import { unsupportedMediaType } from '../content/decode.ts';
import type { Negotiated } from '../content/negotiate.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { WriteOptions } from './options.ts';

export async function apply(
  _context: RequestContext,
  _endpoint: Endpoint,
  _options: WriteOptions,
  _negotiated: Negotiated,
): Promise<Response> {
  throw unsupportedMediaType([]);
}
