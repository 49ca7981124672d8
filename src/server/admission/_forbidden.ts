// How plug-ins refuse. Upstream: NewForbidden in apiserver/pkg/admission/errors.go.
import { type StatusError, forbidden } from '../../api/status.ts';
import type { AdmissionRequest } from './types.ts';

/** `pods "web-" is forbidden: <why>`: before a name is generated, what it is generated from stands for it. */
export function newForbidden(request: AdmissionRequest, why: string): StatusError {
  const { resource, object } = request;
  const name = request.name || object?.metadata.name || object?.metadata.generateName || 'Unknown';
  return forbidden({ group: resource.group, plural: resource.resource }, name, why);
}
