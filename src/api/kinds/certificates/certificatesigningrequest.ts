// CertificateSigningRequest. Upstream: pkg/registry/certificates/certificates/strategy.go, pkg/apis/certificates/
// validation. Who asks (spec.username, groups …) is filled in by the API server's hook.
import type { CertificateSigningRequest as Csr } from 'kubernetes-types/certificates/v1.js';
import { requestedNames } from '../../certificate-request.ts';
import { humanDuration } from '../../duration.ts';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { differences, semanticEqual } from '../../equal.ts';
import { ageColumn, column } from '../shared/columns.ts';
import { type RequestCondition, keepVerdicts, stampConditions } from '../shared/request-conditions.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';

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

/** The first part between dots that is wrong says what is. */
function partsOf(errors: FieldErrors, field: string, text: string, rule: (part: string) => readonly string[]): void {
  for (const part of text.split('.')) {
    const wrong = rule(part);
    for (const why of wrong) errors.invalid(field, text, `validating label ${JSON.stringify(part)}: ${why}`);
    if (wrong.length) return;
  }
}

/** `domain/path`, upstream: ValidateSignerName. */
function signerName(errors: FieldErrors, field: string, name: string | undefined): void {
  if (!name) return errors.required(field);
  const parts = name.split('/');
  if (parts.length !== 2) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return errors.invalid(field, name, why);
  }
  const [domain, path] = parts as [string, string];
  if (domain.length > 253) errors.tooLong(field, 253);
  partsOf(errors, field, domain, dns1123LabelErrors);
  if (!domain.includes('.')) {
    errors.invalid(field, domain, 'should be a domain with at least two segments separated by dots');
  }
  partsOf(errors, field, path, dns1123SubdomainErrors);
  if (name.length > 571) errors.tooLong(field, 571);
}

/** What an old request has wrong may stay wrong. */
function usages(errors: FieldErrors, list: readonly string[] = [], old: readonly string[] = []): void {
  if (!list.length) errors.required('spec.usages');
  if (old.every((usage) => USAGES.includes(usage))) {
    list.forEach((usage, i) => {
      if (!USAGES.includes(usage)) errors.notSupported(`spec.usages[${i}]`, usage, USAGES);
    });
  }
  if (new Set(old).size !== old.length) return;
  list.forEach((usage, i) => {
    if (list.indexOf(usage) < i) errors.duplicate(`spec.usages[${i}]`, usage);
  });
}

type Condition = NonNullable<NonNullable<Csr['status']>['conditions']>[number];
const conditionsOf = (csr: Csr | undefined): readonly Condition[] => csr?.status?.conditions ?? [];
const ofType = (csr: Csr | undefined, type: string): readonly Condition[] =>
  conditionsOf(csr).filter((c) => c.type === type);
const FINAL = ['Approved', 'Denied', 'Failed'];

function conditions(csr: Csr, old: Csr | undefined, errors: FieldErrors): void {
  const before = conditionsOf(old);
  const unique = new Set(before.map((c) => c.type)).size === before.length;
  const named = before.every((c) => c.type);
  const exclusive = !(ofType(old, 'Approved').length && ofType(old, 'Denied').length);
  const seen = new Set<string>();
  conditionsOf(csr).forEach(({ type = '', status: value }, i) => {
    const path = `status.conditions[${i}]`;
    if (named && !type) errors.required(`${path}.type`);
    const allowed = FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!value) errors.required(`${path}.status`);
    else if (!allowed.includes(value)) errors.notSupported(`${path}.status`, value, allowed);
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : '';
    if (exclusive && other && seen.has(other)) {
      errors.invalid(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive');
    }
    if (unique && seen.has(type)) errors.duplicate(`${path}.type`, type);
    seen.add(type);
  });
}

const BLOCK = /-----BEGIN ([^-]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** PEM blocks of certificates and nothing else. Upstream: validateCertificate, which parses them as well. */
function certificateProblem(data: string): string | undefined {
  if (!data) return undefined;
  const blocks = [...Buffer.from(data, 'base64').toString('latin1').matchAll(BLOCK)];
  for (const [, type, body] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body!.includes(':')) return 'no PEM block headers are permitted';
  }
  return blocks.length ? undefined : 'must contain at least one CERTIFICATE PEM block';
}
const certificateOf = (csr: Csr): string => (csr.status?.certificate as string | undefined) ?? '';

const BAD_REQUEST = 'PEM block type must be CERTIFICATE REQUEST';
const TOO_SHORT = 'may not specify a duration less than 600 seconds (10 minutes)';

/** Upstream: validateCertificateSigningRequest. */
function validate(csr: Csr, old: Csr | undefined, errors: FieldErrors): void {
  const { spec } = csr;
  const request = spec?.request as string | undefined;
  if (!PEM.test(Buffer.from(request ?? '', 'base64').toString('utf8'))) {
    errors.invalid('spec.request', request ?? '', BAD_REQUEST);
  }
  usages(errors, spec?.usages, old?.spec?.usages);
  signerName(errors, 'spec.signerName', spec?.signerName);
  const seconds = spec?.expirationSeconds;
  if (seconds != null && seconds < 600) errors.invalid('spec.expirationSeconds', seconds, TOO_SHORT);
  conditions(csr, old, errors);
  const tolerated = old && (certificateOf(csr) === certificateOf(old) || certificateProblem(certificateOf(old)));
  const problem = tolerated ? undefined : certificateProblem(certificateOf(csr));
  if (problem) errors.invalid('status.certificate', '<certificate data>', problem);
}

