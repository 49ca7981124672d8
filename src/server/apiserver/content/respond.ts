// Turns what a verb answers into a Response: headers, status objects, and the two faces of a body. Encoding of single
// objects only; lists and watches have their own files.
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { Status, StatusError } from '../../../api/status.ts';
import { parseJson, stringifyJson } from '../../../api/codec/json.ts';
import { encodeProtobuf } from '../../../api/codec/protobuf-envelope.ts';
import type { Response, ResponseBody } from '../../../wire/http.ts';
import { stringifyYaml } from '../../../api/codec/yaml.ts';
import { encodeWhole } from '../cache/encoding.ts';
import type { RequestContext } from '../context.ts';
import { type Negotiated, forErrors } from './negotiate.ts';

const gzipAsync = promisify(gzip);
/** Upstream compresses answers from this size on. */
export const GZIP_FROM_BYTES = 128 * 1024;

export function baseHeaders(context: RequestContext, contentType: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    'audit-id': context.id,
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  };
  if (context.warnings.length > 0) headers['warning'] = boundedWarnings(context.warnings).map(warningHeader);
  return headers;
}

/** Upstream: apiserver/pkg/endpoints/filters/warning.go: when all are too long together, each is cut short. */
const WARNINGS_CHARACTERS = 4 * 1024;
const WARNING_CHARACTERS = 256;

function boundedWarnings(texts: readonly string[]): string[] {
  const unique = [...new Set(texts)];
  let left = WARNINGS_CHARACTERS;
  if (unique.reduce((sum, text) => sum + text.length, 0) <= left) return unique;
  const kept: string[] = [];
  for (const text of unique) {
    const short = text.slice(0, WARNING_CHARACTERS);
    left -= short.length;
    if (left < 0) break;
    kept.push(short);
  }
  return kept;
}

/**
 * Upstream: apimachinery/pkg/util/net NewWarningHeader with code 299 and agent `-`. Headers are bytes: other characters
 * than ASCII go as their UTF-8.
 */
function warningHeader(text: string): string {
  const clean = [...text].map((c) => (c < ' ' || c === '\u007f' ? ' ' : c)).join('');
  const quoted = `299 - "${clean.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return Buffer.from(quoted, 'utf8').toString('latin1');
}

/** The whole answer, in whatever encoding was negotiated. `bytes` is its JSON when somebody already has it. */
export async function objectResponse(
  context: RequestContext,
  status: number,
  object: () => unknown,
  negotiated: Negotiated,
  bytes?: Uint8Array,
): Promise<Response> {
  const headers = baseHeaders(context, negotiated.contentType);
  if (negotiated.encoding === 'shared') {
    return { status, headers, body: { bytes: () => bytes ?? encodeWhole(object()), shared: object } };
  }
  let encoded = encode(object, negotiated, headers, bytes);
  if (negotiated.encoding === 'json' && wantsPretty(context, negotiated)) encoded = prettyPrint(encoded);
  if (encoded.length >= GZIP_FROM_BYTES && acceptsGzip(context)) {
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
    encoded = await gzipAsync(encoded, { level: 1 });
  }
  headers['content-length'] = String(encoded.length);
  return { status, headers, body: { bytes: () => encoded } };
}

function encode(
  object: () => unknown,
  { encoding }: Negotiated,
  headers: Record<string, string | string[]>,
  bytes: Uint8Array | undefined,
): Uint8Array {
  if (encoding === 'yaml') return Buffer.from(stringifyYaml(object()));
  const json = bytes ?? encodeWhole(object());
  const protobuf = encoding === 'protobuf' ? encodeProtobuf(json) : undefined;
  // Those who accept protobuf accept JSON for what has no protobuf form.
  if (encoding === 'protobuf' && !protobuf) headers['content-type'] = 'application/json';
  return protobuf ?? json;
}

export function acceptsGzip(context: RequestContext): boolean {
  const accepted = context.request.headers['accept-encoding'];
  return accepted !== undefined && accepted.split(',').some((e) => e.trim().split(';')[0] === 'gzip');
}

/** Go's strconv.ParseBool. */
const TRUE_TEXTS: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Upstream's isPrettyPrint: asked for, or a person with curl or a browser. */
export function wantsPretty(context: RequestContext, negotiated: Negotiated): boolean {
  if (negotiated.pretty) return true;
  const asked = context.request.query.get('pretty');
  if (asked) return TRUE_TEXTS.has(asked);
  const agent = context.request.headers['user-agent'];
  return (
    agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'))
  );
}

/** No line end: Go's encoder ends lines, its MarshalIndent does not. */
function prettyPrint(json: Uint8Array): Buffer {
  return Buffer.from(stringifyJson(parseJson(Buffer.from(json).toString('utf8')), 2));
}

export function statusResponse(context: RequestContext, status: Status): Response {
  const negotiated = forErrors(context.request.headers['accept']);
  const code = status.code ?? 500;
  const headers = baseHeaders(context, negotiated.contentType);
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  const body = statusBody(status);
  if (negotiated.encoding === 'shared') {
    return { status: code, headers, body: { bytes: () => encodeWhole(body), shared: () => body } };
  }
  let bytes = encode(() => body, negotiated, headers, undefined);
  if (negotiated.encoding === 'json' && wantsPretty(context, negotiated)) bytes = prettyPrint(bytes);
  headers['content-length'] = String(bytes.length);
  return { status: code, headers, body: { bytes: () => bytes } };
}

/** In the order in which Go prints a Status. */
function statusBody(status: Status): Status {
  const { apiVersion, metadata, status: outcome, message, reason, details, code } = status;
  const body: Status = { kind: 'Status', apiVersion, metadata: metadata ?? {}, status: outcome } as Status;
  if (message) body.message = message;
  if (reason) body.reason = reason;
  if (details) body.details = details;
  if (code !== undefined) body.code = code;
  return body;
}

export const errorResponse = (context: RequestContext, error: StatusError): Response =>
  statusResponse(context, error.status);

export function textResponse(context: RequestContext, status: number, text: string): Response {
  const bytes = Buffer.from(text);
  const headers = baseHeaders(context, 'text/plain; charset=utf-8');
  headers['x-content-type-options'] = 'nosniff';
  headers['content-length'] = String(bytes.length);
  const body: ResponseBody = { bytes: () => bytes };
  return { status, headers, body };
}

/**
 * For paths that nothing is at. Upstream: http.NotFound behind apiserver/pkg/util/notfoundhandler; what is missing
 * within a group and version that is served gets a Status instead.
 */
export const pageNotFound = (context: RequestContext): Response => textResponse(context, 404, '404 page not found\n');
