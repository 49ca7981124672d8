// APIService: a group and version that another server answers. Upstream: kube-aggregator/pkg/registry/apiservice.
import { ageOf } from '../../duration.ts';
import { defineKind } from '../../kind.ts';
import { dns1035LabelErrors, portNumberErrors } from '../../names.ts';
import type { KubeObject } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsSubdomain, push } from '../shared/field-rules.ts';
import { KEPT_BY_STATUS, status } from '../shared/workloads.ts';

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

const STATUSES = ['True', 'False', 'Unknown'];

function validate({ spec = {}, metadata }: ApiService, errors: FieldErrors): void {
  const { group: name = '', version = '', groupPriorityMinimum: byGroup = 0, versionPriority: byVersion = 0 } = spec;
  const expected = `${version}.${name}`;
  if (metadata?.name !== expected) {
    errors.invalid('metadata.name', metadata?.name ?? '', `must be \`spec.version+"."+spec.group\`: "${expected}"`);
  }
  if (!name && version !== 'v1') {
    errors.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  } else if (name) dnsSubdomain(errors, 'spec.group', name);
  push(errors, 'spec.version', version, dns1035LabelErrors(version));
  if (byGroup <= 0 || byGroup > 20000) {
    errors.invalid('spec.groupPriorityMinimum', byGroup, 'must be positive and less than 20000');
  }
  if (byVersion <= 0 || byVersion > 1000) {
    errors.invalid('spec.versionPriority', byVersion, 'must be positive and less than 1000');
  }
  connection(errors, spec);
}

function connection(errors: FieldErrors, spec: NonNullable<ApiService['spec']>): void {
  const { service, caBundle, insecureSkipTLSVerify: insecure } = spec;
  if (!service) {
    if (caBundle) {
      const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`;
      errors.invalid('spec.caBundle', bytes, 'local APIServices may not have a caBundle');
    }
    if (insecure) {
      errors.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
    }
    return;
  }
  if (!service.namespace) errors.required('spec.service.namespace');
  if (!service.name) errors.required('spec.service.name');
  const bad = portNumberErrors(service.port ?? 443);
  if (bad.length) errors.invalid('spec.service.port', service.port, `port is not valid: ${bad.join(', ')}`);
  if (insecure && caBundle) {
    errors.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  }
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
  statusKeeps: KEPT_BY_STATUS,
  nameRule: 'path',
  generation: false,
  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },
  prepareCreate(draft) {
    draft.status = {};
  },
  unconditionalUpdate: false,
  validate,
  validateStatus({ status: s }, _old, errors) {
    s?.conditions?.forEach((c, i) => {
      if (STATUSES.includes(c.status)) return;
      errors.notSupported(`status.conditions[${i}].status`, c.status ?? '', STATUSES);
    });
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
