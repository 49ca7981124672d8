// What becomes of a claim: it finds a volume, waits for one to be made, or has lost the one that it had.
// Upstream: syncClaim, syncUnboundClaim, syncBoundClaim, provisionClaim in pv_controller.go.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { Pods, StorageClasses } from '../../../api/resources.ts';
import { objectKey } from '../../../api/types.ts';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  classNameOf,
  findVolume,
  isBoundTo,
  mismatch,
  namesNoClass,
} from '../../../api/volumes.ts';
import { type Binder, BY_CANDIDATE } from './binding.ts';

/** Pods by the claims that they use. Shared with the protection of claims. */
export const PODS_BY_CLAIM = 'claim';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

const has = (object: PersistentVolumeClaim, annotation: string): boolean =>
  object.metadata?.annotations?.[annotation] !== undefined;

export async function syncClaim(binder: Binder, claim: PersistentVolumeClaim): Promise<void> {
  if (has(claim, BIND_COMPLETED)) await syncBound(binder, claim);
  else if (claim.spec?.volumeName) await syncNamed(binder, claim, claim.spec.volumeName);
  else await syncUnbound(binder, claim);
}

/** Bound before: its volume is there and agrees, or the claim is lost. */
async function syncBound(binder: Binder, claim: PersistentVolumeClaim): Promise<void> {
  const name = claim.spec?.volumeName;
  const volume = name ? binder.volumes.get(name) : undefined;
  const lose = async (reason: string, message: string): Promise<void> => {
    if (await binder.setClaimStatus(claim, 'Lost')) binder.tellClaim(claim, 'Warning', reason, message);
  };
  if (!name) {
    return lose('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  if (!volume) return lose('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const ref = volume.spec?.claimRef;
  if (!ref || ref.uid === claim.metadata?.uid) return binder.bind(volume, claim);
  return lose('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** The user, or the scheduler's binding, asks for this volume. */
async function syncNamed(binder: Binder, claim: PersistentVolumeClaim, name: string): Promise<void> {
  const volume = binder.volumes.get(name);
  if (!volume) return void (await binder.setClaimStatus(claim, 'Pending'));
  if (!volume.spec?.claimRef) {
    const why = mismatch(volume, claim);
    if (why === undefined) return binder.bind(volume, claim);
    binder.tellClaim(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${quote(name)}: ${why}`);
    return void (await binder.setClaimStatus(claim, 'Pending'));
  }
  if (isBoundTo(volume, claim)) return binder.bind(volume, claim);
  if (has(claim, BOUND_BY_CONTROLLER)) {
    const ref = volume.spec.claimRef;
    throw new Error(
      `invalid binding of claim ${quote(objectKey(claim))} to volume ${quote(name)}: ` +
        `volume already claimed by "${ref.namespace}/${ref.name}"`,
    );
  }
  const message = `volume ${quote(name)} already bound to a different claim.`;
  binder.tellClaim(claim, 'Warning', 'FailedBinding', message);
  await binder.setClaimStatus(claim, 'Pending');
}

/** Volumes of the claim's class, and those that are reserved for it whatever their class. */
function* candidates(binder: Binder, claim: PersistentVolumeClaim): Iterable<PersistentVolume> {
  yield* binder.volumes.byIndex(BY_CANDIDATE, `claim/${objectKey(claim)}`);
  yield* binder.volumes.byIndex(BY_CANDIDATE, `class/${classNameOf(claim)}`);
}

async function syncUnbound(binder: Binder, claim: PersistentVolumeClaim): Promise<void> {
  if (claim.metadata?.deletionTimestamp) return;
  const className = classNameOf(claim);
  const delayed = binder.storageClass(className)?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = findVolume(claim, candidates(binder, claim), { delayed });
  if (volume) return binder.bind(volume, claim);
  if (namesNoClass(claim)) {
    const later = defaultClassName(binder);
    // A default class has come since the claim was made.
    if (later !== undefined) {
      await binder.writeClaim({ ...claim, spec: { ...claim.spec, storageClassName: later } });
      return;
    }
  }
  if (delayed && !has(claim, SELECTED_NODE)) tellWaiting(binder, claim);
  else if (className !== '') return provision(binder, claim, className);
  else {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    binder.tellClaim(claim, 'Normal', 'FailedBinding', message);
  }
  await binder.setClaimStatus(claim, 'Pending');
}

/** Upstream: assignDefaultStorageClass. */
function defaultClassName(binder: Binder): string | undefined {
  const classes = binder.environment.informers.for(StorageClasses).lister.list();
  const marked = classes.filter((c) => IS_DEFAULT.some((a) => c.metadata?.annotations?.[a] === 'true'));
  const created = (c: (typeof classes)[number]): number => Date.parse(c.metadata?.creationTimestamp ?? '') || 0;
  return marked.sort((a, b) => created(b) - created(a) || (a.metadata!.name! < b.metadata!.name! ? -1 : 1))[0]?.metadata
    ?.name;
}

/** Upstream: emitEventForUnboundDelayBindingClaim. */
function tellWaiting(binder: Binder, claim: PersistentVolumeClaim): void {
  const users = binder.environment.informers.for(Pods).lister.byIndex(PODS_BY_CLAIM, objectKey(claim));
  const names = users.filter(isUnscheduled).map((pod) => pod.metadata?.name ?? '');
  if (names.length === 0) {
    const message = 'waiting for first consumer to be created before binding';
    return binder.tellClaim(claim, 'Normal', 'WaitForFirstConsumer', message);
  }
  const what = names.length === 1 ? `pod ${names[0]}` : `pods ${names.sort().join(',')}`;
  binder.tellClaim(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${what} to be scheduled`);
}

const isUnscheduled = ({ spec, status }: Pod): boolean =>
  !spec?.nodeName && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** Says on the claim who is to make its volume, which is a provisioner of its own: ours for host paths or another's. */
async function provision(binder: Binder, claim: PersistentVolumeClaim, className: string): Promise<void> {
  const fail = async (why: string): Promise<void> => {
    binder.tellClaim(claim, 'Warning', 'ProvisioningFailed', why);
    await binder.setClaimStatus(claim, 'Pending');
  };
  const provisioner = binder.storageClass(className)?.provisioner;
  if (provisioner === undefined) return fail(`storageclass.storage.k8s.io ${quote(className)} not found`);
  if (provisioner === NO_PROVISIONER) return fail(`no volume plugin matched name: ${NO_PROVISIONER}`);
  let asked = claim;
  if (claim.metadata?.annotations?.[STORAGE_PROVISIONER] !== provisioner) {
    const own = { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner };
    const { metadata } = claim;
    const annotations = { ...metadata?.annotations, ...own };
    asked = await binder.writeClaim({ ...claim, metadata: { ...metadata, annotations } });
  }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the ` +
    'system administrator. If volume creation is delayed, please verify that the provisioner is running and ' +
    'correctly registered.';
  binder.tellClaim(asked, 'Normal', 'ExternalProvisioning', message);
  await binder.setClaimStatus(asked, 'Pending');
}

const quote = (text: string): string => JSON.stringify(text);
