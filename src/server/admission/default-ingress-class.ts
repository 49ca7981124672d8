// Ingresses that name no class get the default one. Upstream: plugin/pkg/admission/network/defaultingressclass.
import type { Ingress, IngressClass } from 'kubernetes-types/networking/v1.js';
import type { ResourceType } from '../../api/types.ts';
import { defaultClass } from './_default-class.ts';
import { defineAdmission } from './types.ts';

const IngressClasses: ResourceType<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingressclasses',
  kind: 'IngressClass',
  namespaced: false,
};
const IS_DEFAULT = ['ingressclass.kubernetes.io/is-default-class'];
/** How an ingress named its class before there was a field. */
const OLD_CLASS = 'kubernetes.io/ingress.class';

export default defineAdmission({
  name: 'DefaultIngressClass',
  phase: 'mutating',
  handles: ({ operation, kind, resource, subresource }) =>
    operation === 'CREATE' &&
    resource.resource === 'ingresses' &&
    kind.group === 'networking.k8s.io' &&
    subresource === '',
  admit(request, { lister }) {
    const ingress = request.object as unknown as Ingress;
    const isNamed = ingress.metadata?.annotations?.[OLD_CLASS] !== undefined;
    if (isNamed || (ingress.spec?.ingressClassName ?? undefined) !== undefined) return;
    const found = defaultClass(lister.list(IngressClasses), IS_DEFAULT);
    if (found) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata?.name };
  },
});
