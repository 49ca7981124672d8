// The error for an answer that is no Status: from a proxy on the way, a webhook, or a path that is not the API's.
// Upstream: apimachinery/pkg/api/errors (NewGenericServerResponse), client-go/rest/request.go (transformResponse).
import { StatusError, type StatusReason } from './status.ts';

const KNOWN: Readonly<Record<number, [reason: StatusReason, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};
/** Those that say more than their code, and are therefore kept. */
const KEPT: Readonly<Record<number, [reason: StatusReason, otherwise: string]>> = {
  403: ['Forbidden', 'unknown'],
  406: ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'],
  415: ['UnsupportedMediaType', 'unknown'],
};

/** From the answer's HTTP code (400 and more) and the text of its body. */
export function unexpectedResponse(code: number, body: string): StatusError {
  const text = body.trim();
  const details = { causes: [{ reason: 'UnexpectedServerResponse', message: text || 'unknown' }] };
  const kept = KEPT[code];
  if (kept) return new StatusError(kept[0], text || kept[1], details, code);
  const known = KNOWN[code];
  if (known) return new StatusError(known[0], known[1], details, code);
  if (code < 500) {
    const message = `the server responded with the status code ${code} but did not return more information`;
    return new StatusError('Unknown', message, details, code);
  }
  const message = `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding`;
  return new StatusError('InternalError', message, details, code);
}
