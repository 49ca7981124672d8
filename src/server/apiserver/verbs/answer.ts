// Answers with one object: plain, as a Table or as its metadata only.
import type { Response } from '../../../wire/http.ts';
import { encodeWhole } from '../cache/encoding.ts';
import type { Entry } from '../cache/entry.ts';
import type { Negotiated } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { shapeObject } from '../content/shapes.ts';
import { bytesOf, objectOf, prepareViews, viewOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { Written } from './commit.ts';

export async function writtenResponse(
  context: RequestContext,
  status: number,
  endpoint: Endpoint,
  written: Written,
  negotiated: Negotiated,
): Promise<Response> {
  // Whoever has the bytes needs no object.
  if (endpoint.asStored && !endpoint.kind.custom && negotiated.shape === '') {
    const bytes = negotiated.encoding === 'shared' ? undefined : written.bytes;
    return objectResponse(context, status, () => written.object, negotiated, bytes);
  }
  const viewed = viewOf(written.object, endpoint);
  const object = viewed instanceof Promise ? await viewed : viewed;
  if (negotiated.shape !== '') return shaped(context, status, endpoint, object, negotiated);
  const bytes = object === written.object ? written.bytes : undefined;
  return objectResponse(context, status, () => object, negotiated, bytes);
}

export async function entryResponse(
  context: RequestContext,
  endpoint: Endpoint,
  entry: Entry,
  negotiated: Negotiated,
): Promise<Response> {
  if (endpoint.kind.converter) await prepareViews([entry], endpoint);
  if (negotiated.shape !== '') return shaped(context, 200, endpoint, objectOf(entry, endpoint), negotiated);
  const bytes =
    negotiated.encoding === 'json' || negotiated.encoding === 'protobuf' ? bytesOf(entry, endpoint) : undefined;
  return objectResponse(context, 200, () => objectOf(entry, endpoint), negotiated, bytes);
}

function shaped(
  context: RequestContext,
  status: number,
  endpoint: Endpoint,
  object: Parameters<typeof shapeObject>[2],
  negotiated: Negotiated,
): Promise<Response> {
  const shape = shapeObject(context, endpoint, object, negotiated);
  return objectResponse(context, status, () => shape, negotiated, encodeWhole(shape));
}