/** Upstream: validateCertificateSigningRequestUpdate; `may`: what this endpoint is for. */
function changes(csr: Csr, old: Csr, errors: FieldErrors, may: { approve: boolean; certify: boolean }): void {
  validate(csr, old, errors);
  for (const type of FINAL) {
    if (ofType(csr, type).length < ofType(old, type).length) {
      errors.forbidden('status.conditions', `updates may not remove a condition of type "${type}"`);
    }
  }
  for (const type of may.approve ? [] : ['Approved', 'Denied']) {
    const [now, was] = [ofType(csr, type), ofType(old, type)];
    if (now.length > was.length) {
      errors.forbidden('status.conditions', `updates may not add a condition of type "${type}"`);
    } else if (now.length === was.length && !semanticEqual(now, was)) {
      const diff = differences(was, now).join('\n');
      errors.forbidden('status.conditions', `updates may not modify a condition of type "${type}"\n${diff}`);
    }
  }
  const [certificate, before] = [certificateOf(csr), certificateOf(old)];
  if (certificate === before) return;
  if (!may.certify) errors.forbidden('status.certificate', 'updates may not set certificate content');
  else if (before) errors.forbidden('status.certificate', 'updates may not modify existing certificate content');
}

/** Upstream: extractCSRStatus. */
function state({ status }: Csr): string {
  const has = (type: string) => status?.conditions?.some((c) => c.type === type) ?? false;
  const parts = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) parts.push('Failed');
  if (status?.certificate) parts.push('Issued');
  return parts.join(',');
}

const SERVING_NAMES = [2, 7];
const sameSet = (have: readonly string[], ...wanted: string[]): boolean =>
  new Set(have).size === wanted.length && wanted.every((w) => have.includes(w));

/** Upstream: DefaultSignerNameFromSpec; a kubelet's request names a node, and a serving one its addresses. */
function signerOf({ request, usages = [] }: Partial<Csr['spec']>): string {
  const names = requestedNames(Buffer.from((request as string | undefined) ?? '', 'base64').toString());
  if (!names || !sameSet(names.organizations, 'system:nodes') || !names.commonName.startsWith('system:node:')) {
    return LEGACY_SIGNER;
  }
  const meant = (use: string): boolean =>
    sameSet(usages, 'digital signature', use) || sameSet(usages, 'digital signature', 'key encipherment', use);
  if (meant('client auth') && !names.altNames.length) return 'kubernetes.io/kube-apiserver-client-kubelet';
  const serving = names.altNames.length > 0 && names.altNames.every((tag) => SERVING_NAMES.includes(tag));
  return meant('server auth') && serving ? 'kubernetes.io/kubelet-serving' : LEGACY_SIGNER;
}

/** Upstream: certificates/v1beta1/defaults.go: signer, usages and the status of conditions may be absent. */
function defaultsOfBeta1(draft: Unstructured): void {
  const { spec, status } = draft as { spec?: Partial<Csr['spec']>; status?: { conditions?: Partial<Condition>[] } };
  for (const condition of status?.conditions ?? []) condition.status ||= 'True';
  if (!spec) return;
  spec.usages ??= ['digital signature', 'key encipherment'];
  spec.signerName ??= signerOf(spec);
}

/** Version 1 takes no request for it; those that there are may be written. */
function refuseLegacySigner(draft: Unstructured, old: Unstructured | undefined, errors: FieldErrors): void {
  const of = (object: Unstructured | undefined) => (object?.['spec'] as Partial<Csr['spec']> | undefined)?.signerName;
  if (of(draft) !== LEGACY_SIGNER || of(old) === LEGACY_SIGNER) return;
  errors.invalid('spec.signerName', LEGACY_SIGNER, 'the legacy signerName is not allowed via this API version');
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
    { group, version: 'v1', validate: refuseLegacySigner },
    {
      group,
      version: 'v1beta1',
      defaults: defaultsOfBeta1,
      deprecated: deprecated({ group, version: 'v1beta1' }, 'CertificateSigningRequest', '1.19', '1.22', replacement),
    },
  ],
  // Whoever makes one gives it its spec, and nobody changes it.
  resets: ['spec', 'status'],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'], resets: ['spec', 'status.conditions'] },
    approval: { verbs: ['get', 'patch', 'update'], resets: ['spec', 'status.certificate'] },
  },
  nameRule: 'path',
  generation: false,
  prepareCreate(draft) {
    (draft as { status?: object }).status = {};
  },
  prepareStatus(draft, old, now) {
    const { status: s } = draft as { status?: { conditions?: RequestCondition[] } };
    const before = old.status?.conditions as RequestCondition[] | undefined;
    keepVerdicts(s?.conditions, before);
    if (s?.conditions) s.conditions = stampConditions(s.conditions, before, now)!;
  },
  prepareUpdate(draft, old) {
    // The request itself never changes.
    draft.spec = structuredClone(old.spec);
  },
  validateCreate: (csr, errors) => validate(csr, undefined, errors),
  validateUpdate: (csr, old, errors) => changes(csr, old, errors, { approve: false, certify: false }),
  validateSubresource: { approval: (csr, old, errors) => changes(csr, old, errors, { approve: true, certify: false }) },
  validateStatus: (csr, old, errors) => changes(csr, old, errors, { approve: false, certify: true }),
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
