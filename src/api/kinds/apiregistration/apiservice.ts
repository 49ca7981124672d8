// APIService: a group and version that another server answers. Upstream: kube-aggregator/pkg/registry/apiservice.
import { ageOf } from '../../duration.ts';
import { defineKind } from '../../kind.ts';
import type { KubeObject } from '../../types.ts';
import { column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsLabel, dnsSubdomain } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

const group = 'apiregistration.k8s.io';

export interface ApiService extends KubeObject {
  spec?: {
    group?: string;
    version?: string;
    service?: { name?: string; namespace?: string; port?: number };
    groupPriorityMinimum?: number;
    versionPriority?: number;
    insecureSkipTLSVerify?: boolean;
    caBundle?: string;
  };
  status?: { conditions?: { type: string; status: string; reason?: string }[] };
}

function available({ status: s }: ApiService): string {
  const condition = s?.conditions?.find((c) => c.type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

export default defineKind<ApiService>({
  group,
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'APIService',
        '1.19',
        '1.22',
        'apiregistration.k8s.io/v1 APIService',
      ),
    },
  ],
  subresources: { status },
  nameRule: 'path',
  generation: false,
  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  validate({ spec, metadata }, errors) {
    const expected = `${spec?.version ?? ''}.${spec?.group ?? ''}`;
    if (metadata?.name !== expected) {
      errors.invalid('metadata.name', metadata?.name ?? '', `must be \`spec.version+"."+spec.group\`: "${expected}"`);
    }
    if (!spec?.group && spec?.version !== 'v1') {
      errors.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
    } else if (spec?.group) dnsSubdomain(errors, 'spec.group', spec.group);
    if (!spec?.version) errors.required('spec.version');
    else dnsLabel(errors, 'spec.version', spec.version);
    const [groupPriority, versionPriority] = [spec?.groupPriorityMinimum ?? 0, spec?.versionPriority ?? 0];
    if (groupPriority <= 0 || groupPriority > 20000) {
      errors.invalid('spec.groupPriorityMinimum', groupPriority, 'must be positive and less than 20000');
    }
    if (versionPriority <= 0 || versionPriority > 1000) {
      errors.invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000');
    }
    if (spec?.service && !spec.service.namespace) errors.required('spec.service.namespace');
    if (spec?.service && !spec.service.name) errors.required('spec.service.name');
    if (spec?.insecureSkipTLSVerify && spec.caBundle) {
      errors.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
    }
  },
  columns: [
    column('Service', 'string', 'The reference to the service that hosts this API endpoint.', (a) =>
      a.spec?.service ? `${a.spec.service.namespace}/${a.spec.service.name}` : 'Local',
    ),
    column('Available', 'string', 'Whether this service is available.', available),
    column('Age', 'string', texts['ObjectMeta.creationTimestamp']!, (a, nowMs) =>
      ageOf(a.metadata?.creationTimestamp, nowMs),
    ),
  ],
});
