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
const KEPT: Readonly<Record<number, [reason: StatusReason, otherwise?: string]>> = {
  403: ['Forbidden'],
  406: ['NotAcceptable', 'the server was unable to respond with a content type that the client supports'],
  415: ['UnsupportedMediaType'],
};

/** What was asked; messages end in it: `(get configmaps one)`. */
export interface Asked {
  verb: string;
  /** `deployments.apps`; none for paths that name no resource. */
  resource?: string;
  name?: string;
}

/** From the answer's HTTP code and its body; undefined stands for a body that is no text. */
export function unexpectedResponse(code: number, body: string | undefined, asked?: Asked): StatusError {
  const { verb = '', resource, name } = asked ?? {};
  const said = body === undefined ? 'unknown' : body.slice(0, MAX_TEXT).trim();
  const [reason, message] = code === 409 && verb === 'POST' ? EXISTS : meaning(code, said);
  const what = resource ? ` (${verb.toLowerCase()} ${resource}${name ? ` ${name}` : ''})` : '';
  const [kind, ...group] = (resource ?? '').split('.');
  const details = {
    ...(name ? { name } : {}),
    ...(resource ? { group: group.join('.'), kind: kind! } : {}),
    causes: [{ reason: 'UnexpectedServerResponse', message: said }],
  };
  return new StatusError(reason, message + what, details, code);
}

const MAX_TEXT = 2048;
const EXISTS: [StatusReason, string] = ['AlreadyExists', KNOWN[409]![1]];

function meaning(code: number, text: string): [StatusReason, string] {
  const kept = KEPT[code];
  if (kept) return [kept[0], text === 'unknown' && kept[1] !== undefined ? kept[1] : text];
  const known = KNOWN[code];
  if (known) return known;
  if (code >= 500) {
    return [
      'InternalError',
      `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`,
    ];
  }
  return ['Unknown', `the server responded with the status code ${code} but did not return more information`];
}
