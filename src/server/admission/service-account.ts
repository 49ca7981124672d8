// Gives every pod a service account and, unless it was declined, that account's token, the cluster's CA and the
// namespace in a projected volume. Upstream: plugin/pkg/admission/serviceaccount/admission.go.
import type { Container, Pod, ServiceAccount, Volume } from 'kubernetes-types/core/v1.js';
import { Pods, ServiceAccounts } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
/** Upstream: an hour and seven seconds, so that it can be told from what users ask for. */
const TOKEN_EXPIRATION_SECONDS = 60 * 60 + 7;
/** The default account of a namespace that was just made may be a moment away. */
const ATTEMPTS = 10;
const ATTEMPT_DELAY_MS = 100;

export default defineAdmission({
  name: 'ServiceAccount',
  phase: 'mutating',
  handles: (request) =>
    request.operation === 'CREATE' &&
    request.resource.resource === 'pods' &&
    request.resource.group === '' &&
    request.subresource === '',
  async admit(request, context) {
    const pod = request.object as unknown as Pod;
    const spec = pod.spec;
    if (!spec) return;
    if (pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined) {
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
  },
});

function refuse(request: AdmissionRequest, why: string): Error {
  return forbidden(Pods, request.name || (request.object?.metadata.name ?? ''), why);
}

function refuseMirrorReferences(request: AdmissionRequest, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw refuse(request, 'a mirror pod may not reference service accounts');
  const projectsToken = pod.spec?.volumes?.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken));
  if (projectsToken) throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
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
  throw refuse(
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
