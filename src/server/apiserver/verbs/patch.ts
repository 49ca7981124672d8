// PATCH. Upstream: handlers/patch.go.
import type { Response } from '../../../wire/http.ts';
import { unsupportedMediaType } from '../content/decode.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';

export async function patch(_context: RequestContext, _endpoint: Endpoint): Promise<Response> {
  throw unsupportedMediaType([]);
}
