// Gives every pod a service account and, unless it was declined, that account's token, the cluster's CA and the
// namespace in a projected volume. Upstream: plugin/pkg/admission/serviceaccount/admission.go.
import type { Container, Pod, ServiceAccount, Volume } from 'kubernetes-types/core/v1.js';
import { MIRROR_ANNOTATION, referencesOf } from '../../api/pod-references.ts';
import { ServiceAccounts } from '../../api/resources.ts';
import { newForbidden } from './_forbidden.ts';
import { secretThatMayNotBeUsed } from './_mountable-secrets.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** Accounts with it say which secrets their pods may use. */
const ENFORCE_ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';
/** Upstream: an hour and seven seconds, so that it can be told from what users ask for. */
const TOKEN_EXPIRATION_SECONDS = 60 * 60 + 7;
/** The default account of a namespace that was just made may be a moment away. */
const ATTEMPTS = 10;
const ATTEMPT_DELAY_MS = 100;

const isPod = ({ resource }: AdmissionRequest): boolean => resource.group === '' && resource.resource === 'pods';

export default defineAdmission({
  name: 'ServiceAccount',
  phase: 'mutating',
  handles: (request) =>
    isPod(request) &&
    ((request.operation === 'CREATE' && request.subresource === '') ||
      (request.operation === 'UPDATE' && request.subresource === 'ephemeralcontainers')),
  async admit(request, context) {
    const pod = request.object as unknown as Pod;
    const spec = pod.spec;
    if (!spec || request.operation !== 'CREATE') return;
    if (isMirror(pod)) {
      refuseMirrorReferences(request, pod);
      return;
    }
    spec.serviceAccountName ||= 'default';
    spec.serviceAccount = spec.serviceAccountName;
    const account = await find(request, context, spec.serviceAccountName);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ ...reference }));
    }
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod);
    refuseSecrets(request, pod, account);
  },
  /** Once more, for what other plug-ins and webhooks made of it. */
  async validate(request, context) {
    const pod = request.object as unknown as Pod;
    if (isMirror(pod)) {
      if (request.operation === 'CREATE') refuseMirrorReferences(request, pod);
      return;
    }
    const name = pod.spec?.serviceAccountName;
    if (!name) {
      throw newForbidden(request, `no service account specified for pod ${request.namespace}/${pod.metadata?.name}`);
    }
    refuseSecrets(request, pod, await find(request, context, name));
  },
});

const isMirror = (pod: Pod): boolean => pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;

function refuseMirrorReferences(request: AdmissionRequest, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw newForbidden(request, 'a mirror pod may not reference service accounts');
  if ([...referencesOf(pod)].some((reference) => reference.startsWith('secret/'))) {
    throw newForbidden(request, 'a mirror pod may not reference secrets');
  }
  const projectsToken = pod.spec?.volumes?.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken));
  if (projectsToken) throw newForbidden(request, 'a mirror pod may not use ServiceAccountToken volume projections');
}

/** As Go's strconv.ParseBool. */
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

function refuseSecrets(request: AdmissionRequest, pod: Pod, account: ServiceAccount): void {
  if (!TRUE.has(account.metadata?.annotations?.[ENFORCE_ANNOTATION] ?? '')) return;
  const why = secretThatMayNotBeUsed(pod, account, request.subresource === 'ephemeralcontainers');
  if (why) throw newForbidden(request, why);
}

async function find(request: AdmissionRequest, context: AdmissionContext, name: string): Promise<ServiceAccount> {
  const attempts = name === 'default' ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    const account =
      context.lister.get(ServiceAccounts, request.namespace, name) ??
      (await context.live(ServiceAccounts, request.namespace, name));
    if (account) return account;
    if (attempt >= attempts) break;
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_DELAY_MS));
  }
  throw newForbidden(
    request,
    `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

function mountToken(pod: Pod): void {
  const spec = pod.spec!;
  const known = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = known?.name ?? VOLUME_PREFIX + randomSuffix();
  let mounted = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((m) => m.mountPath === MOUNT_PATH)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
    mounted = true;
  };
  spec.initContainers?.forEach(mount);
  spec.containers?.forEach(mount);
  if (mounted && !known) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}

/** Five characters of upstream's alphabet for generated names, which spells nothing (util/rand). */
function randomSuffix(): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from({ length: 5 }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('');
}
