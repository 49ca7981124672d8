// Request bodies to drafts: media types, size, JSON and YAML, and the checks that the body is about what the path says.
// Schema work (unknown fields, defaults) is not done here. Upstream: apiserver/pkg/endpoints/handlers/{create,rest}.go.
import { parseJson, stringifyJson } from '../../../api/codec/json.ts';
import { decodeProtobuf } from '../../../api/codec/protobuf.ts';
import { PROTOBUF_CONTENT_TYPE } from '../../../api/codec/protobuf-messages.ts';
import { YamlError, parseYaml, yamlConversionError } from '../../../api/codec/yaml.ts';
import { StatusError, badRequest } from '../../../api/status.ts';
import { builtinSchemas } from '../../../api/schema/builtin.ts';
import { checkTypes, decodeError } from '../../../api/schema/check-types.ts';
import {
  type GroupVersionKind,
  type JsonObject,
  type Unstructured,
  apiVersionOf,
  parseApiVersion,
} from '../../../api/types.ts';
import type { Request } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import type { RequestContext } from '../context.ts';
import { settleNulls } from '../verbs/nulls.ts';

/** Upstream's MaxRequestBodyBytes. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;
const MAX_DEPTH = 500;
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF_CONTENT_TYPE];
const utf8 = new TextDecoder('utf-8', { fatal: true });

export interface DecodedBody {
  draft: JsonObject;
  /** `duplicate field "spec.replicas"`: keys that stood twice, for strict decoding. */
  duplicates: string[];
  /** Of JSON with duplicates: strict problems in the order in which they stand in the text, as Go's decoder meets them. */
  inOrder?(problems: readonly string[]): string[];
}

/** The media type without parameters, lower case. */
export function mediaType(request: Request): string {
  const header = request.headers['content-type'];
  return header === undefined ? '' : header.split(';', 1)[0]!.trim().toLowerCase();
}

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

export async function readBytes(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  return request.body.bytes(MAX_BODY_BYTES);
}

export function readText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('the request body is not valid UTF-8');
  }
}

/**
 * The body as a draft that nobody else holds; undefined when it is empty. `expected` names the kind in messages.
 * In-process callers give an object, everybody else bytes.
 */
export async function decodeBody(context: RequestContext, expected: string): Promise<DecodedBody | undefined> {
  const { request } = context;
  const shared = request.body?.shared?.();
  if (shared !== undefined) return { draft: asObject(cloneJson(shared), expected), duplicates: [] };
  const type = mediaType(request);
  const yaml = type === 'application/yaml' || type === 'application/x-yaml' || type === 'text/yaml';
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  if (type === PROTOBUF_CONTENT_TYPE) return { draft: parseProtobuf(bytes, expected), duplicates: [] };
  if (type !== '' && type !== 'application/json' && !yaml) throw unsupportedMediaType(ACCEPTED);
  const duplicates: string[] = [];
  const text = readText(bytes);
  const value = yaml ? parseYamlBody(text, expected, duplicates) : parseBody(text, expected, duplicates);
  const draft = asObject(value, expected);
  if (yaml || duplicates.length === 0) return { draft, duplicates };
  return { draft, duplicates, inOrder: (problems) => inOrderOf(text, problems) };
}

/** What the paths of all keys may add up to; beyond that problems stand as they were found. */
const MAX_PATH_CHARACTERS = 16 * 1024 * 1024;
class TooManyPaths extends Error {}

function inOrderOf(text: string, problems: readonly string[]): string[] {
  const seen = new Set<string>();
  const places = new Map<string, number>();
  let characters = 0;
  const note = {
    onKey(path: string) {
      if ((characters += path.length) > MAX_PATH_CHARACTERS) throw new TooManyPaths();
      const problem = `${seen.has(path) ? 'duplicate' : 'unknown'} field ${JSON.stringify(path)}`;
      seen.add(path);
      if (!places.has(problem)) places.set(problem, places.size);
    },
  };
  try {
    parseJson(text, note);
  } catch (error) {
    if (!(error instanceof TooManyPaths)) throw error;
    return [...problems];
  }
  return [...problems].sort((a, b) => (places.get(a) ?? places.size) - (places.get(b) ?? places.size));
}

