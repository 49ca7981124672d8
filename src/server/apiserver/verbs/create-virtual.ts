// POST of a kind that is not stored: reviews, and the old way to bind a pod. It is decoded and admitted as any object, and
// then its hook answers. Upstream: the storages that are only a rest.Creater (pkg/registry/authorization, authentication).
import { badRequest } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import { negotiatePlain } from '../content/negotiate.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { VirtualContext } from '../types.ts';
import { writtenResponse } from './answer.ts';
import { noExtras, wouldBe } from './commit.ts';
import { admissionOf } from './create.ts';
import { decodeObject, settleNamespace } from './decode-object.ts';
import { hookContext } from './hook-context.ts';
import { writeOptions } from './options.ts';
import { subresourceContext } from './subresource-context.ts';

export async function createVirtual(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiatePlain(context.request.headers['accept']);
  const options = writeOptions(context, 'CreateOptions');
  if (endpoint.namespaced && context.info.namespace === '') {
    throw badRequest('an empty namespace may not be set during creation');
  }
  const draft = await decodeObject(context, endpoint, options.fieldValidation);
  settleNamespace(context, endpoint, draft);
  const admission = admissionOf(context, endpoint, draft, options);
  await admission.mutate();
  await admission.validate();
  const answer = await endpoint.kind.hooks!.create!(draft, virtualContext(context, endpoint, options.dryRun));
  return writtenResponse(context, 201, endpoint, wouldBe(answer), negotiated);
}

function virtualContext(context: RequestContext, { group, version }: Endpoint, dryRun: boolean): VirtualContext {
  return {
    ...hookContext(context, '', dryRun, noExtras()),
    subresourceOf(plural, name, subresource, body) {
      const parent = context.server.registry.find(group, version, plural)!;
      const info = { ...context.info, resource: plural, name, subresource };
      return subresourceContext({ ...context, info }, parent, body);
    },
  };
}
