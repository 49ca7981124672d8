// Keeps new objects out of namespaces that do not exist or are on their way out, and the first namespaces in being.
// It is asked first, so that nobody waits for, or complains of, what a missing namespace lacks.
// Upstream: apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go.
import { Namespaces } from '../../api/resources.ts';
import { StatusError, forbidden, notFound } from '../../api/status.ts';
import { newForbidden } from './_forbidden.ts';
import { type AdmissionRequest, defineAdmission } from './types.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

export default defineAdmission({
  name: 'NamespaceLifecycle',
  phase: 'early',
  // A request about a namespace itself carries its name as the namespace.
  handles: (request) =>
    isNamespace(request)
      ? request.operation === 'DELETE'
      : request.operation === 'CREATE' && request.namespace !== '' && request.kind.group !== 'authorization.k8s.io',
  async admit(request, context) {
    if (request.operation === 'DELETE') {
      if (!IMMORTAL.has(request.name)) return;
      throw forbidden({ group: '', plural: 'namespaces' }, request.name, 'this namespace may not be deleted');
    }
    const namespace =
      context.lister.get(Namespaces, undefined, request.namespace) ??
      (await context.live(Namespaces, undefined, request.namespace));
    if (!namespace) throw notFound(Namespaces, request.namespace);
    if (namespace.status?.phase === 'Terminating' || namespace.metadata?.deletionTimestamp) throw terminating(request);
  },
});

const isNamespace = (request: AdmissionRequest): boolean =>
  request.resource.group === '' && request.resource.resource === 'namespaces' && request.subresource === '';

function terminating(request: AdmissionRequest): StatusError {
  const { namespace } = request;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = newForbidden(request, why);
  return new StatusError('Forbidden', error.message, {
    ...error.status.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
