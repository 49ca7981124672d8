// Service. Upstream: pkg/registry/core/service/strategy.go, printService. Addresses and ports are allocated by a hook.
import { defineKind } from '../../kind.ts';
import { formatLabels } from '../../selector.ts';
import { ageColumn, column, loadBalancerAddresses, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import {
  type Service,
  defaultFamilies,
  defaultService,
  dropTypeDependent,
  keepAllocated,
  normalizeClusterIps,
  releaseSecond,
} from '../shared/service-spec.ts';
import {
  serviceWarnings,
  validateService,
  validateServiceStatus,
  validateServiceUpdate,
} from '../shared/service-validation.ts';

/** Upstream: getServiceExternalIP. */
function externalAddress({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer': {
      const balanced = loadBalancerAddresses(status?.loadBalancer);
      return [...(balanced ? [balanced] : []), ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

const ports = ({ spec }: Service): string =>
  spec?.ports
    ?.map((p) => (p.nodePort ? `${p.port}:${p.nodePort}/${p.protocol}` : `${p.port}/${p.protocol}`))
    .join(',') || '<none>';

export default defineKind<Service>({
  group: '',
  kind: 'Service',
  plural: 'services',
  short: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  createOnUpdate: true,
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'] },
    proxy: {
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
      kind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
    },
  },
  nameRule: 'label1035',
  generation: false,
  defaults: defaultService,
  prepareCreate(draft) {
    draft.status = { loadBalancer: {} };
    const spec = draft.spec!;
    normalizeClusterIps(spec, undefined);
    defaultFamilies(spec);
  },
  prepareUpdate(draft, old) {
    const spec = draft.spec!;
    normalizeClusterIps(spec, old.spec);
    dropTypeDependent(spec, old.spec!);
    keepAllocated(spec, old.spec!);
    releaseSecond(spec, old.spec!);
    if (old.spec?.type === 'ExternalName') {
      normalizeClusterIps(spec, undefined);
      defaultFamilies(spec);
    }
  },
  validate: validateService,
  updateErrorsFirst: true,
  validateUpdate: validateServiceUpdate,
  validateStatus: validateServiceStatus,
  warnings: serviceWarnings,
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  columns: [
    column('Type', 'string', texts['ServiceSpec.type']!, (s) => s.spec?.type ?? ''),
    column('Cluster-IP', 'string', texts['ServiceSpec.clusterIP']!, (s) => s.spec?.clusterIPs?.[0] ?? '<none>'),
    column('External-IP', 'string', texts['ServiceSpec.externalIPs']!, externalAddress),
    column('Port(s)', 'string', texts['ServiceSpec.ports']!, ports),
    ageColumn,
    wide('Selector', 'string', texts['ServiceSpec.selector']!, (s) => formatLabels(s.spec?.selector)),
  ],
});
