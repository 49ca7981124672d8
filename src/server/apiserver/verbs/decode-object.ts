// From a request body to a draft in the stored version: type checks, unknown fields, defaults, conversion. All of it
// is about the document alone; nothing here looks at what is stored.
import { badRequest } from '../../../api/status.ts';
import type { JsonObject, Unstructured } from '../../../api/types.ts';
import { checkType, decodeBody } from '../content/decode.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { FieldValidation } from './options.ts';

/** The request's body as a draft of the stored version. Throws BadRequest for what it cannot be. */
export async function decodeObject(
  context: RequestContext,
  endpoint: Endpoint,
  validation: FieldValidation,
): Promise<Unstructured> {
  const { kind } = endpoint.kind.definition;
  const body = await decodeBody(context, kind);
  if (!body) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: unexpected end of JSON input ()`,
    );
  }
  const { draft } = body;
  checkType(draft, kind, endpoint.apiVersion);
  reportStrict(context, endpoint, body.duplicates, validation);
  return toStorage(draft, endpoint);
}

/** Unknown and doubled fields: refused, warned of, or ignored. */
export function reportStrict(
  context: RequestContext,
  endpoint: Endpoint,
  problems: readonly string[],
  validation: FieldValidation,
): void {
  if (problems.length === 0 || validation === 'Ignore') return;
  if (validation === 'Warn') return void context.warnings.push(...problems);
  const { kind } = endpoint.kind.definition;
  const list = problems.join(', ');
  throw badRequest(
    `${kind} in version "${endpoint.version}" cannot be handled as a ${kind}: strict decoding error: ${list}`,
  );
}

/** Defaults of the served version, conversion, defaults of the stored one. Mutates the draft. */
export function toStorage(draft: JsonObject & Unstructured, endpoint: Endpoint): Unstructured {
  const { served, kind } = endpoint;
  served.defaults?.(draft);
  served.convert?.toStorage(draft);
  draft.apiVersion = kind.storageApiVersion;
  kind.definition.defaults?.(draft);
  return draft;
}

/** The namespace of the path goes into the draft; another one in the body is refused. */
export function settleNamespace(context: RequestContext, endpoint: Endpoint, draft: Unstructured): void {
  const { metadata } = draft;
  if (!endpoint.namespaced) {
    // Upstream's EnsureObjectNamespaceMatchesRequestNamespace drops it for cluster-scoped kinds.
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== context.info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = context.info.namespace;
}
