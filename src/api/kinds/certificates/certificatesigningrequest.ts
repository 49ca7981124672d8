// CertificateSigningRequest. Upstream: pkg/registry/certificates/certificates/strategy.go, pkg/apis/certificates/
// validation. Who asks (spec.username, groups …) is filled in by the API server's hook.
import type { CertificateSigningRequest as Csr } from 'kubernetes-types/certificates/v1.js';
import { humanDuration } from '../../duration.ts';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { semanticEqual } from '../../equal.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsSubdomain } from '../shared/field-rules.ts';

const group = 'certificates.k8s.io';
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const PEM = /^\s*-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----\s*$/;

/** `domain/path`, upstream: ValidateSignerName. */
function signerName(errors: FieldErrors, field: string, name: string | undefined): void {
  if (!name) return errors.required(field);
  const parts = name.split('/');
  if (parts.length !== 2 || !parts[0] || !parts[1]) {
    return errors.invalid(
      field,
      name,
      'must be a fully qualified domain and path of the form "example.com/signer-name"',
    );
  }
  const [domain, path] = parts as [string, string];
  dnsSubdomain(errors, field, domain);
  if (domain.split('.').length < 2) {
    errors.invalid(field, domain, 'should be a domain with at least two segments separated by dots');
  }
  if (name.length > 571) errors.tooLong(field, 571);
  for (const part of path.split('.')) for (const why of dns1123LabelErrors(part)) errors.invalid(field, path, why);
}

function usages(errors: FieldErrors, list: readonly string[] | undefined): void {
  if (!list?.length) return errors.required('spec.usages', 'usages are required');
  list.forEach((usage, i) => {
    if (!USAGES.includes(usage)) errors.notSupported(`spec.usages[${i}]`, usage, USAGES);
    else if (list.indexOf(usage) < i) errors.duplicate(`spec.usages[${i}]`, usage);
  });
}

function conditions(csr: Csr, old: Csr | undefined, errors: FieldErrors): void {
  const seen = new Set<string>();
  csr.status?.conditions?.forEach((condition, i) => {
    const path = `status.conditions[${i}]`;
    if (!condition.type) errors.required(`${path}.type`);
    else if (seen.has(condition.type)) errors.duplicate(`${path}.type`, condition.type);
    seen.add(condition.type);
    if (!condition.status) errors.required(`${path}.status`);
    else if (['Approved', 'Denied', 'Failed'].includes(condition.type) && condition.status !== 'True') {
      errors.notSupported(`${path}.status`, condition.status, ['True']);
    }
  });
  if (seen.has('Approved') && seen.has('Denied')) {
    errors.invalid('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive');
  }
  for (const before of old?.status?.conditions ?? []) {
    if (!csr.status?.conditions?.some((c) => c.type === before.type)) {
      errors.forbidden(
        'status.conditions',
        `updates may not remove a condition of type ${JSON.stringify(before.type)}`,
      );
    }
  }
}

/** Upstream: extractCSRStatus. */
function state({ status }: Csr): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type) ?? false;
  const parts = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) parts.push('Failed');
  if (status?.certificate) parts.push('Issued');
  return parts.join(',');
}

/** SetDefaults_CertificateSigningRequestSpec of v1beta1: signer and usages may be absent. */
function defaultsOfBeta1(draft: Unstructured): void {
  const spec = draft['spec'] as Partial<Csr['spec']> | undefined;
  if (!spec) return;
  spec.usages ??= ['digital signature', 'key encipherment'];
  if (spec.signerName) return;
  const has = (...all: string[]) => all.every((u) => spec.usages!.includes(u));
  spec.signerName = has('client auth')
    ? 'kubernetes.io/kube-apiserver-client-kubelet'
    : has('server auth')
      ? 'kubernetes.io/kubelet-serving'
      : LEGACY_SIGNER;
}

const replacement = 'certificates.k8s.io/v1 CertificateSigningRequest';

export default defineKind<Csr>({
  group,
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  short: ['csr'],
  scope: 'Cluster',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      defaults: defaultsOfBeta1,
      deprecated: deprecated({ group, version: 'v1beta1' }, 'CertificateSigningRequest', '1.19', '1.22', replacement),
    },
  ],
  subresources: { status: { verbs: ['get', 'patch', 'update'] }, approval: { verbs: ['get', 'patch', 'update'] } },
  nameRule: 'path',
  generation: false,
  prepareCreate(draft) {
    (draft as { status?: object }).status = {};
  },
  prepareUpdate(draft, old) {
    // The request itself never changes.
    draft.spec = structuredClone(old.spec);
  },
  validate({ spec, status }, errors) {
    const pem = Buffer.from((spec?.request as string | undefined) ?? '', 'base64').toString('utf8');
    if (!PEM.test(pem)) {
      errors.invalid('spec.request', spec?.request ?? '', 'PEM block type must be CERTIFICATE REQUEST');
    }
    usages(errors, spec?.usages);
    signerName(errors, 'spec.signerName', spec?.signerName);
    const seconds = spec?.expirationSeconds;
    if (seconds != null && seconds < 600) {
      errors.invalid(
        'spec.expirationSeconds',
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      );
    }
    conditions({ spec, status } as Csr, undefined, errors);
  },
  validateStatus(csr, old, errors) {
    conditions(csr, old, errors);
    if (old.status?.certificate && !semanticEqual(csr.status?.certificate, old.status.certificate)) {
      errors.forbidden('status.certificate', 'updates may not set certificate content');
    }
  },
  selectableFields: { 'spec.signerName': (csr) => csr.spec?.signerName ?? '' },
  columns: [
    ageColumn,
    column(
      'SignerName',
      'string',
      texts['CertificateSigningRequestSpec.signerName']!,
      (c) => c.spec?.signerName || '<none>',
    ),
    column('Requestor', 'string', texts['CertificateSigningRequestSpec.request']!, (c) => c.spec?.username ?? ''),
    column('RequestedDuration', 'string', texts['CertificateSigningRequestSpec.expirationSeconds']!, (c) =>
      c.spec?.expirationSeconds == null ? '<none>' : humanDuration(c.spec.expirationSeconds * 1000),
    ),
    column('Condition', 'string', texts['CertificateSigningRequestStatus.conditions']!, state),
  ],
});