function parseProtobuf(bytes: Uint8Array, expected: string): JsonObject {
  try {
    return depthChecked(decodeProtobuf(bytes));
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type ${expected}): ${(error as Error).message}`);
  }
}

/** JSON, with the keys that stand twice. Throws SyntaxError, also for what is nested too deeply. */
export function parseNoting(text: string, duplicates: string[]): unknown {
  const value = parseJson(text);
  // Only a text with more keys than its value has can have one twice; it is read again, slowly.
  if (keysIn(text) === keysOf(value)) return value;
  return parseJson(text, { onDuplicate: (message) => void duplicates.push(message) });
}

function parseBody(text: string, expected: string, duplicates: string[]): unknown {
  try {
    return parseNoting(text, duplicates);
  } catch (error) {
    const why = `couldn't get version/kind; json parse error: ${(error as Error).message}`;
    throw badRequest(`the object provided is unrecognized (must be of type ${expected}): ${why} (${summarize(text)})`);
  }
}

/** Ends of keys. What looks like one within a string only costs the second reading. */
function keysIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count++;
  return count;
}

function keysOf(value: unknown, depth = 0): number {
  if (value === null || typeof value !== 'object') return 0;
  if (depth > MAX_DEPTH) throw new SyntaxError('exceeded max depth');
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += keysOf(item, depth + 1);
    return count;
  }
  for (const key in value) count += 1 + keysOf((value as Record<string, unknown>)[key], depth + 1);
  return count;
}

/**
 * Throws BadRequest for what is nested too deeply. Go takes 10,000 levels; here whatever walks an object later, in this
 * request or in another, does so on the call stack, and V8 ends the process when a regular expression finds it full.
 */
export function depthChecked<T>(value: T): T {
  try {
    keysOf(value);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
  return value;
}

/** Some seconds of work; an object that etcd takes has fewer. */
const MAX_YAML_TOKENS = 1_000_000;

/** The YAML parser itself works on the call stack. Brackets in strings count too: so many open ones mean nothing. */
function checkFlowDepth(text: string): void {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > 2 * MAX_DEPTH) throw badRequest('exceeded max depth');
    if (depth < 0) depth = 0;
  }
}

function hasDuplicates(text: string): boolean {
  let any = false;
  parseJson(text, { onDuplicate: () => void (any = true) });
  return any;
}

/** Throws YamlError. JSON is YAML, and most of what comes as YAML is JSON, which is read many times faster. */
export function parseYamlText(text: string, duplicates: string[]): unknown {
  if (text.startsWith('{')) {
    try {
      const value = parseJson(text);
      if (keysIn(text) === keysOf(value) || !hasDuplicates(text)) return value;
    } catch {
      // It was YAML after all, or is refused below.
    }
  }
  checkFlowDepth(text);
  const onDuplicate = (message: string): void => void duplicates.push(message);
  return depthChecked(parseYaml(text, { onDuplicate, maxTokens: MAX_YAML_TOKENS }));
}

/** For bodies that are YAML by their content type. */
function parseYamlBody(text: string, expected: string, duplicates: string[]): unknown {
  try {
    return parseYamlText(text, duplicates);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected}): ${yamlConversionError(error)} (${summarize(text)})`,
    );
  }
}

function asObject(value: unknown, expected: string): JsonObject {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  const kind =
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const why = `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  throw badRequest(`the object provided is unrecognized (must be of type ${expected}): ${why}`);
}

/** Upstream's summarizeData: the first 30 bytes, in hex when they are no object. */
export function summarize(text: string): string {
  if (text === '') return '<empty>';
  const bytes = Buffer.from(text.slice(0, 200)).subarray(0, 30);
  const cut = Buffer.byteLength(text) > 30 ? ' ...' : '';
  return bytes.toString(text.startsWith('{') ? 'utf8' : 'hex') + cut;
}

/** The packages of upstream's internal types, where they are not named as their group begins. */
const INTERNAL_PACKAGES: Readonly<Record<string, string>> = { '': 'core', 'rbac.authorization.k8s.io': 'rbac' };

/** As Go prints the type of an object within upstream's server. */
export const internalType = (group: string, kind: string): string =>
  `${INTERNAL_PACKAGES[group] ?? group.split('.')[0]!}.${kind}`;

interface SaidType {
  apiVersion: string;
  kind: string;
}

