// The tokens that a node asks for are those of pods bound to it, for the audiences that those pods name, or that roles let
// it ask for. Upstream: admitServiceAccount, validateNodeServiceAccountAudience and podReferencesAudience in
// plugin/pkg/admission/noderestriction/admission.go.
import type { TokenRequest } from 'kubernetes-types/authentication/v1.js';
import type { PersistentVolumeSpec, Pod, Volume } from 'kubernetes-types/core/v1.js';
import type { CSIDriver } from 'kubernetes-types/storage/v1.js';
import { PersistentVolumeClaims, PersistentVolumes, Pods } from '../../api/resources.ts';
import { notFound } from '../../api/status.ts';
import type { ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import type { AdmissionContext, AdmissionRequest } from './types.ts';

const CsiDrivers: ResourceType<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'csidrivers',
  kind: 'CSIDriver',
  namespaced: false,
};
/** What a role allows that lets nodes ask for more: resources are audiences, names are service accounts. */
const VERB = 'request-serviceaccounts-token-audience';

export async function checkToken(node: string, request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { spec } = request.object as unknown as TokenRequest;
  const bound = spec?.boundObjectRef;
  if (!bound || bound.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) {
    throw newForbidden(request, 'node requested token not bound to a pod');
  }
  if (!bound.uid) throw newForbidden(request, 'node requested token with a pod binding without a uid');
  const pod =
    context.lister.get(Pods, request.namespace, bound.name) ??
    (await context.live(Pods, request.namespace, bound.name));
  if (!pod) throw notFound(Pods, bound.name);
  if (pod.metadata?.uid !== bound.uid) {
    const recreated = 'does not match the UID in record. The object might have been deleted and then recreated';
    throw newForbidden(request, `the UID in the bound object reference (${bound.uid}) ${recreated}`);
  }
  if (pod.spec?.nodeName !== node) {
    throw newForbidden(request, 'node requested token bound to a pod scheduled on a different node');
  }
  await checkAudience(spec?.audiences ?? [], pod, request, context);
}

async function checkAudience(
  audiences: readonly string[],
  pod: Pod,
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<void> {
  if (audiences.length > 1) throw newForbidden(request, 'node may only request 0 or 1 audiences');
  // Nothing is the API server's own, as in a volume of tokens.
  const [audience = ''] = audiences;
  const problems: string[] = [];
  if (pod.spec?.volumes?.some((volume) => namesAudience(volume, audience, pod, context, problems))) return;
  const quoted = JSON.stringify(audience);
  if (problems.length > 0) {
    const [first] = problems;
    const why = problems.length > 1 ? `[${problems.join(', ')}]` : first;
    throw newForbidden(request, `error validating audience ${quoted}: ${why}`);
  }
  const { user, namespace, name } = request;
  const asked = { user, verb: VERB, group: '', version: '', resource: audience, namespace, name };
  if ((await context.authorizer.authorize(asked)).allowed) return;
  const why = `${user.name} is not authorized to request tokens for this audience`;
  throw newForbidden(request, `audience ${quoted} not found in pod spec volume, ${why}`);
}

/** By a projected token, or by a driver that asks for tokens of the pods whose volumes it mounts. */
function namesAudience(
  volume: Volume,
  audience: string,
  pod: Pod,
  context: AdmissionContext,
  problems: string[],
): boolean {
  const projected = volume.projected?.sources?.some(
    ({ serviceAccountToken }) => serviceAccountToken && (serviceAccountToken.audience ?? '') === audience,
  );
  if (projected) return true;
  const driver = driverOf(volume, pod, context, problems);
  if (driver === undefined) return false;
  const stored = context.lister.get(CsiDrivers, undefined, driver);
  if (!stored) problems.push(`csidriver.storage.k8s.io ${JSON.stringify(driver)} not found`);
  return stored?.spec.tokenRequests?.some((request) => request.audience === audience) ?? false;
}

function driverOf(volume: Volume, pod: Pod, { lister }: AdmissionContext, problems: string[]): string | undefined {
  const own = volume.csi?.driver ?? migratedDriver(volume as PersistentVolumeSpec);
  if (own !== undefined) return own;
  const generated = volume.ephemeral ? `${pod.metadata?.name}-${volume.name}` : undefined;
  const claimName = volume.persistentVolumeClaim?.claimName ?? generated;
  if (claimName === undefined) return undefined;
  const claim = lister.get(PersistentVolumeClaims, pod.metadata?.namespace, claimName);
  if (!claim) problems.push(`persistentvolumeclaim ${JSON.stringify(claimName)} not found`);
  const volumeName = claim?.spec?.volumeName;
  if (!volumeName) return undefined;
  const bound = lister.get(PersistentVolumes, undefined, volumeName);
  if (!bound) problems.push(`persistentvolume ${JSON.stringify(volumeName)} not found`);
  return bound?.spec && (bound.spec.csi?.driver ?? migratedDriver(bound.spec));
}

/** Which driver took over a kind of volume. Upstream: csi-translation-lib/plugins. */
const MIGRATED: Partial<Record<keyof PersistentVolumeSpec, string>> = {
  awsElasticBlockStore: 'ebs.csi.aws.com',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  cinder: 'cinder.csi.openstack.org',
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  portworxVolume: 'pxd.portworx.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
};

function migratedDriver(source: PersistentVolumeSpec): string | undefined {
  for (const kind in MIGRATED) if (source[kind as keyof PersistentVolumeSpec]) return MIGRATED[kind as 'azureFile'];
  return undefined;
}
