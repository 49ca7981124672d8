// PUT of an object or of its status. Upstream: handlers/update.go.
import { OPTIMISTIC_LOCK_MESSAGE, badRequest, conflict, notFound } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson } from '../cache/encoding.ts';
import { negotiateFor } from '../content/negotiate.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { writtenResponse } from './answer.ts';
import { createInstead } from './create.ts';
import { decodeObject, settleNamespace } from './decode-object.ts';
import { trackUpdate } from './managed-fields.ts';
import { modifyExisting } from './modify.ts';
import { writeOptions } from './options.ts';
import { dedupOwners } from './owner-references.ts';
import { failedPrecondition } from './preconditions.ts';

export async function update(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = writeOptions(context, 'UpdateOptions');
  const { name, subresource } = context.info;
  const sent = await decodeObject(context, endpoint, options.fieldValidation);
  settleNamespace(context, endpoint, sent);
  checkName(sent, name);
  dedupOwners(context, sent, 'as sent');
  let first = true;
  const written = await modifyExisting(context, endpoint, name, {
    subresource,
    dryRun: options.dryRun,
    options: { ...options },
    change: (old) => {
      const draft = first ? sent : cloneJson(sent);
      first = false;
      checkPreconditions(endpoint, draft, old);
      return draft;
    },
    track: (draft, old) => trackUpdate(context, endpoint, draft, old, options, subresource),
  });
  if (written) return writtenResponse(context, 200, endpoint, written, negotiated);
  checkUid(endpoint, endpoint.namespaced ? context.info.namespace : undefined, name, sent.metadata.uid, {});
  if (subresource !== '' || !endpoint.definition.createOnUpdate) throw notFound(endpoint.qualified, name);
  delete sent.metadata.resourceVersion;
  return writtenResponse(context, 201, endpoint, await createInstead(context, endpoint, sent, options), negotiated);
}

export function checkName(draft: Unstructured, name: string): void {
  const { metadata } = draft;
  if (!metadata.name) {
    if (metadata.name === undefined || metadata.name === '') throw badRequest('name must be provided');
  } else if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
}

function checkUid(
  { qualified, kind }: Endpoint,
  namespace: string | undefined,
  name: string,
  uid: string | undefined,
  metadata: { uid?: string },
): void {
  if (!uid) return;
  const failed = failedPrecondition({ resource: qualified, custom: kind.custom, namespace, name, metadata }, { uid });
  if (failed) throw failed;
}

/** The uid and resourceVersion that the client saw. */
export function checkPreconditions(endpoint: Endpoint, draft: Unstructured, old: Unstructured): void {
  checkUid(endpoint, old.metadata.namespace, old.metadata.name ?? '', draft.metadata.uid, old.metadata);
  checkVersion(endpoint, draft, old);
}

/** The resourceVersion alone: to a patch, another uid is a field that may not change. Upstream: defaultUpdatedObjectInfo. */
export function checkVersion(endpoint: Endpoint, { metadata }: Unstructured, old: Unstructured): void {
  const name = old.metadata.name ?? '';
  if (metadata.resourceVersion) {
    if (metadata.resourceVersion !== old.metadata.resourceVersion && metadata.resourceVersion !== '0') {
      throw conflict(endpoint.qualified, name, OPTIMISTIC_LOCK_MESSAGE);
    }
  } else if (endpoint.definition.unconditionalUpdate === false || endpoint.kind.custom) {
    const errors = new FieldErrors();
    errors.invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    throw invalid({ group: endpoint.group, kind: endpoint.definition.kind }, name, errors);
  }
}