/** Upstream: runtime/serializer/json/meta.go, Interpret. */
function notText(draft: JsonObject): string | undefined {
  for (const field of ['apiVersion', 'kind']) {
    const value = draft[field];
    if (value === undefined || value === null || typeof value === 'string') continue;
    const type = Array.isArray(value) ? 'array' : typeof value;
    const what = type === 'boolean' ? 'bool' : type === 'bigint' ? 'number' : type;
    return `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go struct field .${field} of type string`;
  }
  return undefined;
}

/**
 * Why a document that says to be one type cannot be read as another. Undefined: it can, but for its version. Upstream:
 * runtime.NewNotRegisteredErrForKind, conversion.Converter.
 */
export function unreadable(said: JsonObject & SaidType, kind: string, apiVersion: string): string | undefined {
  const broken = notText(said);
  if (broken !== undefined) return broken;
  const data = parseApiVersion(said.apiVersion);
  if (!builtinSchemas.forKind(data.group, data.version, said.kind)) {
    const where = `version ${JSON.stringify(said.apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
    return `no kind ${JSON.stringify(said.kind)} is registered for ${where}`;
  }
  if (said.kind === kind) return undefined;
  const { group } = parseApiVersion(apiVersion);
  return `converting (${data.version}.${said.kind}) to (${internalType(group, kind)}): unknown conversion`;
}

/** Upstream: handlers/create.go, transformDecodeError in handlers/rest.go. */
function otherType(said: JsonObject & SaidType, kind: string, apiVersion: string): string {
  const why = unreadable(said, kind, apiVersion);
  if (why === undefined) {
    return `the API version in the data (${said.apiVersion}) does not match the expected API version (${apiVersion})`;
  }
  const { version } = parseApiVersion(said.apiVersion);
  return `${said.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`;
}

/** Fills in kind and apiVersion where they are missing and refuses what they may not be. */
export function checkType(
  draft: JsonObject,
  kind: string,
  apiVersion: string,
): asserts draft is Unstructured & JsonObject {
  // Go reads null as nothing.
  if ((draft['kind'] ?? '') === '') draft['kind'] = kind;
  if ((draft['apiVersion'] ?? '') === '') draft['apiVersion'] = apiVersion;
  const broken = notText(draft);
  if (broken !== undefined) {
    const text = summarize(stringifyJson(draft));
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): ${broken} (${text})`);
  }
  const found = draft as JsonObject & SaidType;
  // Go reads a group that is not there: "/v1" is "v1", and "/" is nothing. Upstream: schema.ParseGroupVersion.
  if (found.apiVersion.startsWith('/')) found.apiVersion = found.apiVersion.slice(1) || apiVersion;
  if (found.apiVersion !== apiVersion || found.kind !== kind) throw badRequest(otherType(found, kind, apiVersion));
  checkMetadata(draft, kind, apiVersion);
}

/** An object's metadata is one, too. */
export function checkMetadata(draft: JsonObject, kind: string, apiVersion: string): void {
  const metadata = draft['metadata'];
  if (metadata === undefined || metadata === null) draft['metadata'] = {};
  else if (typeof metadata !== 'object' || Array.isArray(metadata)) {
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${typeof metadata} into Go struct field ${kind}.metadata of type v1.ObjectMeta`,
    );
  }
}

/** The body of a subresource that is an object of another kind (Scale, Binding), typed as Go would; else BadRequest. */
export async function decodeAs(
  context: RequestContext,
  type: GroupVersionKind,
  also: readonly string[] = [],
): Promise<Unstructured | undefined> {
  const body = await decodeBody(context, type.kind);
  // Upstream: AcceptsGroupVersion of the subresource's storage.
  if (body && also.includes(String(body.draft['apiVersion']))) body.draft['apiVersion'] = apiVersionOf(type);
  return body && typed(body.draft, type);
}

/** The same for what a patch made. */
export function typed(draft: JsonObject, type: GroupVersionKind): Unstructured {
  const { group, version, kind } = type;
  checkType(draft, kind, apiVersionOf(type));
  const schema = builtinSchemas.forKind(group, version, kind);
  const problem = schema && checkTypes(draft, schema, builtinSchemas, kind);
  if (problem !== undefined) throw badRequest(decodeError(version, kind, problem));
  if (schema) settleNulls(draft, schema, builtinSchemas);
  return draft;
}
